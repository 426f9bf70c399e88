"""What AWS says when it cannot or will not, as an error of ours that says what was being done."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from serinus.errors import RegistryError, SerinusError


@contextmanager
def told(doing: str, kind: type[SerinusError] = RegistryError) -> Iterator[None]:
    """An error of this `kind` instead of boto3's: "cannot `doing`", and the reason."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise kind(f"cannot {doing}: {error}") from error


def code_of(error: ClientError) -> str:
    """What AWS calls the error, such as NoSuchKey; HEAD requests have just the number, such as 404."""
    return str(error.response["Error"]["Code"])
