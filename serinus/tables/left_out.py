"""Why a column is no feature: it says nothing, nothing of use, or nothing that a field can hold."""

import re

from serinus.errors import listed
from serinus.fields import NUMBERS
from serinus.tables.kinds import WHOLE, Held, is_date, is_number, kind_of

LONGEST_WORD, LONGEST_NAME = 200, 100
FEW_WORDS = 32  # up to here a column of words is a list of them all
LEAST_ROWS = 5  # of many words, those in fewer rows are learnt as an unknown word
FEW_TEXTS = 3  # among many numbers: NA, null and the like; codes such as V58 are more
FEWEST_NOTES = 10  # of fewer different texts nobody could say that hardly one is there twice
MANY_ROWS = 1_000  # measurements differ from each other in fewer rows, in more there are twins
ID_NAME = re.compile(r"(^|[\W_]|(?<=[a-z])(?=[A-Z]))(?i:id|nbr|no|mrn|key|number)$")
DATELIKE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ T].*)?")


def why_left_out(column: Held, *, is_word: bool) -> str | None:
    """None for a column that is a field; is_word: though it looks like numbers."""
    return _nameless(column) or _empty(column) or _an_id(column) or _no_words(column, is_word=is_word)


def _nameless(column: Held) -> str | None:
    return None if 0 < len(column.name) <= LONGEST_NAME else f"a name has 1 to {LONGEST_NAME} characters"


def _empty(column: Held) -> str | None:
    if column.is_strange:
        return f"it holds {column.type}, which no field does"
    if not column.counts:
        return "it is empty"
    if kind_of(column) in NUMBERS and not any(map(is_number, column.texts)):
        return "it holds no number that models take"
    return "it says the same in every row" if len(column.counts) == 1 and not column.missing else None


def _an_id(column: Held) -> str | None:
    if len(column.counts) < column.rows or not all(map(WHOLE.fullmatch, column.texts)):
        return None
    numbers = [*map(int, column.texts)]
    is_counted = max(numbers) - min(numbers) == len(numbers) - 1
    is_id = is_counted or ID_NAME.search(column.name) or len(numbers) >= MANY_ROWS
    return "it holds another whole number in every row, as an id does" if is_id else None


def _no_words(column: Held, *, is_word: bool) -> str | None:
    """What is wrong with a column of texts."""
    kind = kind_of(column)
    if not is_word and kind != "string":
        return "it holds times, and not dates alone" if kind == "date" and not all(map(is_date, column.texts)) else None
    texts = [text for text in column.texts if not is_number(text)]
    has_strange = 0 < len(texts) <= FEW_TEXTS and len(column.counts) > FEW_WORDS and not is_word
    reasons = {
        f"it holds texts of more than {LONGEST_WORD} characters": max(map(len, column.texts)) > LONGEST_WORD,
        "it holds dates or times, but none as 2021-10-07": all(map(DATELIKE.fullmatch, texts)) and bool(texts),
        f"it holds numbers and texts: {listed(texts)}. Say that these mean missing, or that all are words": has_strange,
        "hardly a text in it is there twice": len(column.counts) > max(FEWEST_NOTES, column.rows / 2),
        f"it holds text: no word stands in {LEAST_ROWS} rows": not words_of(column),
    }
    return next((reason for reason, is_so in reasons.items() if is_so), None)


def words_of(column: Held) -> list[str]:
    """The words of a column that a field lists, the most frequent first."""
    texts = column.texts
    often = sorted(texts, key=lambda word: (-texts[word], word))
    return often if len(often) <= FEW_WORDS else [word for word in often if texts[word] >= LEAST_ROWS]
