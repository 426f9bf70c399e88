"""What is wrong with a list of names, said so that one sees which column to mend."""

from collections import Counter
from collections.abc import Sequence

SHOWN = 10
PLACES_SHOWN = 5


def difference(expected: Sequence[str], got: Sequence[str]) -> str | None:
    """What is missing, unexpected or elsewhere in `got`; None when the two are the same."""
    if tuple(got) == tuple(expected):
        return None
    missing = [name for name in expected if name not in set(got)]
    unknown = [name for name in got if name not in set(expected)]
    if missing or unknown:
        return f"missing {shortened(missing)}, unexpected {shortened(unknown)}"
    moved = [f"{a!r} or {b!r} at {i}" for i, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b]
    more = f" and {len(moved) - PLACES_SHOWN} more" if len(moved) > PLACES_SHOWN else ""
    return f"another order ({'; '.join(moved[:PLACES_SHOWN])}{more})"


def shortened(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) or "none") + more


def twice(names: Sequence[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)
