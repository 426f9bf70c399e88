"""Hand the parameters of a task to the service it names, and the answer back.

AWS ("Integrating optimized services", Developer Guide): fields are PascalCase in the definition and in the output,
whatever the service's own API calls them (JobName for Batch's jobName), and every value is JSON.
moto: passes them on as they are, so batch:submitJob, ecs:runTask and states:startExecution fail with KeyError on
'jobName', 'cluster', 'stateMachineArn'; a time in the answer breaks the execution; each task makes a client of its own
on a shared session, which boto3 forbids between threads ("Multithreading or multiprocessing with clients") and is slow.
"""

import datetime
import functools
import threading
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.model import OperationModel, ServiceModel
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.utils import boto_client

from localaws.patching import Function, override


def apply() -> None:
    override(StateTaskService, "_normalise_parameters", _parameters)
    override(StateTaskService, "_normalise_response", _response)
    if not isinstance(vars(boto_client)["boto3"], Clients):
        vars(boto_client)["boto3"] = Clients()


class Clients:
    """Stands where moto looks for boto3, and makes one client for each service and place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[tuple[str, ...], Any] = {}

    def client(self, *, config: Config, **options: str) -> Any:
        address = tuple(sorted(f"{name}={value}" for name, value in options.items()))
        with self._lock:
            if address not in self._made:
                many = config.merge(Config(max_pool_connections=100))
                self._made[address] = boto3.session.Session().client(config=many, **options)
            return self._made[address]


def _parameters(_: Function) -> Function:
    def normalise_parameters(
        self: Any, parameters: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        operation = _operation(self, boto_service_name, service_action_name)
        if operation and operation.input_shape:
            self._to_boto_request(parameters, operation.input_shape)

    return normalise_parameters


def _response(_: Function) -> Function:
    def normalise_response(
        self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        operation = _operation(self, boto_service_name, service_action_name)
        if operation and operation.output_shape:
            self._from_boto_response(response, operation.output_shape)
        _times_to_json(response)

    return normalise_response


def _operation(task: Any, service: str | None, action: str | None) -> OperationModel | None:
    model = _service(task._get_boto_service_name(service))
    wanted = task._get_boto_service_action(action)
    for name in model.operation_names:
        if wanted in (xform_name(name), name.lower()):
            return model.operation_model(name)
    return None


@functools.cache
def _service(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def _times_to_json(node: Any) -> None:
    """Step Functions gives times as milliseconds since 1970."""
    pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for place, value in pairs:
        if isinstance(value, datetime.datetime):
            node[place] = int(value.timestamp() * 1000)
        else:
            _times_to_json(value)
