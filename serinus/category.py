"""Features that are words to a caller and numbers in a row: the one place that says which number a word is."""

import math
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serinus.names import twice

UNKNOWN = -1.0  # in place of a word that is not among those of its category, where that is no bad input
REFUSED = math.inf  # in place of a word that is bad input: like every infinity, no model ever sees it


class Category(BaseModel):
    """A feature whose values are words: in a row, word i of `words` is the number i.

    others: whether a word that is not among them is bad input ("reject"), or the number -1 ("unknown").
    Callers say words only, never their numbers: a word may look like a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[str, ...] = Field(min_length=1)
    others: Literal["reject", "unknown"] = "reject"

    @model_validator(mode="after")
    def _agrees(self) -> "Category":
        if repeated := twice(self.words):
            raise ValueError(f"the words of a category must differ from each other, got {repeated} more than once")
        return self

    def number_of(self, word: str | None) -> float:
        """What a row holds in place of `word`: NaN for a missing one, UNKNOWN or REFUSED for one of no number."""
        if word is None:
            return math.nan
        return self._numbers.get(word, UNKNOWN if self.others == "unknown" else REFUSED)

    @cached_property
    def _numbers(self) -> dict[str, float]:
        return {word: float(number) for number, word in enumerate(self.words)}
