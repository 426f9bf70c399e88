"""One question to moto for each patch: whether it does by now what AWS does. Run as a script it asks plain moto."""

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

Probe = Callable[[Any, str], bool]


def names(aws: Any, name: str) -> bool:
    return _answers(lambda: aws.get_function(FunctionName=f"123456789012:function:{name}"))


def records(aws: Any, name: str) -> bool:
    return _refused(
        lambda: aws.update_function_configuration(FunctionName=name, Timeout=9, RevisionId="stale"),
        "PreconditionFailedException",
    )


def versions(aws: Any, name: str) -> bool:
    published = aws.publish_version(FunctionName=name)["Version"]
    before = aws.get_function(FunctionName=name, Qualifier=published)["Code"]["ImageUri"]
    aws.update_function_code(FunctionName=name, ImageUri="registry/other@sha256:0b")
    return bool(aws.get_function(FunctionName=name, Qualifier=published)["Code"]["ImageUri"] == before)


def aliases(aws: Any, name: str) -> bool:
    version = aws.publish_version(FunctionName=name)["Version"]
    routing = {"AdditionalVersionWeights": {"99": 0.5}}
    said = {"FunctionName": name, "Name": "probe", "FunctionVersion": version, "RoutingConfig": routing}
    return _refused(lambda: aws.create_alias(**said), "ResourceNotFoundException")


def provisioned(aws: Any, name: str) -> bool:
    said = {"FunctionName": name, "Qualifier": aws.publish_version(FunctionName=name)["Version"]}
    return _answers(lambda: aws.put_provisioned_concurrency_config(**said, ProvisionedConcurrentExecutions=1))


def invoking(aws: Any, name: str) -> bool:
    return _refused(lambda: aws.invoke(FunctionName=name, Qualifier="99"), "ResourceNotFoundException")


PROBES: dict[str, Probe] = {
    probe.__name__: probe for probe in (names, records, versions, aliases, provisioned, invoking)
}


def make(aws: Any, role: str, name: str) -> str:
    code = {"ImageUri": "registry/probed@sha256:0a"}
    aws.create_function(FunctionName=name, PackageType="Image", Code=code, Role=role)
    return name


def _refused(request: Callable[[], Any], error: str) -> bool:
    try:
        request()
    except ClientError as refused:
        return bool(refused.response["Error"]["Code"] == error)
    return False


def _answers(request: Callable[[], Any]) -> bool:
    try:
        request()
    except ClientError:
        return False
    return True


def deliveries(s3: Any, aws: Any, name: str) -> bool:
    """Whether PutObject comes back while the function still runs; what runs is not what is asked here."""
    from moto.awslambda.models import LambdaFunction

    ran = threading.Event()

    def invoke(self: LambdaFunction, *_: object) -> bytes:
        time.sleep(0.5)
        ran.set()
        return b"null"

    LambdaFunction.invoke = invoke  # type: ignore[method-assign, assignment]  # in a process of plain moto's own
    s3.create_bucket(Bucket="probed")
    arn = aws.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    notify = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket="probed", NotificationConfiguration={"LambdaFunctionConfigurations": notify}
    )
    s3.put_object(Bucket="probed", Key="k")
    if ran.is_set():
        return False
    return ran.wait(5)


def main() -> None:
    from moto.server import ThreadedMotoServer

    from tests.localaws.lambdas.conftest import Plain

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    plain = Plain("http://{}:{}".format(*server.get_host_and_port()))
    aws, role = plain.client("lambda"), plain.role("plain")
    right = {patch: probe(aws, make(aws, role, f"probe-{patch}")) for patch, probe in PROBES.items()}
    right["deliveries"] = deliveries(plain.client("s3"), aws, make(aws, role, "probe-deliveries"))
    server.stop()
    sys.stdout.write("\n" + json.dumps(right))


if __name__ == "__main__":
    main()
