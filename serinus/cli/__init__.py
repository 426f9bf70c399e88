"""The `serinus` command; each module is a command, or a noun with several."""

import sys
from typing import Annotated

import typer

from serinus.cli.audit import audit
from serinus.cli.bake import bake
from serinus.cli.deploy import deploy
from serinus.cli.down import down
from serinus.cli.export import export
from serinus.cli.features import features
from serinus.cli.keys import keys
from serinus.cli.models import models
from serinus.cli.new import new
from serinus.cli.predict import predict
from serinus.cli.preflight import preflight
from serinus.cli.release import release
from serinus.cli.rollout import rollout
from serinus.cli.score import score
from serinus.cli.serve import serve
from serinus.cli.undeploy import undeploy
from serinus.cli.up import up
from serinus.cli.verify import verify
from serinus.errors import SerinusError

app = typer.Typer(
    name="serinus",
    help="Serverless inference with a canary inside: trained models into production.",
    epilog="Start here: serinus export model.json --name xgboost --version 1.0.0, then serinus serve SERVICE.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (new, export, verify, predict, score, serve, preflight, bake, up, down, deploy, undeploy):
    app.command()(command)
app.add_typer(features)
app.add_typer(models)
app.add_typer(keys)
app.add_typer(audit)
app.add_typer(release)
app.add_typer(rollout)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"serinus {installed('serinus')}")
        raise typer.Exit


def main() -> None:
    """The console script: an error of ours is one clear line and exit code 1, never a traceback."""
    try:
        app()
    except SerinusError as error:
        print(f"serinus: {error}", file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as error:
        print(f"serinus: {error}; install the extra it belongs to, such as serinus[export]", file=sys.stderr)
        sys.exit(1)
