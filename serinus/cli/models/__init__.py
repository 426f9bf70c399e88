"""`serinus models`: the registry, one module per kind of thing one does with it."""

import typer

from serinus.cli.models.compare import compare
from serinus.cli.models.init import init
from serinus.cli.models.listing import listing
from serinus.cli.models.move import pull, push, register
from serinus.cli.models.restore import restore
from serinus.cli.models.show import history, info
from serinus.cli.models.stages import archive, deprecate, promote
from serinus.cli.models.validate import validate

models = typer.Typer(
    name="models",
    help="The registry: versions of models with their files, standing and history, in a folder or in S3 and DynamoDB.",
    epilog="Start here: serinus models register xgboost 1.0.0, then promote xgboost; push brings it elsewhere.",
    no_args_is_help=True,
)
models.command("list")(listing)
for command in (info, compare, validate, register, push, pull, promote, deprecate, archive, restore, history, init):
    models.command()(command)
