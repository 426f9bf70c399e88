"""Files with words in them: every format says the same, and names what does not belong."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.bulk.sources import Cut
from serinus.bulk.words import are_words, numbers_of
from serinus.category import Category
from serinus.errors import JobError, ServiceError
from tests.bundles import LABELS, write_bundle
from tests.unit.bulk.jobs import Bench, predictions, quarantine, run, tree, write_csv, write_jsonl

NAMES = ("colour", "depth", "plan", "period")
COLOUR = Category(words=("red", "green", "blue, or so", 'so-called "grey"'))
PLAN = Category(words=("1", "2", "nan", "é\n"), others="unknown")
CATEGORIES = {0: COLOUR, 2: PLAN}
FORMATS = ("rows.csv", "rows.jsonl", "rows.parquet")
TEXTS = {
    "string": pa.string(),
    "large string": pa.large_string(),
    "string view": pa.string_view(),
    "dictionary": pa.dictionary(pa.int8(), pa.string()),
}
Columns = Mapping[str, Any]
Shares = np.ndarray[Any, np.dtype[np.float64]]


def wordy(folder: Path, **how: Any) -> Bench:
    return Bench(folder, features=4, **{"names": NAMES, "categories": CATEGORIES, **how})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return wordy(tmp_path)


def columns(count: int = 200, *, seed: int = 0) -> dict[str, Any]:
    """Rows of every word, an unknown one, and missing values."""
    random = np.random.default_rng(seed)

    def drawn(values: list[Any]) -> list[Any]:
        return [values[i] for i in random.integers(0, len(values), count)]

    return {
        "id": list(range(count)),
        "colour": drawn([*COLOUR.words, None]),
        "depth": drawn([0.25, -1.5, 3.0, None]),
        "plan": drawn([*PLAN.words, "3", "NaN", None]),
        "period": drawn([1, 2.5]),
    }


def numbered(words: list[str | None], category: Category) -> list[float]:
    """What the model sees of `words`, with 0 for a missing one, as it takes it."""
    return [0 if word is None else category.words.index(word) if word in category.words else -1 for word in words]


def shares(rows: Columns) -> Shares:
    """What the model `linear` says of `rows`: by hand, from the words to the softmax."""
    depths = [depth or 0 for depth in rows["depth"]]
    return softmax([numbered(rows["colour"], COLOUR), depths, numbered(rows["plan"], PLAN)])


def softmax(columns: list[list[float]]) -> Shares:
    scores = 5 * np.array(columns).T
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def write(file: Path, rows: Columns, kind: pa.DataType | None = None, **how: Any) -> Path:
    kinds = {name: kind or pa.string() for name in ("colour", "plan") if name in rows}
    table = pa.table({name: pa.array(values, kinds.get(name)) for name, values in rows.items()})
    if file.suffix == ".csv":
        return write_csv(file, table)
    if file.suffix == ".jsonl":
        return write_jsonl(file, table)
    pq.write_table(table, file, **how)
    return file


def said(out: Path) -> Shares:
    return np.array([[float(row[f"p_{label}"]) for label in LABELS] for row in predictions(out)])


@pytest.mark.parametrize("piece_bytes", [600, 8_000_000], ids=["pieces", "whole"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_words(bench: Bench, name: str, piece_bytes: int) -> None:
    rows = columns()
    file = write(bench.folder / name, rows)

    manifest = run(bench.scorer(), file, bench.folder / "out", cut=Cut(piece_bytes, rows=20)).manifest

    assert (manifest.rows_ok, manifest.rows_bad) == (200, 0)
    assert [int(row["id"]) for row in predictions(bench.folder / "out")] == rows["id"]
    assert list(predictions(bench.folder / "out")[0])[:2] == ["id", "prediction"]
    np.testing.assert_allclose(said(bench.folder / "out"), shares(rows), atol=1e-6)


@pytest.mark.parametrize("kind", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("group", [7, 100_000], ids=["small groups", "one large group"])
def test_a_parquet_file_may_hold_words_as_any_text(bench: Bench, kind: pa.DataType, group: int) -> None:
    rows = columns()
    file = write(bench.folder / "rows.parquet", rows, kind, row_group_size=group)

    for workers in (1, 2):
        run(bench.scorer(), file, bench.folder / f"out{workers}", cut=Cut(rows=20), workers=workers)

    np.testing.assert_allclose(said(bench.folder / "out1"), shares(rows), atol=1e-6)
    assert tree(bench.folder / "out1") == tree(bench.folder / "out2")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("group", [20, 1000], ids=["small groups", "one large group"])
def test_every_feature_may_be_a_word(tmp_path: Path, name: str, group: int) -> None:
    bench = Bench(tmp_path, features=2, names=("colour", "plan"), categories={0: COLOUR, 1: PLAN})
    rows = {name: values for name, values in columns().items() if name in ("colour", "plan")}
    file = write(bench.folder / name, rows, **({"row_group_size": group} if name == "rows.parquet" else {}))

    run(bench.scorer(), file, bench.folder / "out", cut=Cut(rows=20))

    expected = softmax([numbered(rows["colour"], COLOUR), numbered(rows["plan"], PLAN), [0] * 200])
    np.testing.assert_allclose(said(bench.folder / "out"), expected, atol=1e-6)


BAD = [
    ("pink", 1, "1", 1),
    ("Red", 1, "1", 1),
    (None, 1, "1", 1),
    ("red", None, "1", 1),
    ("red", 1, None, 1),
]
REASONS = [
    "colour: got 'pink', expected one of 'red', 'green', 'blue, or so', 'so-called \"grey\"'",
    "colour: got 'Red', expected one of 'red', 'green', 'blue, or so', 'so-called \"grey\"'",
    "colour: got None, expected one of 'red', 'green', 'blue, or so', 'so-called \"grey\"'",
    "depth: got 'NaN', expected a finite number",
    "plan: got None, expected a word, such as '1', '2', 'nan', 'é\\n'",
]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("group", [3, 1000], ids=["small groups", "one large group"])
def test_a_word_that_does_not_belong_costs_no_other_row_its_answer(tmp_path: Path, name: str, group: int) -> None:
    bench = wordy(tmp_path, nan_policy="reject")
    fine = ("green", 0.5, "4", 1)
    values = list(zip(*(row for bad in BAD for row in (fine, bad)), strict=True))
    rows = {"id": list(range(10)), **{name: list(column) for name, column in zip(NAMES, values, strict=True)}}
    file = write(bench.folder / name, rows, **({"row_group_size": group} if name == "rows.parquet" else {}))

    run(bench.scorer(), file, bench.folder / "out", cut=Cut(rows=4))

    assert [int(row["id"]) for row in predictions(bench.folder / "out")] == [0, 2, 4, 6, 8]
    assert [row["reason"] for row in quarantine(bench.folder / "out")] == REASONS
    first = quarantine(bench.folder / "out")[0]["raw"]
    told = "1,pink,1.0,1,1" if name == "rows.csv" else {"id": 1, "colour": "pink", "depth": 1, "plan": "1", "period": 1}
    assert (first if name == "rows.csv" else json.loads(first)) == told


def test_a_bad_number_is_found_beside_words(bench: Bench) -> None:
    file = bench.folder / "rows.csv"
    good = [f'{i},"blue, or so",1.5,nan,2\n' for i in range(40)]
    bad = [
        "40,red,x,1,2",
        "41,red,1,2",
        "42,red,1,1,1,1",
        "43,pink,1e39,1,2",
        "44,green,,,red",
        "45,gr\u00e9en,1,2,3",
    ]
    file.write_text("id,colour,depth,plan,period\n" + "".join(good) + "\n".join(bad) + "\n46,red,1,2,3")

    run(bench.scorer(), file, bench.folder / "out")

    missing = ", or null for a missing value"
    words = "one of 'red', 'green', 'blue, or so', 'so-called \"grey\"'" + missing
    assert [int(row["id"]) for row in predictions(bench.folder / "out")] == [*range(40), 46]
    assert [(row["line"], row["reason"], row["raw"]) for row in quarantine(bench.folder / "out")] == [
        (42, f"depth: got 'x', expected a finite number{missing}", bad[0]),
        (43, "row: got '4 columns', expected 5, as in the header", bad[1]),
        (44, "row: got '6 columns', expected 5, as in the header", bad[2]),
        (
            45,
            f"colour: got 'pink', expected {words}; "
            "depth: got 1e+39, expected a float32 number, at most 3.4028235e+38 in size",
            bad[3],
        ),
        (46, f"period: got 'red', expected a finite number{missing}", bad[4]),
        (47, f"colour: got 'gr\u00e9en', expected {words}", bad[5]),
    ]


def test_in_csv_an_empty_cell_is_missing_and_everything_else_a_word(bench: Bench) -> None:
    file = bench.folder / "rows.csv"
    cells = ["1", '"1"', " 1", "1.0", "nan", "NaN", "null", "", '""', '"é\n"']
    file.write_text("colour,depth,plan,period\n" + "".join(f"red,0,{cell},0\n" for cell in cells))

    run(bench.scorer(), file, bench.folder / "out")

    plan = ["1", "1", " 1", "1.0", "nan", "NaN", "null", None, None, "é\n"]
    expected = shares({"colour": ["red"] * 10, "depth": [0] * 10, "plan": plan})
    np.testing.assert_allclose(said(bench.folder / "out"), expected, atol=1e-6)


def test_an_empty_word_is_not_read_from_csv(tmp_path: Path) -> None:
    bench = wordy(tmp_path, categories={0: COLOUR, 2: Category(words=("", "1"))})
    rows = {"colour": ["red"] * 2, "depth": [1, 2], "plan": ["", "1"], "period": [1, 2]}
    run(bench.scorer(), write(tmp_path / "rows.jsonl", rows), tmp_path / "out")
    with pytest.raises(JobError, match=r"the empty text is a word of 'plan': score JSON lines or Parquet instead"):
        run(bench.scorer(), write(tmp_path / "rows.csv", rows), tmp_path / "refused")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0, "colour: got 0, expected one of 'red'"),
        (1.5, "colour: got 1.5, expected one of 'red'"),
        (True, "colour: got True, expected one of 'red'"),
        (["red"], "colour: got 'a list of 1', expected one of 'red'"),
    ],
)
@pytest.mark.parametrize("vector", [True, False], ids=["list", "by name"])
def test_a_json_line_has_no_number_for_a_word(bench: Bench, value: object, reason: str, vector: bool) -> None:
    rows = [[value, 1, "1", 1], ["red", "1", "1", 1], ["red", 1, "1", 1]]
    lines = [{"features": row} if vector else dict(zip(NAMES, row, strict=True)) for row in rows]
    file = bench.folder / "rows.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    run(bench.scorer(), file, bench.folder / "out")

    first, second = quarantine(bench.folder / "out")
    assert first["reason"].startswith(reason)
    assert second["reason"].startswith("depth: got '1', expected a finite number")
    np.testing.assert_allclose(said(bench.folder / "out"), shares({"colour": ["red"], "depth": [1], "plan": ["1"]}))


UNFIT = {
    "numbers for words": (
        {"plan": pa.array([1, 2])},
        r"the features 'colour', 'plan' must be words, these columns hold no text: 'plan \(int64\)'",
    ),
    "words for numbers": (
        {"depth": pa.array(["1", "2"])},
        r"the features must be numbers, these columns hold something else: 'depth \(string\)'",
    ),
    "raw bytes for words": ({"colour": pa.array([b"red", b"red"])}, r"'colour \(binary\)'"),
}


@pytest.mark.parametrize(("change", "message"), UNFIT.values(), ids=UNFIT)
def test_a_parquet_column_of_another_kind_is_refused_by_name(bench: Bench, change: Columns, message: str) -> None:
    file = bench.folder / "rows.parquet"
    pq.write_table(pa.table({**columns(2), **change}), file)
    with pytest.raises(JobError, match=message):
        run(bench.scorer(), file, bench.folder / "out")


def test_a_parquet_list_of_numbers_holds_no_words(bench: Bench) -> None:
    file = bench.folder / "rows.parquet"
    pq.write_table(pa.table({"features": [[0.0, 1, 0, 1]]}), file)
    with pytest.raises(JobError, match=r"'colour', 'plan' must be words, these columns hold no text: 'features .list<"):
        run(bench.scorer(), file, bench.folder / "out")


def test_a_column_of_nothing_but_missing_words_is_fine(bench: Bench) -> None:
    rows = {**columns(3), "colour": pa.nulls(3)}
    file = bench.folder / "rows.parquet"
    pq.write_table(pa.table(rows), file)
    run(bench.scorer(), file, bench.folder / "out")
    np.testing.assert_allclose(said(bench.folder / "out"), shares({**rows, "colour": [None] * 3}), atol=1e-6)


def test_models_without_names_take_words_by_place(tmp_path: Path) -> None:
    bench = wordy(tmp_path, names=None)
    rows = columns()
    for name in FORMATS:
        file = write(tmp_path / name, dict(zip("dabce", rows.values(), strict=True)))
        run(bench.scorer(), file, tmp_path / f"{name}.out", keep=["d"])
        np.testing.assert_allclose(said(tmp_path / f"{name}.out"), shares(rows), atol=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_a_renamed_column_is_refused_with_both_names(bench: Bench, name: str) -> None:
    rows = {"duration" if name == "period" else name: values for name, values in columns().items()}
    with pytest.raises(
        JobError, match=r"lacks 1 of the model's 4 features: 'period'; it has instead: 'id', 'duration'"
    ):
        run(bench.scorer(), write(bench.folder / name, rows), bench.folder / "out")


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_column_is_refused_with_its_name(bench: Bench, name: str) -> None:
    rows = {name: values for name, values in columns().items() if name != "colour"}
    with pytest.raises(JobError, match=r"lacks 1 of the model's 4 features: 'colour'; it has instead: 'id'"):
        run(bench.scorer(), write(bench.folder / name, rows), bench.folder / "out")


@pytest.mark.parametrize("name", FORMATS)
def test_swapped_columns_are_found_by_their_names(bench: Bench, name: str) -> None:
    rows = columns()
    order = ("period", "plan", "id", "depth", "colour")
    file = write(bench.folder / name, {name: rows[name] for name in order})

    run(bench.scorer(), file, bench.folder / "out")

    np.testing.assert_allclose(said(bench.folder / "out"), shares(rows), atol=1e-6)


def test_models_to_which_a_word_is_another_number_do_not_score_together(bench: Bench) -> None:
    other = {**CATEGORIES, 0: Category(words=("green", "red"))}
    write_bundle(bench.models, "bent", weights=np.eye(4, 3, dtype=np.float32), names=NAMES, categories=other)
    with pytest.raises(ServiceError, match="model linear and model bent disagree on the words of colour"):
        bench.scorer("ensemble")


@given(st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", ""]), st.text(max_size=3))), st.integers(1, 5))
def test_a_column_of_words_is_numbered_as_each_word_is_alone(words: list[str | None], size: int) -> None:
    category = Category(words=("a", "", "b"), others="unknown")
    chunks = [pa.array(words[start : start + size], pa.string()) for start in range(0, len(words), size)]
    expected = [category.number_of(word) for word in words]
    for column in (pa.chunked_array(chunks, pa.string()), pa.chunked_array(chunks, pa.string()).dictionary_encode()):
        assert are_words(column.type)
        np.testing.assert_array_equal(numbers_of(column, category), expected)
