"""What may be done to the versions of a model. Pure: a model as it stands in, a change out, or the reason why not.

None means that there is nothing to change: it is already so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from serinus.errors import RegistryError
from serinus.metadata import Metadata
from serinus.registry.record import AuditEntry, Change, Deployment, Environment, Model, Record, Status
from serinus.registry.schemas import changes
from serinus.registry.versions import major, next_major, order


class Taken(RegistryError):
    """Another bundle is registered under this version."""


@dataclass(frozen=True)
class Signature:
    """Who does something, when, and what they say about it."""

    by: str
    at: datetime
    notes: str = ""

    def entry(self, model: Model, action: str, version: str) -> AuditEntry:
        return AuditEntry.model_validate(
            {"revision": model.revision + 1, "at": self.at, "by": self.by, "action": action, "version": version}
            | {"notes": self.notes}
        )


@dataclass(frozen=True)
class Deploy:
    """A version for an environment."""

    version: str
    environment: Environment


def registered(model: Model, record: Record, signature: Signature) -> Change | None:
    """The version enters the registry; Taken when another bundle has its name."""
    known = model.records.get(record.version)
    if known is None:
        return Change(
            model_name=model.name,
            entry=signature.entry(model, "register", record.version),
            records=(record,),
            stable=model.stable,
        )
    if known.digest != record.digest:
        raise Taken(
            f"{known} is registered already, with another digest ({known.digest[:12]}, since "
            f"{known.created_at:%Y-%m-%d %H:%M}); this bundle is {record.digest[:12]}: give it a new version"
        )
    return None


def neighbours(model: Model, version: str) -> list[Record]:
    """The versions that a new `version` must share its schema with: the next earlier and later of the same MAJOR."""
    family = [record for record in model.versions if major(record.version) == major(version)]
    earlier = [record for record in family if order(record.version) < order(version)]
    later = [record for record in family if order(record.version) > order(version)]
    return earlier[-1:] + later[:1]


def check_schema(model: Model, candidate: Metadata, family: Sequence[Metadata]) -> None:
    """RegistryError when `candidate` has another schema than a neighbour of its MAJOR, with what is otherwise."""
    for relative in family:
        first, second = sorted((relative, candidate), key=lambda metadata: order(metadata.version))
        if found := changes(first, second):
            raise RegistryError(
                f"{candidate.model_name} {candidate.version} has another schema than {relative.version} "
                f"({'; '.join(found)}): that breaks its callers and demands a new MAJOR version, "
                f"{next_major([*model.records, candidate.version])}"
            )


def promoted(model: Model, deploy: Deploy, signature: Signature) -> Change | None:
    """The version goes to the environment; in production it becomes the stable one.

    What ran there is marked as rolled back when it is newer than what replaces it.
    """
    record = model.record(deploy.version)
    if record.status != "active":
        raise RegistryError(f"{record} is {record.status}: promote an active version, or restore this one first")
    running = model.deployed.get(deploy.environment)
    stable = record.version if deploy.environment == "production" else model.stable
    if running is not None and running.version == record.version and stable == model.stable:
        return None
    begun = Deployment(
        number=len(model.deployments) + 1,
        version=record.version,
        environment=deploy.environment,
        deployed_at=signature.at,
        deployed_by=signature.by,
        notes=signature.notes,
    )
    ended = [] if running is None or order(running.version) <= order(record.version) else [running]
    rolled_back = [deployment.model_copy(update={"rollback_at": signature.at}) for deployment in ended]
    return Change(
        model_name=model.name,
        entry=signature.entry(model, "promote", record.version),
        deployments=(*rolled_back, begun),
        stable=stable,
    )


def deprecated(model: Model, version: str, signature: Signature) -> Change | None:
    """The version still works, and should not be chosen any more."""
    record = model.record(version)
    if record.status == "archived":
        raise RegistryError(f"{record} is archived: restore it before it can be deprecated")
    if record.version == model.stable:
        raise RegistryError(f"{record} is the stable version: promote another one first")
    return None if record.status == "deprecated" else _moved(model, record, "deprecated", signature)


def archived(model: Model, version: str, signature: Signature) -> Change | None:
    """The version is kept and no longer handed out; never the stable one, or one that runs somewhere."""
    record = model.record(version)
    if record.version == model.stable:
        raise RegistryError(f"{record} is the stable version, which is never archived: promote another one first")
    runs = [environment for environment, last in model.deployed.items() if last.version == record.version]
    if runs:
        raise RegistryError(f"{record} runs in {', '.join(runs)}: promote another version there first")
    return None if record.status == "archived" else _moved(model, record, "archived", signature)


def restored(model: Model, version: str, signature: Signature, *, mended: bool) -> Change | None:
    """The version is handed out again. mended: whether files of it had to be brought back."""
    record = model.record(version)
    if record.status != "active":
        return _moved(model, record, "active", signature)
    if not mended:
        return None
    return Change(model_name=model.name, entry=signature.entry(model, "restore", record.version), stable=model.stable)


def _moved(model: Model, record: Record, status: Status, signature: Signature) -> Change:
    action = {"active": "restore", "deprecated": "deprecate", "archived": "archive"}[status]
    return Change(
        model_name=model.name,
        entry=signature.entry(model, action, record.version),
        records=(record.model_copy(update={"status": status, "updated_at": signature.at}),),
        stable=model.stable,
    )
