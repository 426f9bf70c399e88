"""AWS on loopback, in this process: moto's server with what localaws adds, and the stacks that are deployed to it."""

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

from botocore.exceptions import ClientError

from localaws import assets, emf, function_metrics, worker_logs
from localaws.afterwards import Afterwards
from localaws.alarms import watch
from localaws.dispatch import Dispatcher
from localaws.endpoint import serving
from localaws.entrance import entrance
from localaws.formation import calls
from localaws.gateway import Gateways
from localaws.images import Images

BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION = "30"
EVALUATED_S = 20.0
TOLD_EACH, TOLD_TOGETHER = (function_metrics.listener,), (emf.listener, worker_logs.listener)
UNCHANGED = "No updates are to be performed."


class DeployFailed(RuntimeError):
    """The stack is as it was before; the text names the resource, its type and the reason."""


@dataclass(frozen=True)
class Deployed:
    """What a deployment came to. live: the version that the alias answers with; version: the one it published."""

    stack: str
    url: str
    headers: Mapping[str, str]
    outputs: Mapping[str, str]
    live: str
    changed: bool

    @property
    def version(self) -> str:
        return self.outputs["LatestVersion"]

    @property
    def function(self) -> str:
        return self.outputs["FunctionName"]


@dataclass
class Cloud:
    """shelf: a folder for the files of images; port: of the first API that is opened, 0 for any free one."""

    shelf: Path
    region: str = "us-east-1"
    port: int = 0
    containers: bool = False
    _resources: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            self.endpoint_url = resources.enter_context(serving())
            self._images = Images()
            self.dispatcher = resources.enter_context(Dispatcher(self.endpoint_url, self._images))
            self.dispatcher.listen(resources.enter_context(Afterwards(TOLD_EACH, TOLD_TOGETHER)))
            resources.enter_context(watch(interval_s=EVALUATED_S, clock=lambda: datetime.now(UTC)))
            invoke = partial(self.dispatcher.invoke, region=self.region)
            self._gateways = resources.enter_context(Gateways(invoke, region=self.region))
            self._resources = resources.pop_all()
        threading.Thread(target=calls.prepare, args=[self.region], name="clients", daemon=True).start()
        self.client("ssm").put_parameter(Name=BOOTSTRAP, Value=BOOTSTRAP_VERSION, Type="String")
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def client(self, service: str) -> Any:
        return calls.client(service, self.region)

    def deploy(self, assembly: Path, stack: str, parameters: Mapping[str, str] | None = None) -> Deployed:
        """Create or update `stack` as `cdk deploy` would: images first, then the template, and wait for the end."""
        for image in assets.images(assembly, stack):
            container = image.built() if self.containers else ""
            self._images.register(image.tag, image.kept(self.shelf), container)
        body = (assembly / f"{stack}.template.json").read_text()
        changed = self._put(stack, body, parameters or {})
        return self._deployed(stack, changed)

    def _put(self, stack: str, body: str, parameters: Mapping[str, str]) -> bool:
        formation = self.client("cloudformation")
        values = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        about = {"StackName": stack, "TemplateBody": body, "Parameters": values, "Capabilities": ["CAPABILITY_IAM"]}
        try:
            (formation.update_stack if self._is_there(stack) else formation.create_stack)(**about)
        except ClientError as error:
            if UNCHANGED in error.response["Error"]["Message"]:
                return False
            raise DeployFailed(error.response["Error"]["Message"]) from error
        now = formation.describe_stacks(StackName=stack)["Stacks"][0]
        if now["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise DeployFailed(f"{stack} is in {now['StackStatus']}: {now.get('StackStatusReason', '')}")
        return True

    def _is_there(self, stack: str) -> bool:
        """A stack whose creation failed is only good for being deleted, as on AWS."""
        formation = self.client("cloudformation")
        for summary in formation.list_stacks()["StackSummaries"]:
            if summary["StackName"] == stack and summary["StackStatus"] == "ROLLBACK_COMPLETE":
                formation.delete_stack(StackName=stack)
            elif summary["StackName"] == stack and summary["StackStatus"] != "DELETE_COMPLETE":
                return True
        return False

    def _deployed(self, stack: str, changed: bool) -> Deployed:
        formation = self.client("cloudformation")
        said = formation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
        outputs = {one["OutputKey"]: one["OutputValue"] for one in said}
        listed = formation.describe_stack_resources(StackName=stack)["StackResources"]
        resources = {one["ResourceType"]: one["PhysicalResourceId"] for one in listed}
        opened = entrance(resources, outputs, self.client, self._open)
        alias = {"FunctionName": outputs["FunctionName"], "Name": outputs["AliasName"]}
        live = self.client("lambda").get_alias(**alias)["FunctionVersion"]
        outputs["Url"] = opened.url
        return Deployed(stack, opened.url, opened.headers, outputs, live, changed)

    def _open(self, api: str) -> str:
        url = self._gateways.open(api, port=self.port)
        self.port = 0
        return url
