"""How the workers of one server learn that one of them took up new models."""

from pathlib import Path

from functions.predict.redaction import fresh_id


class Generation:
    """A file that all workers of one server look at before each request. Where it is gone, nobody reloads any more."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.touch()
        self._seen = _mark(file)

    def is_new(self) -> bool:
        return _mark(self._file) not in (self._seen, None)

    def caught_up(self) -> None:
        """Before one takes up what is there: what is announced after this is new again."""
        self._seen = _mark(self._file)

    def announce(self) -> None:
        """Tell the others, but not oneself."""
        fresh = self._file.with_name(f"{self._file.name}-{fresh_id()}")
        fresh.touch()
        self._seen = _mark(fresh)
        fresh.replace(self._file)


def _mark(file: Path) -> tuple[int, int] | None:
    """What tells a file from all that stood in its place before; None where there is none."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns
