"""`serinus models validate`: is what lies in the registry what was registered?"""

import json
from typing import Annotated

import typer

from serinus.cli.models.options import Place, RegistryOption, TableOption, progress_bar
from serinus.cli.options import JsonOption


def validate(
    name: Annotated[str | None, typer.Argument(help="Only this model.")] = None,
    version: Annotated[str | None, typer.Argument(help="Only this version: 1.0.0, latest or stable.")] = None,
    registry: RegistryOption = "models",
    table: TableOption = "serinus-registry",
    as_json: JsonOption = False,
) -> None:
    """Read every file of every version, compare it with its record; check latest, stable and the audit log.

    Exit code 1 when anything is wrong; each line says what, and serinus models restore brings files back.

    Try: serinus models validate xgboost
    """
    from serinus.registry.validation import validate as problems_of

    shelf = Place(registry, table).shelf()
    models = [shelf.ledger.model(known) for known in ([name] if name else shelf.ledger.names())]
    if name and not models[0].records:
        models[0].record("latest")  # says what is wrong
    chosen = {model.name: [model.record(version)] if version else model.versions for model in models}
    records = [record for versions in chosen.values() for record in versions]
    with progress_bar("reading", sum(record.size for record in records)) as report:
        wrong = [problem for model in models for problem in problems_of(shelf, model, chosen[model.name], report)]
    if as_json:
        print(json.dumps({"registry": registry, "versions": len(records), "ok": not wrong, "problems": wrong}))
    else:
        print("\n".join(wrong) or f"{len(records)} versions in {registry} are what was registered")
    raise typer.Exit(1 if wrong else 0)
