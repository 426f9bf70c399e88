"""service.toml: one file says what is deployed together."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from serinus.errors import ServiceError
from serinus.metadata import NAME, SEMVER

Voting = Literal["soft", "hard"]
Name = Annotated[str, Field(pattern=NAME)]
Version = Annotated[str, Field(pattern=SEMVER)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class About(Section):
    name: Name
    task: Literal["classification", "regression"]
    labels: tuple[str, ...] = ()


class Input(Section):
    """names: what the features are called, in order; bundles that know other names are refused."""

    features: int = Field(gt=0)
    names: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> "Input":
        if self.names and len(set(self.names)) != self.features:
            raise ValueError(f"{self.features} features need as many different names, got {len(set(self.names))}")
        return self


class Auto(Section):
    by: str = Field(
        default="f1_score", description="the performance figure that model = 'auto' goes by; more is better"
    )


class EnsembleSection(Section):
    voting: Voting = "soft"


class Gateway(Section):
    max_batch_size: int = Field(default=100, gt=0)


class Target(Section):
    """What one model may take, one row at a time, on the machine that serves it; by default the least of them all."""

    p50_ms: float = Field(default=200, gt=0)
    p95_ms: float = Field(default=200, gt=0)
    throughput_rps: float = Field(default=5, gt=0)
    memory_mb: float = Field(default=2048, gt=0)


class Bulk(Section):
    max_bad_rate: float = Field(default=0.05, ge=0, le=1)


class Service(Section):
    service: About
    input: Input
    models: dict[Name, Version] = Field(min_length=1)
    auto: Auto = Auto()
    ensemble: EnsembleSection = EnsembleSection()
    gateway: Gateway = Gateway()
    bulk: Bulk = Bulk()
    targets: dict[Name, Target] = {}

    @model_validator(mode="after")
    def _agrees(self) -> "Service":
        if unknown := sorted(set(self.targets) - set(self.models)):
            raise ValueError(f"targets for models the service does not name: {', '.join(unknown)}")
        labels = self.service.labels
        if self.service.task == "classification" and not 2 <= len(set(labels)) == len(labels):
            raise ValueError(f"a classifier needs two or more different labels, got {list(labels)}")
        return self

    @property
    def name(self) -> str:
        return self.service.name

    def target(self, model: str) -> Target:
        return self.targets.get(model, Target())

    def bundles(self, models: Path) -> dict[str, Path]:
        """Where the bundle of each model lies under the folder `models`."""
        return {name: bundle_folder(models, name, version) for name, version in self.models.items()}


def bundle_folder(models: Path, name: str, version: str) -> Path:
    return models / name / f"v{version}"


def load(file: Path) -> Service:
    """The service that `file` describes; ServiceError names the entry that is wrong, and what belongs there."""
    try:
        return Service.model_validate(tomllib.loads(file.read_bytes().decode()))
    except OSError as error:
        raise ServiceError(f"cannot read {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ServiceError(f"{file} is not TOML: {error}") from error
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ServiceError(f"{file}: {where}: {first['msg']}, got {first['input']!r:.80}") from error


def find(name: str, *, folder: Path = Path("services")) -> Path:
    """The service.toml that `name` means: a path to one, or the name of a folder in `services/`."""
    named = folder / name / "service.toml"
    if name.endswith(".toml"):
        return Path(name)
    if not named.is_file():
        known = sorted(file.parent.name for file in folder.glob("*/service.toml"))
        raise ServiceError(f"no service {name!r}: expected a path to a service.toml or one of: {', '.join(known)}")
    return named
