"""What the MLmodel file in an MLflow model directory says, as far as an export needs it."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, Json, JsonValue, ValidationError

from export.errors import Refused
from export.extras import need

EXTRA = "mlflow"
MLMODEL = "MLmodel"


class Tensor(BaseModel):
    dtype: str
    shape: tuple[int, ...]


class Input(BaseModel):
    """An input of a signature: a column of one value a row, or a tensor. `type` is an object for nested columns."""

    type: JsonValue
    name: str | None = None
    tensor: Tensor | None = Field(default=None, alias="tensor-spec")


class Signature(BaseModel):
    inputs: Json[tuple[Input, ...]] | None = None


class Example(BaseModel):
    artifact_path: str


class MLmodel(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    flavors: dict[str, dict[str, Any]]
    signature: Signature | None = None
    run_id: str | None = None
    model_id: str | None = None
    saved_input_example_info: Example | None = None


def is_mlflow(source: Path) -> bool:
    return (source / MLMODEL).is_file()


def described(folder: Path) -> MLmodel:
    yaml = need("yaml", extra=EXTRA)
    try:
        return MLmodel.model_validate(yaml.safe_load((folder / MLMODEL).read_bytes()))
    except (yaml.YAMLError, ValidationError) as error:
        raise Refused(f"{folder / MLMODEL} does not describe an MLflow model: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
    return str(error).splitlines()[0]
