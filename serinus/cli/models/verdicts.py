"""A performance figure of two versions: how much it changed, and whether that is for the better."""

import math

from pydantic import JsonValue
from rich.text import Text

from serinus.errors import short
from serinus.figures import merit

LARGE = 100


def told(value: JsonValue) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "-" if value is None else short(str(value))


def change_of(figure: str, was: float | None, becomes: float | None) -> Text:
    """The change, and what to think of it; nothing where one of the two is not known."""
    if was is None or becomes is None:
        return Text("")
    change = becomes - was
    number = f"{change:+,.0f}" if LARGE <= abs(change) < math.inf else f"{change:+.4f}"
    gain = merit(figure, becomes) - merit(figure, was)
    if not gain or math.isnan(gain):
        return Text(number)
    return Text(f"{number} better", "green") if gain > 0 else Text(f"{number} worse", "red")
