"""service.toml: one file says what is deployed together."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from serinus.errors import ServiceError
from serinus.features.address import kind_at
from serinus.places import bundle_folder as bundle_folder
from serinus.sections import (
    About,
    Auto,
    Bands,
    Bulk,
    EnsembleSection,
    FeaturesSection,
    Function,
    Gateway,
    Input,
    Name,
    Privacy,
    Section,
    Slo,
    Target,
    Version,
)


class Service(Section):
    service: About
    input: Input
    models: dict[Name, Version] = Field(min_length=1)
    auto: Auto = Auto()
    ensemble: EnsembleSection = EnsembleSection()
    features: FeaturesSection | None = None
    gateway: Gateway = Gateway()
    function: Function = Function()
    slo: Slo = Slo()
    privacy: Privacy = Privacy()
    bands: Bands | None = None
    rollout: dict[str, Any] = Field(default={})  # what `serinus.policy` reads: no function that predicts needs it
    bulk: Bulk = Bulk()
    targets: dict[Name, Target] = Field(default={})

    @model_validator(mode="after")
    def _agrees(self) -> "Service":
        checks = (self._strange_models(), self._unlabelled(), self._unstored(), self._misplaced())
        for wrong in filter(None, checks):
            raise ValueError(wrong)
        return self

    def _strange_models(self) -> str | None:
        for what, names in (("targets", [*self.targets]), ("ensemble.weights", [*self.ensemble.weights])):
            if unknown := sorted(set(names) - set(self.models)):
                return f"{what} for models the service does not name: {', '.join(unknown)}"
        if self.ensemble.how == "weighted" and not any(self.ensemble.weights.values()):
            return "ensemble.how = 'weighted' needs ensemble.weights, some of them above 0"
        if self.ensemble.weights and (forgotten := sorted(set(self.models) - set(self.ensemble.weights))):
            return f"ensemble.weights says nothing of {', '.join(forgotten)}; 0 leaves a model out"
        return None

    def _unlabelled(self) -> str | None:
        labels = self.service.labels
        if self.service.task == "classification" and not 2 <= len(set(labels)) == len(labels):
            return f"a classifier needs two or more different labels, got {list(labels)}"
        if self.bands and self.bands.label not in labels:
            return f"bands.label {self.bands.label!r} is none of the labels {list(labels)}"
        return None

    def _unstored(self) -> str | None:
        """What is wrong with the entity and the fields that come from the store."""
        stored = [field.name for field in self.input.given if field.source != "request"]
        if self.features is None:
            return f"fields {', '.join(stored)} come from the store: [features] must say which" if stored else None
        entity = next((field for field in self.input.given if field.name == self.features.entity), None)
        if entity is None or entity.type not in ("string", "integer"):
            return f"features.entity {self.features.entity!r} must be a string or integer among the input.fields"
        if entity.is_feature or entity.source != "request":
            return f"field {entity.name} is the entity: say feature = false, and leave its source at request"
        return None if stored else "[features] is of no use: no field has source = 'store' or 'either'"

    def _misplaced(self) -> str | None:
        """What is wrong with where the store is. The address is not quoted: there may be a password in it."""
        if self.features is None:
            return None
        try:
            kind = kind_at(self.features.address, self.features.store)
        except ServiceError as error:
            return f"features.address: {error}"
        store = self.features.store
        return None if kind == store else f"features.address is that of a {kind} store, but features.store is {store!r}"

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def best_by(self) -> str:
        """The performance figure that model = "auto" goes by."""
        return self.auto.by or ("f1_score" if self.service.task == "classification" else "rmse")

    def target(self, model: str) -> Target:
        return self.targets.get(model, Target())

    def bundles(self, models: Path) -> dict[str, Path]:
        """Where the bundle of each model lies under the folder `models`."""
        return {name: bundle_folder(models, name, version) for name, version in self.models.items()}


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
