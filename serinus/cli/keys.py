"""`serinus keys`: API keys for a server without a gateway in front."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from serinus.cli.options import JsonOption

keys = typer.Typer(
    name="keys",
    help="API keys for serinus serve: draw one, look into the file that keeps their hashes.",
    epilog="Start here: serinus keys create clinic-7.",
    no_args_is_help=True,
)


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="Who gets the key: what logs call its requests, such as clinic-7.")],
    as_json: JsonOption = False,
) -> None:
    """Draw a key and print it, this once, with the line of its hash for the file that SERINUS_API_KEYS_FILE names.

    Try: serinus keys create clinic-7
    """
    import json

    from functions.predict.keys import drawn, line

    key = drawn()
    hashed = line(name, key)
    if as_json:
        print(json.dumps({"key": key, "line": hashed}))
        return
    print(f"the key of {name}, for the header X-API-Key; nobody can show it again:\n{key}")
    print(f"the line for the file that SERINUS_API_KEYS_FILE names:\n{hashed}")


@keys.command()
def check(
    file: Annotated[Path, typer.Argument(help="A file of name:sha256 lines.")],
    whose: Annotated[bool, typer.Option("--whose", help="Read a key from standard input and say whose it is.")] = False,
) -> None:
    """Check a file of keys and name their owners, or the owner of one key.

    Try: serinus keys check keys.txt
    """
    from functions.predict.keys import Keys, read
    from serinus.errors import ServiceError

    known = Keys.of(read(file))
    if not whose:
        print("\n".join(key.name for key in known.known))
        return
    owner = known.owner(sys.stdin.readline().strip().encode())
    if owner is None:
        raise ServiceError(f"this key is in no line of {file}")
    print(owner)
