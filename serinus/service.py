"""service.toml: one file says what is deployed together."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from serinus.bundle import NAME, SEMVER
from serinus.errors import ServiceError

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
    features: int = Field(gt=0)


class Auto(Section):
    by: str = Field(
        default="f1_score", description="the performance figure that model = 'auto' goes by; more is better"
    )


class EnsembleSection(Section):
    voting: Voting = "soft"


class Gateway(Section):
    max_batch_size: int = Field(default=100, gt=0)


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

    @model_validator(mode="after")
    def _agrees(self) -> "Service":
        labels = self.service.labels
        if self.service.task == "classification" and not 2 <= len(set(labels)) == len(labels):
            raise ValueError(f"a classifier needs two or more different labels, got {list(labels)}")
        return self

    @property
    def name(self) -> str:
        return self.service.name

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
