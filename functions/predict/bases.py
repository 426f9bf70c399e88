"""Stored features in numbers, made once for as long as they are remembered: most requests bring few of their own."""

from serinus.features.store import Stored
from serinus.record import Base, Form, Kept

MOST = 20_000


class Bases:
    def __init__(self, form: Form, most: int = MOST) -> None:
        self._form = form
        self._most = most
        self._kept: dict[tuple[int, Kept], tuple[Stored, Base]] = {}

    def of(self, stored: Stored, kept: Kept) -> Base:
        entry = self._kept.get((id(stored), kept))
        if entry is not None and entry[0] is stored:
            return entry[1]
        if len(self._kept) >= self._most:
            self._kept.clear()  # those still remembered are made again
        base = self._form.base(stored.values, kept)
        self._kept[id(stored), kept] = (stored, base)
        return base
