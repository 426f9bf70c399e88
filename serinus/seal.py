"""The last step of an image's build: prove that what is in it starts and answers rightly, and compile just that.

    python -m serinus.seal MODULE[:FACTORY] ...

Imports the modules as the container will, calls the factories, replays the golden rows of every bundle, and writes a
.pyc for each module that was imported on the way, the standard library's included: nothing compiles at a cold start,
and nothing lies there that is never read. They are unchecked: the files of an image do not change, whatever times
builders and layers give them.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from py_compile import PycInvalidationMode, compile
from types import ModuleType

from serinus import service as services
from serinus.bundle import Bundle
from serinus.errors import BundleError, SerinusError
from serinus.golden import replay
from serinus.predictor import Predictor
from serinus.service import Service
from serinus.settings import PredictSettings
from serinus.stored import is_reachable_from_aws

# What only a deployment knows. Addresses at which nobody answers: a start does not need the store to be up.
STAND_INS = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_LAMBDA_FUNCTION_NAME": "none",
    "SERINUS_NO_AUTH": "true",
    "SERINUS_AUDIT_KEY": "of the build, and never of a service",
}
STAND_IN_STORE = {"SERINUS_FEATURES_ADDRESS": "dynamodb://none"}
IN_DEPLOYMENT = "serinus.aws.secrets"  # where the audit key really comes from


def seal(entry_points: Iterable[str], service: Service, models: Path) -> int:
    """How many modules are compiled now; BundleError when a golden row is answered wrongly."""
    for entry_point in entry_points:
        _start(entry_point)
    if service.privacy.personal and find_spec("boto3"):
        import_module(IN_DEPLOYMENT)
    for name, folder in service.bundles(models).items():
        _prove(name, Bundle.load(folder))
    return sum(map(_compiled, list(sys.modules.values())))


def main() -> int:
    settings = PredictSettings()
    try:
        service = services.load(settings.service)
        os.environ.update(stand_ins(service))
        count = seal(sys.argv[1:], service, settings.models)
    except SerinusError as error:
        print(f"seal: {error}", file=sys.stderr)
        return 1
    print(f"seal: {', '.join(service.models)} answer as they should; {count} modules compiled")
    return 0


def stand_ins(service: Service) -> Mapping[str, str]:
    """The environment in which this service's entry points start anywhere."""
    asks_table = service.features is not None and not is_reachable_from_aws(service.features)
    return STAND_INS | STAND_IN_STORE if asks_table else STAND_INS


def _start(entry_point: str) -> None:
    module, _, factory = entry_point.partition(":")
    imported = import_module(module)
    if factory:
        getattr(imported, factory)()


def _prove(name: str, bundle: Bundle) -> None:
    comparison = replay(bundle, Predictor(bundle))
    if not comparison.is_equal:
        wrong, rows = int(comparison.wrong.sum()), len(comparison.wrong)
        raise BundleError(f"{name} answers {wrong} of {rows} golden rows wrongly, by up to {comparison.worst:.2g}")


def _compiled(module: ModuleType) -> bool:
    source = getattr(module, "__file__", None)
    if source is None or not source.endswith(".py"):
        return False
    compile(source, doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return True


if __name__ == "__main__":
    sys.exit(main())
