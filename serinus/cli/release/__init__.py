"""`serinus release`: which published version of a service answers, one module per thing one does about it."""

import typer

from serinus.cli.release.back import back
from serinus.cli.release.history import history
from serinus.cli.release.listing import listing
from serinus.cli.release.promote import promote

release = typer.Typer(
    name="release",
    help="Which published version of a service answers: give one traffic, take it back, see what was done.",
    epilog="Start here: serinus release list kepler, then promote kepler 2 --weight 0.1; back takes it back.",
    no_args_is_help=True,
)
release.command("list")(listing)
for command in (promote, back, history):
    release.command()(command)
