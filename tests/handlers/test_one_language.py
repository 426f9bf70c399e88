"""The same rows as requests and as files: the same ones are taken, and get the same answers."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serinus import service as services
from serinus.bulk import local
from serinus.bulk.plan import Request, plan
from serinus.bulk.scorer import Scorer, load
from tests.bundles import LABELS
from tests.handlers.conftest import COLOUR, NAMES, PLAN, Api
from tests.unit.bulk.jobs import predictions

Row = tuple[Any, ...]
Answers = dict[int, dict[str, float]]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=4)
NUMBER = st.one_of(st.none(), st.floats(-10, 10, width=32), st.integers(-3, 3).map(float))
ROW = st.tuples(
    st.one_of(st.none(), st.sampled_from(COLOUR.words), st.sampled_from(["pink", "0", " red"])),
    NUMBER,
    st.one_of(st.none(), st.sampled_from(PLAN.words), TEXT),
    NUMBER,
)


@pytest.fixture(scope="session")
def scorer(wordy: Api) -> Scorer:
    models = wordy.ensemble.predictors["linear"].folder.parent.parent
    return load(services.load(models.parent / "service.toml"), models, "linear")


def as_csv(rows: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("id", *NAMES), *((number, *row) for number, row in enumerate(rows))])
    return text.getvalue().encode()


def as_jsonl(rows: list[Row]) -> bytes:
    lines = [{"id": number, **dict(zip(NAMES, row, strict=True))} for number, row in enumerate(rows)]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def as_lists(rows: list[Row]) -> bytes:
    return "".join(json.dumps({"id": number, "features": row}) + "\n" for number, row in enumerate(rows)).encode()


def as_parquet(rows: list[Row], *, encoded: bool) -> bytes:
    columns = dict(zip(NAMES, zip(*rows, strict=True), strict=True))
    kinds = {"colour": pa.string(), "plan": pa.string()}
    arrays = {name: pa.array(values, kinds.get(name, pa.float64())) for name, values in columns.items()}
    arrays |= {name: arrays[name].dictionary_encode() for name in kinds if encoded}
    stream = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": range(len(rows)), **arrays}), stream)
    return bytes(stream.getvalue())


FILES: dict[str, Callable[[list[Row]], bytes]] = {
    "rows.csv": as_csv,
    "rows.jsonl": as_jsonl,
    "lists.jsonl": as_lists,
    "rows.parquet": lambda rows: as_parquet(rows, encoded=False),
    "encoded.parquet": lambda rows: as_parquet(rows, encoded=True),
}


def in_bulk(file: Path, scorer: Scorer) -> Answers:
    out = file.with_name(f"{file.name}.out")
    local.run(plan(Request(file), scorer), out, workers=1)
    return {int(row["id"]): {label: row[f"p_{label}"] for label in LABELS} for row in predictions(out)}


def online(rows: list[Row], wordy: Api, *, named: bool) -> Answers:
    samples = [dict(zip(NAMES, row, strict=True)) if named else list(row) for row in rows]
    answer = wordy.post("/predict/batch", {"samples": samples}).json()
    return {place: one["probabilities"] for place, one in enumerate(answer["predictions"]) if one}


@given(rows=st.lists(ROW, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_the_same_rows_get_the_same_answers(
    wordy: Api, scorer: Scorer, tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    rows = [*rows, *(("red", 1.0, "1", 2.0) for _ in range(20))]  # so that never too many are bad
    expected = online(rows, wordy, named=False)
    assert online(rows, wordy, named=True) == expected
    for name, contents in FILES.items():
        (folder / name).write_bytes(contents(rows))
        answers = in_bulk(folder / name, scorer)
        assert sorted(answers) == sorted(expected), name
        for number, answer in answers.items():
            assert answer == pytest.approx(expected[number], abs=1e-6), (name, rows[number])
