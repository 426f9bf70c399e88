"""`serinus features`: what is kept of plots, patients and the like, one module per thing one does with it."""

import typer

from serinus.cli.features.check import check
from serinus.cli.features.get import get
from serinus.cli.features.init import init
from serinus.cli.features.push import push

features = typer.Typer(
    name="features",
    help="The feature store of a service: push files into it, look one entity up, check all of them.",
    epilog="Start here: serinus features push plots.csv --service nuru, then features check --service nuru.",
    no_args_is_help=True,
)
for command in (push, get, check, init):
    features.command()(command)
