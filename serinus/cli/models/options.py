"""What the commands of `serinus models` share: which registry, who signs, what is printed."""

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from serinus.registry.rules import Signature
    from serinus.registry.shelf import Shelf

IN_S3 = "s3://"
RegistryOption = Annotated[
    str,
    typer.Option("--registry", envvar=["SERINUS_REGISTRY", "SERINUS_MODELS"], help="A folder, or s3://bucket/prefix."),
]
TableOption = Annotated[
    str,
    typer.Option("--table", envvar="SERINUS_REGISTRY_TABLE", help="The DynamoDB table of a registry in S3."),
]
ByOption = Annotated[
    str | None,
    typer.Option("--by", envvar="SERINUS_USER", help="Who does it, for the audit log; you, when not said."),
]
NotesOption = Annotated[str, typer.Option("--notes", help="Why, for the audit log.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]
NameArgument = Annotated[str, typer.Argument(help="The model, such as xgboost.")]
VersionArgument = Annotated[str, typer.Argument(help="A version such as 1.0.0, or latest, or stable.")]


@dataclass(frozen=True)
class Place:
    """Which registry: a folder, or a URL and a table."""

    registry: str
    table: str

    @property
    def folder(self) -> Path | None:
        return None if self.registry.startswith(IN_S3) else Path(self.registry)

    def shelf(self) -> "Shelf":
        if self.folder is not None:
            from serinus.registry.folder_store import folder_shelf

            return folder_shelf(self.folder)
        from serinus.aws.registry import bucket_shelf

        return bucket_shelf(self.registry, self.table)


def signature(by: str | None, notes: str) -> "Signature":
    from serinus.registry.rules import Signature

    return Signature(by or _account(), datetime.now(UTC), notes)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # in a container, whose account has no name
        from serinus.errors import RegistryError

        raise RegistryError("the audit log needs a name, and this account has none: say --by NAME") from error


def say(text: str, facts: object, *, as_json: bool) -> None:
    """One sentence for people, or the facts for programs."""
    print(json.dumps(facts) if as_json else text)


def console(width: int | None = None) -> "Console":
    """Where tables go. Notes and labels are text, whatever brackets and colons are in them."""
    from rich.console import Console

    return Console(width=width, markup=False, emoji=False, highlight=False)


@contextmanager
def progress_bar(what: str, size: int) -> "Iterator[Callable[[int], None]]":
    """Shows on standard error how many of `size` bytes are where they belong."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=size)
        yield lambda more: bar.update(task, advance=more)
