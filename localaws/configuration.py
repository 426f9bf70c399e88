"""From a function version as moto keeps it to what a worker is started with."""

from collections.abc import Mapping

from moto.awslambda.models import LambdaFunction

from localaws.code import Code
from localaws.function import FunctionConfig

LATEST = "$LATEST"
SNAP_START = "snap-start"
INIT_S = 10.0
SNAP_START_INIT_S = 130.0


def config_of(function: LambdaFunction, code: Code, endpoint_url: str) -> FunctionConfig:
    """endpoint_url: where AWS is, for the function too."""
    initialization = SNAP_START if is_snapped(function) else "on-demand"
    timeout_s = float(function.timeout)
    return FunctionConfig(
        code.handler(function),
        name=function.function_name,
        version=str(function.version),
        memory_mb=int(function.memory_size),
        timeout_s=timeout_s,
        init_timeout_s=max(SNAP_START_INIT_S, timeout_s) if initialization == SNAP_START else INIT_S,
        env=_environment(function, endpoint_url),
        cwd=code.folder(function),
        initialization=initialization,
        image=code.container(function),
    )


def is_snapped(function: LambdaFunction) -> bool:
    """Only published versions are: Lambda takes the snapshot when it publishes."""
    snap_start: Mapping[str, str] = getattr(function, "snap_start", {})
    return str(function.version) != LATEST and snap_start.get("ApplyOn") == "PublishedVersions"


def _environment(function: LambdaFunction, endpoint_url: str) -> Mapping[str, str]:
    """Keys that are nobody's, and an address that is this machine's: no call can reach AWS by mistake."""
    return {
        **function.environment_vars,
        "AWS_REGION": function.region,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
    }
