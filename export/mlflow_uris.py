"""Models by MLflow's own addresses: `models:/name@alias`, `models:/name/3`, `runs:/id/model`."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from export.errors import ExportError, Refused
from export.extras import need
from export.mlflow_models import EXTRA

ADDRESS = re.compile(r"(models|runs):/+(.+)")
REGISTERED = re.compile(r"(?P<name>[^/@:]+)(?:@(?P<alias>[^/]+)|/(?P<version>[^/]+))")
LOGGED = re.compile(r"m-[0-9a-f]+")
LATEST = "latest"


@dataclass(frozen=True)
class Found:
    """A file or folder on this machine; `known` is how it got here, to be kept in the bundle's `training`."""

    path: Path
    known: Mapping[str, JsonValue] = field(default_factory=dict)


def located(source: Path | str, scratch: Path) -> Found:
    """A path as it is, and what is at an address of MLflow in the folder `scratch`."""
    return _fetched(str(source), scratch) if ADDRESS.fullmatch(str(source)) else Found(Path(source))


def _fetched(address: str, scratch: Path) -> Found:
    """The model at `address`, downloaded by MLflow's client into `scratch`; an alias is looked up once, and kept."""
    mlflow, folder = need("mlflow", extra=EXTRA), scratch / "model"  # a name of ours: it is kept with the digests
    folder.mkdir()
    try:
        exact, known = _resolved(address, mlflow)
        path = Path(mlflow.artifacts.download_artifacts(artifact_uri=exact, dst_path=str(folder)))
    except (mlflow.exceptions.MlflowException, OSError) as error:
        reason = str(error).splitlines()[0][:300]
        raise ExportError(f"MLflow has no model at {address}: {reason} (asked {mlflow.get_registry_uri()})") from error
    return Found(path, {"mlflow_uri": address, **known})


def _resolved(address: str, mlflow: Any) -> tuple[str, dict[str, JsonValue]]:
    """`address`, with a version in place of an alias or a stage, which may move while we read."""
    kind, _, rest = address.partition(":")
    rest = rest.strip("/")
    if kind == "runs" or LOGGED.fullmatch(rest):
        return f"{kind}:/{rest}", {}
    parts = REGISTERED.fullmatch(rest)
    if parts is None:
        raise Refused(f"{address} is no model's address: expected models:/name@alias, models:/name/3 or runs:/id/model")
    client, name = mlflow.MlflowClient(), parts["name"]
    version = client.get_model_version_by_alias(name, parts["alias"]).version if parts["alias"] else parts["version"]
    if not str(version).isdecimal():
        version = _newest(client, name, version)
    return f"models:/{name}/{version}", {"mlflow_model": name, "mlflow_model_version": str(version)}


def _newest(client: Any, name: str, stage: str) -> int:
    """The newest version in a stage, which MLflow would rather have called an alias; or of all, for "latest"."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        found = client.get_latest_versions(name, None if stage.lower() == LATEST else [stage])
    if not found:
        raise ExportError(f"MLflow has no version of {name} in the stage {stage}")
    return max(int(version.version) for version in found)
