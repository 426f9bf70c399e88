"""Options that several commands take, said once."""

from pathlib import Path
from typing import Annotated

import typer

ServiceOption = Annotated[
    str, typer.Option("--service", "-s", help="A folder in services/, or a path to a service.toml.")
]
ServiceArgument = Annotated[str, typer.Argument(help="A folder in services/, or a path to a service.toml.")]
ModelsOption = Annotated[
    Path, typer.Option("--models", envvar="SERINUS_MODELS", help="The folder that holds the bundles.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
