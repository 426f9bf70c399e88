"""What a registry knows: of a version its record, of a model its versions, where they were deployed, who did what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from serinus.errors import RegistryError
from serinus.metadata import NAME, SEMVER, Metadata
from serinus.registry.versions import newest, order
from serinus.schema import ClassificationSchema, RegressionSchema

Status = Literal["active", "deprecated", "archived"]
Environment = Literal["dev", "staging", "production"]
SHA256 = r"^[0-9a-f]{64}$"
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]  # no folder in it: it must not lead elsewhere


class Kept(BaseModel):
    """Written once by somebody, read by others later: nothing in it is guessed or ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def misread(error: ValidationError) -> str:
    """Why something that was kept cannot be read any more, in one line."""
    first: Any = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"was altered, or written by another Serinus: {where}: {first['msg']}, got {first['input']!r:.80}"


class StoredFile(Kept):
    """size: in bytes."""

    sha256: str = Field(pattern=SHA256)
    size: int = Field(ge=0)


class Summary(Kept):
    """Of a bundle's metadata, what lists and comparisons show; the rest is in the bundle.

    target, unit: what a regressor predicts
    """

    framework: str
    framework_version: str
    exported_at: AwareDatetime
    task: str
    features: int
    labels: tuple[str, ...] = ()
    target: str | None = None
    unit: str | None = None
    performance: dict[str, float] = {}
    parity_rows: int
    parity_max_difference: float
    parity_label_flips: int

    @classmethod
    def of(cls, metadata: Metadata) -> Self:
        output, parity = metadata.output_schema, metadata.parity
        return cls(
            framework=metadata.framework,
            framework_version=metadata.framework_version,
            exported_at=metadata.created_at,
            task=output.task,
            features=metadata.input_schema.features,
            labels=output.labels if isinstance(output, ClassificationSchema) else (),
            target=output.target if isinstance(output, RegressionSchema) else None,
            unit=output.unit if isinstance(output, RegressionSchema) else None,
            performance=metadata.performance,
            parity_rows=parity.rows,
            parity_max_difference=parity.max_difference,
            parity_label_flips=parity.label_flips,
        )


class Record(Kept):
    """One version of one model. digest: of SHA256SUMS, it names the bundle; files: all of them, SHA256SUMS too."""

    model_name: str = Field(pattern=NAME)
    version: str = Field(pattern=SEMVER)
    digest: str = Field(pattern=SHA256)
    storage_path: str
    metadata: Summary
    files: dict[FileName, StoredFile]
    status: Status
    created_at: AwareDatetime
    updated_at: AwareDatetime

    def __str__(self) -> str:
        return f"{self.model_name} {self.version}"

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files.values())


class Deployment(Kept):
    """A version went to an environment. rollback_at: when it was taken back for an earlier version."""

    number: int = Field(gt=0)
    version: str = Field(pattern=SEMVER)
    environment: Environment
    deployed_at: AwareDatetime
    deployed_by: str
    rollback_at: AwareDatetime | None = None
    notes: str = ""


class AuditEntry(Kept):
    """revision: counts the changes of a model, so that no entry can be missing unseen."""

    revision: int = Field(gt=0)
    at: AwareDatetime
    by: str
    action: Literal["register", "promote", "deprecate", "archive", "restore"]
    version: str = Field(pattern=SEMVER)
    notes: str = ""


class Change(Kept):
    """One step of a model's history: what was done, and everything that is otherwise from then on."""

    model_name: str = Field(pattern=NAME)
    entry: AuditEntry
    records: tuple[Record, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    stable: str | None = Field(pattern=SEMVER)


@dataclass(frozen=True)
class Model:
    """All versions of one model as they stand after `revision` changes. stable: what production runs."""

    name: str
    revision: int = 0
    records: Mapping[str, Record] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()
    stable: str | None = None

    def after(self, change: Change) -> "Model":
        changed = {deployment.number: deployment for deployment in (*self.deployments, *change.deployments)}
        records = {**self.records, **{record.version: record for record in change.records}}
        deployments = tuple(changed[number] for number in sorted(changed))
        return Model(self.name, change.entry.revision, records, deployments, change.stable)

    @property
    def versions(self) -> list[Record]:
        """From the oldest to the newest."""
        return [self.records[version] for version in sorted(self.records, key=order)]

    @property
    def latest(self) -> str | None:
        """The newest version that is neither deprecated nor archived."""
        return newest(record.version for record in self.records.values() if record.status == "active")

    @property
    def pointers(self) -> dict[str, str]:
        """What `latest` and `stable` mean, where they mean something."""
        named = {"latest": self.latest, "stable": self.stable}
        return {name: version for name, version in named.items() if version is not None}

    @property
    def deployed(self) -> dict[Environment, Deployment]:
        """What runs in each environment that anything was deployed to."""
        return {deployment.environment: deployment for deployment in self.deployments}

    def record(self, version: str) -> Record:
        """The record of `version`, which may be "latest" or "stable"; RegistryError says what there is instead."""
        meant = self.pointers.get(version, version)
        if meant in self.records:
            return self.records[meant]
        if not self.records:
            raise RegistryError(f"no model {self.name!r} is registered")
        there = [*self.pointers, *(record.version for record in self.versions)]
        raise RegistryError(f"{self.name} has no version {version!r}; there are {', '.join(there)}")
