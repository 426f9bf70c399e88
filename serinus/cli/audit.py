"""`serinus audit`: the audit records of a service about people."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serinus.cli.options import JsonOption, ServiceOption

if TYPE_CHECKING:
    from serinus.audit import Found

audit = typer.Typer(
    name="audit",
    help="Audit records of services about people: find those of one entity.",
    epilog="Start here: serinus audit find - --service iit --log audit.jsonl, and type the patient's id.",
    no_args_is_help=True,
)


@audit.callback()
def root() -> None:
    """Audit records of services about people."""


@audit.command()
def find(
    entity: Annotated[str, typer.Argument(help="Whose records: an id, or - to read it from standard input.")],
    service: ServiceOption,
    log: Annotated[
        list[Path], typer.Option("--log", help="A file of records, and of any other lines; may be given again.")
    ],
    as_json: JsonOption = False,
) -> None:
    """List the predictions about one entity, for a request to see them or a question about one.

    The log has pseudonyms only: SERINUS_AUDIT_KEY must be the key it was written with, or SERINUS_AUDIT_SECRET the
    secret on AWS that holds it. With - the id stays out of the shell's history.

    Try: serinus audit find - --service iit --log audit.jsonl
    """
    import os

    from serinus import service as services
    from serinus.audit import Pseudonyms, entity_of, find_in
    from serinus.audit_key import key_of
    from serinus.settings import AuditSettings

    named = services.load(services.find(service))
    pseudonyms = Pseudonyms.of(named.name, key_of(AuditSettings.from_env(os.environ)))
    text = sys.stdin.readline().strip() if entity == "-" else entity
    found = find_in(log, entity_of(named, text), pseudonyms)
    _show(found, as_json=as_json)
    for notice in _notices(found):
        print(f"serinus: {notice}", file=sys.stderr)


def _show(found: "Found", *, as_json: bool) -> None:
    import json

    for record in found.records:
        print(json.dumps(record) if as_json else _line(record))


def _line(record: Mapping[str, Any]) -> str:
    told = [str(record[name]) for name in ("class", "value", "confidence", "band") if name in record]
    model = f"{record['model']} {record['version'] or ''}".strip() if "model" in record else "no model"
    return "  ".join([record["when"], record["who"], model, record["outcome"], *told, record["request_id"]])


def _notices(found: "Found") -> Iterator[str]:
    yield _counted(len(found.records), "record")
    if found.unreadable:
        yield f"{_counted(found.unreadable, 'line')} could not be read: records may be missing"
    for key, count in found.other_keys.items():
        were, them = ("was", "it") if count == 1 else ("were", "them")
        yield f"{_counted(count, 'record')} {were} written with another key, {key}: look for {them} with that one"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
