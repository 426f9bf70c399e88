"""`serinus models info` and `history`: one version, and what became of a model."""

import json
from typing import TYPE_CHECKING, Any

from serinus.cli.models.listing import described
from serinus.cli.models.options import NameArgument, Place, RegistryOption, TableOption, VersionArgument, console
from serinus.cli.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serinus.registry.record import AuditEntry, Deployment, Record


def info(
    name: NameArgument,
    version: VersionArgument = "latest",
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    as_json: JsonOption = False,
) -> None:
    """Show one version: where it is, what it takes and answers, how good it is, what was proven of it.

    Try: serinus models info xgboost stable
    """
    from rich.table import Table

    model = Place(registry, table).shelf().ledger.model(name)
    record = model.record(version)
    if as_json:
        print(json.dumps(described(model, record.version)))
        return
    shown = Table(title=str(record), show_header=False)
    shown.add_column()
    shown.add_column(overflow="fold")
    for what, told in facts(record, described(model, record.version)).items():
        shown.add_row(what, told)
    console().print(shown)


def facts(record: "Record", told: dict[str, Any]) -> dict[str, str]:
    metadata = record.metadata
    named = [pointer for pointer in ("latest", "stable") if told[pointer]]
    return {
        "status": ", ".join([record.status, *named]),
        "runs in": ", ".join(told["runs_in"]) or "nothing",
        "registered": f"{record.created_at:%Y-%m-%d %H:%M} UTC",
        "exported": f"{metadata.exported_at:%Y-%m-%d %H:%M} UTC",
        "framework": f"{metadata.framework} {metadata.framework_version}",
        "takes": f"{metadata.features} features",
        "answers": ", ".join(metadata.labels) or " in ".join(filter(None, (metadata.target, metadata.unit))),
        "performance": ", ".join(f"{name} {value:.4g}" for name, value in metadata.performance.items()) or "not said",
        "parity": f"{metadata.parity_rows:,} rows, {metadata.parity_max_difference:.2g} off at most"
        + (f", {metadata.parity_label_flips} labels flipped" if metadata.labels else ""),
        "files": "\n".join(f"{name} {file.size:,} bytes" for name, file in record.files.items()),
        "lies in": record.storage_path,
        "digest": record.digest,
    }


def history(
    name: NameArgument,
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    as_json: JsonOption = False,
) -> None:
    """Show where versions of a model were deployed, and everything that was ever done to them, by whom, and why.

    Try: serinus models history xgboost
    """
    ledger = Place(registry, table).shelf().ledger
    model, log = ledger.model(name), ledger.audit(name)
    if not log:
        model.record("latest")  # says that there is no such model
    if as_json:
        deployments = [deployment.model_dump(mode="json") for deployment in model.deployments]
        print(json.dumps({"deployments": deployments, "audit": [entry.model_dump(mode="json") for entry in log]}))
        return
    console().print(deployed(model.deployments), done(log))


def deployed(deployments: "Sequence[Deployment]") -> Any:
    from rich.table import Table

    table = Table("environment", "version", "deployed", "by", "rolled back", "notes", title="Deployments")
    for row in deployments:
        back = f"{row.rollback_at:%Y-%m-%d %H:%M}" if row.rollback_at else ""
        table.add_row(
            row.environment, row.version, f"{row.deployed_at:%Y-%m-%d %H:%M}", row.deployed_by, back, row.notes
        )
    return table


def done(log: "Sequence[AuditEntry]") -> Any:
    from rich.table import Table

    table = Table("", "when", "who", "what", "version", "notes", title="Audit log (UTC)")
    for entry in log:
        when = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(entry.revision), when, entry.by, entry.action, entry.version, entry.notes)
    return table
