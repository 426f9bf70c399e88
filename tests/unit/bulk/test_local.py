"""Whole jobs: every format in and out, order, ids, what is kept and what is refused."""

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serinus.bulk.formats import Format
from serinus.bulk.sources import Cut
from serinus.errors import JobError
from tests.unit.bulk.jobs import (
    FEATURES,
    Bench,
    predictions,
    quarantine,
    rows,
    run,
    table,
    tree,
    winners,
    write_csv,
    write_jsonl,
    write_regressor,
)

SMALL = Cut(piece_bytes=700, rows=20)
COUNT = 137
INPUTS = ("rows.parquet", "rows.csv", "rows.jsonl", "rows.csv.gz", "rows.jsonl.gz")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def write(file: Path, columns: pa.Table) -> Path:
    plain = file.with_suffix("") if file.suffix == ".gz" else file
    if plain.suffix == ".parquet":
        pq.write_table(columns, plain, row_group_size=7)
    else:
        (write_csv if plain.suffix == ".csv" else write_jsonl)(plain, columns)
    if plain != file:
        file.write_bytes(gzip.compress(plain.read_bytes()))
    return file


@pytest.mark.parametrize("output", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("name", INPUTS)
def test_every_format_comes_in_and_goes_out_in_order(bench: Bench, name: str, output: Format) -> None:
    numbers = rows(COUNT)
    file = write(bench.folder / name, table(numbers, kepid=list(range(COUNT)), note=[f"n{i}" for i in range(COUNT)]))

    outcome = run(bench.scorer(), file, bench.folder / "out", format=output, cut=SMALL)

    answers = predictions(bench.folder / "out")
    assert [int(row["kepid"]) for row in answers] == list(range(COUNT))
    assert [row["note"] for row in answers] == [f"n{i}" for i in range(COUNT)]
    assert [row["prediction"] for row in answers] == winners(numbers)
    assert {(row["model"], row["model_version"]) for row in answers} == {("linear", "1.0.0")}
    assert list(answers[0]) == [
        *("kepid", "note", "prediction", "confidence", "p_CONFIRMED", "p_CANDIDATE", "p_FALSE_POSITIVE"),
        *("model", "model_version"),
    ]
    assert max(float(answers[0][f"p_{label}"]) for label in ("CONFIRMED", "CANDIDATE", "FALSE_POSITIVE")) == float(
        answers[0]["confidence"]
    )
    assert (outcome.manifest.rows_in, outcome.manifest.rows_ok, outcome.manifest.rows_bad) == (COUNT, COUNT, 0)
    assert len(outcome.manifest.predictions) > 3
    assert not (bench.folder / "out" / "quarantine").exists()


@pytest.mark.parametrize("name", INPUTS)
def test_the_bytes_do_not_depend_on_the_workers(bench: Bench, name: str) -> None:
    file = write(bench.folder / name, table(rows(COUNT), kepid=list(range(COUNT))))

    for workers in (1, 3):
        run(bench.scorer("ensemble"), file, bench.folder / f"out{workers}", cut=SMALL, workers=workers)

    assert tree(bench.folder / "out1") == tree(bench.folder / "out3")


@pytest.mark.parametrize("name", INPUTS)
def test_the_answers_do_not_depend_on_the_chunks(bench: Bench, name: str) -> None:
    file = write(bench.folder / name, table(rows(COUNT), kepid=list(range(COUNT))))

    run(bench.scorer(), file, bench.folder / "small", cut=SMALL)
    run(bench.scorer(), file, bench.folder / "large")

    small, large = predictions(bench.folder / "small"), predictions(bench.folder / "large")
    assert [row["kepid"] for row in small] == [row["kepid"] for row in large]
    np.testing.assert_allclose([row["confidence"] for row in small], [row["confidence"] for row in large], rtol=1e-6)


@pytest.mark.parametrize("group", [1, 9, 1000], ids=["tiny", "small", "one"])
@pytest.mark.parametrize("kind", [pa.float32(), pa.float64(), pa.float16()], ids=str)
def test_a_parquet_file_may_have_row_groups_of_any_size(bench: Bench, group: int, kind: pa.DataType) -> None:
    numbers = rows(COUNT).astype(np.float16).astype(np.float32)
    numbers[5, 1] = np.nan
    columns = table(numbers, kepid=list(range(COUNT)), note=["x" * i for i in range(COUNT)])
    floats = [pa.field(name, kind) for name in ("f0", "f1", "f2")]
    columns = columns.cast(pa.schema([columns.schema.field(0), columns.schema.field(1), *floats]))
    file = bench.folder / "rows.parquet"
    pq.write_table(columns, file, row_group_size=group)

    run(bench.scorer(), file, bench.folder / "out", cut=SMALL)

    answers = predictions(bench.folder / "out")
    assert [row["kepid"] for row in answers] == list(range(COUNT))
    assert [row["note"] for row in answers] == ["x" * i for i in range(COUNT)]
    assert [row["prediction"] for row in answers] == winners(numbers)


@pytest.mark.parametrize("group", [9, 1000], ids=["small", "one"])
@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "variable"])
def test_features_may_be_one_list_column(bench: Bench, group: int, fixed: bool) -> None:
    numbers = rows(COUNT)
    kind = pa.list_(pa.float32(), FEATURES if fixed else -1)
    columns = pa.table({"kepid": range(COUNT), "features": pa.array(numbers.tolist(), kind)})
    file = bench.folder / "rows.parquet"
    pq.write_table(columns, file, row_group_size=group)

    run(bench.scorer(), file, bench.folder / "out", cut=SMALL)

    assert [row["prediction"] for row in predictions(bench.folder / "out")] == winners(numbers)


def test_a_list_of_another_length_is_a_bad_row(bench: Bench) -> None:
    lists = [[1, 2, 3], [1, 2], None, [3.0, None, 1], [1, 2, 3, 4]]
    file = bench.folder / "rows.parquet"
    pq.write_table(pa.table({"id": range(5), "features": pa.array(lists, pa.list_(pa.float64()))}), file)

    run(bench.scorer(), file, bench.folder / "out")

    assert [row["id"] for row in predictions(bench.folder / "out")] == [0, 3]
    assert quarantine(bench.folder / "out") == [
        {
            "line": 2,
            "reason": "features: got 'a list of 2', expected a list of 3 numbers",
            "raw": '{"id":1,"features":[1.0,2.0]}',
        },
        {"line": 3, "reason": "features: got None, expected a list of 3 numbers", "raw": '{"id":2,"features":null}'},
        {
            "line": 5,
            "reason": "features: got 'a list of 4', expected a list of 3 numbers",
            "raw": '{"id":4,"features":[1.0,2.0,3.0,4.0]}',
        },
    ]


def test_ids_of_a_parquet_file_keep_their_types(bench: Bench) -> None:
    ids: dict[str, Any] = {
        "when": pa.array([datetime(2026, 1, 2, 3), None], pa.timestamp("ns")),
        "tags": pa.array([["a", "b"], None]),
        "raw": pa.array([b"\xff", b""]),
        "code": pa.array(["x", "y"]).dictionary_encode(),
        "good": pa.array([True, None]),
        "share": pa.array([0.1, float("nan")]),
    }
    file = bench.folder / "rows.parquet"
    pq.write_table(table(rows(2), **ids), file)

    for output in ("parquet", "jsonl", "csv"):
        run(bench.scorer(), file, bench.folder / output, format=output)

    kept = pq.read_table(bench.folder / "parquet/predictions/part-00000.parquet")
    assert {name: kept.schema.field(name).type for name in ids} == {name: ids[name].type for name in ids}
    first, second = predictions(bench.folder / "jsonl")
    assert {name: first[name] for name in ids} == {
        **{"when": "2026-01-02 03:00:00.000000000", "tags": ["a", "b"], "raw": "ff", "code": "x"},
        **{"good": True, "share": 0.1},
    }
    assert [second[name] for name in ids] == [None, None, "", "y", None, None]
    assert predictions(bench.folder / "csv")[0]["tags"] == '["a","b"]'


def test_bad_rows_of_a_parquet_file_are_set_aside(bench: Bench) -> None:
    columns = table(rows(4).astype(np.float64), kepid=[7, 8, 9, 10])
    columns = columns.set_column(1, "f0", pa.array([0.5, 1e39, float("inf"), None]))
    file = bench.folder / "rows.parquet"
    pq.write_table(columns.select(["kepid", "f0", "f1", "f2"]), file)

    run(bench.scorer(), file, bench.folder / "out")

    too_large, infinite = quarantine(bench.folder / "out")
    assert [row["kepid"] for row in predictions(bench.folder / "out")] == [7, 10]
    assert too_large["line"] == 2
    assert too_large["reason"] == "f0: got 1e+39, expected a float32 number, at most 3.4028235e+38 in size"
    assert json.loads(too_large["raw"])["kepid"] == 8
    assert infinite["reason"].startswith("f0: got 'Infinity', expected a finite number")


def test_missing_values_are_bad_where_the_model_does_not_take_them(tmp_path: Path) -> None:
    bench = Bench(tmp_path, nan_policy="reject")
    file = bench.folder / "rows.csv"
    file.write_text("f0,f1,f2\n1,2,3\n1,,3\nNaN,,\n")

    run(bench.scorer(), file, bench.folder / "out")

    one, more = quarantine(bench.folder / "out")
    assert one == {"line": 3, "reason": "f1: got 'NaN', expected a finite number", "raw": "1,,3"}
    assert more["reason"].count("expected a finite number") == 3


def test_many_problems_of_a_row_are_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, nan_policy="reject", features=5)
    file = bench.folder / "rows.csv"
    file.write_text("f0,f1,f2,f3,f4\n,,,,\n")

    with pytest.raises(JobError, match="1 of 1 rows"):
        run(bench.scorer(), file, bench.folder / "out")

    assert "features: got '5 such values', expected none" in quarantine(bench.folder / "out")[0]["reason"]


def test_a_regressor_answers_values(bench: Bench) -> None:
    scorer = write_regressor(bench)
    numbers = rows(5)
    file = write(bench.folder / "rows.csv", table(numbers, plot=list("abcde")))

    run(scorer, file, bench.folder / "out", format="jsonl")

    answers = predictions(bench.folder / "out")
    assert list(answers[0]) == ["plot", "prediction", "model", "model_version"]
    np.testing.assert_allclose([row["prediction"] for row in answers], numbers.sum(axis=1), rtol=1e-6)


@pytest.mark.parametrize("model", ["linear", "ensemble"])
def test_a_row_that_a_classifier_has_no_number_for_is_set_aside(bench: Bench, model: str) -> None:
    numbers = rows(4)
    numbers[1] = 3e38
    file = write(bench.folder / "rows.csv", table(numbers, kepid=[1, 2, 3, 4]))

    outcome = run(bench.scorer(model), file, bench.folder / "out")

    assert [row["kepid"] for row in predictions(bench.folder / "out")] == ["1", "3", "4"]
    assert (outcome.manifest.rows_ok, outcome.manifest.rows_bad) == (3, 1)
    [bad] = quarantine(bench.folder / "out")
    assert "numbers up to 3e+38 in size', expected values that linear has a finite answer for" in bad["reason"]


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_an_ensemble_votes(tmp_path: Path, voting: str) -> None:
    bench = Bench(tmp_path, voting=voting)
    file = write(bench.folder / "rows.csv", table(rows(5)))

    run(bench.scorer("ensemble"), file, bench.folder / "out")

    first = predictions(bench.folder / "out")[0]
    assert (first["model"], first["model_version"]) == ("ensemble", "linear=1.0.0,bent=1.0.0")
    assert sum(first[f"p_{label}"] for label in ("CONFIRMED", "CANDIDATE", "FALSE_POSITIVE")) == pytest.approx(1)


@pytest.mark.parametrize("name", INPUTS)
def test_one_row_is_a_job(bench: Bench, name: str) -> None:
    file = write(bench.folder / name, table(rows(1), kepid=[1]))
    assert run(bench.scorer(), file, bench.folder / "out").manifest.rows_ok == 1


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.parquet"])
def test_no_row_is_a_job_with_an_empty_part(bench: Bench, name: str) -> None:
    file = write(bench.folder / name, table(rows(0), kepid=pa.array([], pa.int64())))

    outcome = run(bench.scorer(), file, bench.folder / "out")

    assert outcome.manifest.rows_in == 0
    assert pq.read_table(bench.folder / "out/predictions/part-00000.parquet").column_names[:2] == [
        "kepid",
        "prediction",
    ]


def test_a_file_without_ids_gives_answers_alone(bench: Bench) -> None:
    for name in INPUTS:
        file = write(bench.folder / name, table(rows(30)))
        run(bench.scorer(), file, bench.folder / f"{name}.out", cut=SMALL)
        assert next(iter(predictions(bench.folder / f"{name}.out")[0])) == "prediction"


@pytest.mark.parametrize("name", INPUTS)
def test_only_the_chosen_ids_are_kept(bench: Bench, name: str) -> None:
    file = write(bench.folder / name, table(rows(3), a=[1, 2, 3], b=["x", "y", "z"], c=[4, 5, 6]))

    run(bench.scorer(), file, bench.folder / "out", keep=["c", "a"])

    assert list(predictions(bench.folder / "out")[0])[:3] == ["a", "c", "prediction"]


def test_too_many_bad_rows_stop_the_job_and_are_kept_to_look_at(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_bad_rate=0.1)
    file = bench.folder / "rows.csv"
    file.write_text("id,f0,f1,f2\n" + "".join(f"{i},1,2,{'x' if i % 5 == 0 else 3}\n" for i in range(50)))

    with pytest.raises(JobError, match=r"10 of 50 rows read are bad, more than max_bad_rate = 0\.1"):
        run(bench.scorer(), file, bench.folder / "out")

    assert not (bench.folder / "out" / "_SUCCESS.json").exists()
    assert len(quarantine(bench.folder / "out")) == 10


@pytest.mark.parametrize(
    ("name", "row", "bad"),
    [("rows.csv", ",,", "x,,"), ("rows.jsonl", "{}", '{"f0":"x"}'), ("lists.jsonl", '{"features":[0,0,0]}', "x")],
    ids=["csv", "by name", "lists"],
)
def test_a_job_of_short_rows_is_not_given_up_too_early(tmp_path: Path, name: str, row: str, bad: str) -> None:
    bench = Bench(tmp_path, max_bad_rate=0.05)
    head = {"rows.csv": "f0,f1,f2", "rows.jsonl": '{"f0":1,"f1":2,"f2":3}', "lists.jsonl": row}[name]
    lines = [head, *(bad if number % 25 == 0 else row for number in range(500))]
    (tmp_path / name).write_text("\n".join(lines))

    assert run(bench.scorer(), tmp_path / name, tmp_path / "out", cut=SMALL).manifest.rows_bad == 20


def test_a_hopeless_job_stops_early(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_bad_rate=0.0)
    numbers = rows(2000)
    numbers[0] = np.inf
    file = bench.folder / "rows.parquet"
    pq.write_table(table(numbers), file, row_group_size=20)

    with pytest.raises(JobError, match=r"1 of .* rows"):
        run(bench.scorer(), file, bench.folder / "out", cut=SMALL)

    assert len(list((bench.folder / "out").glob("predictions/*"))) < 50


def test_a_finished_job_is_not_done_again(bench: Bench) -> None:
    file = write(bench.folder / "rows.csv", table(rows(5)))
    run(bench.scorer(), file, bench.folder / "out")
    before = tree(bench.folder / "out")
    (bench.folder / "out" / ".work").mkdir()  # the earlier run died while it tidied up

    assert run(bench.scorer(), file, bench.folder / "out").rows_kept == 5
    assert tree(bench.folder / "out") == before
    assert not (bench.folder / "out" / ".work").exists()


def test_a_finished_job_that_was_altered_is_noticed(bench: Bench) -> None:
    file = write(bench.folder / "rows.csv", table(rows(5)))
    run(bench.scorer(), file, bench.folder / "out", format="csv")
    (bench.folder / "out/predictions/part-00000.csv").write_text("oops")

    with pytest.raises(JobError, match=r"part-00000\.csv was altered"):
        run(bench.scorer(), file, bench.folder / "out", format="csv")


def test_another_job_does_not_touch_the_folder(bench: Bench) -> None:
    file = write(bench.folder / "rows.csv", table(rows(5)))
    run(bench.scorer(), file, bench.folder / "out")
    before = tree(bench.folder / "out")

    with pytest.raises(JobError, match="another input, model or option"):
        run(bench.scorer("bent"), file, bench.folder / "out")

    assert tree(bench.folder / "out") == before


def test_an_unfinished_folder_is_not_continued_by_another_job(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_bad_rate=0)
    file = bench.folder / "rows.csv"
    file.write_text("f0,f1,f2\n1,2,x\n")
    with pytest.raises(JobError, match="rows read are bad"):
        run(bench.scorer(), file, bench.folder / "out")
    with pytest.raises(JobError, match="another input, model or option"):
        run(bench.scorer(), file, bench.folder / "out", format="csv")


def test_a_folder_with_other_files_is_left_alone(bench: Bench) -> None:
    file = write(bench.folder / "rows.csv", table(rows(5)))
    with pytest.raises(JobError, match="is not empty"):
        run(bench.scorer(), file, bench.folder)


def test_a_foreign_success_file_is_no_manifest(bench: Bench) -> None:
    file = write(bench.folder / "rows.csv", table(rows(5)))
    (bench.folder / "out").mkdir()
    (bench.folder / "out" / "_SUCCESS.json").write_text("{}")
    with pytest.raises(JobError, match="no manifest of ours"):
        run(bench.scorer(), file, bench.folder / "out")


def test_two_processes_do_not_share_a_folder(bench: Bench) -> None:
    from serinus.bulk.folder import locked

    with (
        locked(bench.folder / "out", "a job"),
        pytest.raises(JobError, match="another process"),
        locked(bench.folder / "out", "a job"),
    ):
        pass


def test_damaged_parts_and_markers_are_made_again(tmp_path: Path) -> None:
    strict, lenient = Bench(tmp_path, max_bad_rate=0.0), Bench(tmp_path, max_bad_rate=0.9)
    file = tmp_path / "rows.csv"
    file.write_text("id,f0,f1,f2\n" + "".join(f"{i},1,2,3\n" for i in range(200)) + "200,1,2,x\n")
    with pytest.raises(JobError, match="rows read are bad"):
        run(strict.scorer(), file, tmp_path / "out", cut=SMALL)
    (tmp_path / "out/predictions/part-00000.parquet").write_bytes(b"half a fi")
    (tmp_path / "out/.work/done/00001.json").write_bytes(b"")
    strict.service.unlink()

    outcome = run(lenient.scorer(), file, tmp_path / "out", cut=SMALL)

    assert 0 < outcome.rows_kept < 201
    run(lenient.scorer(), file, tmp_path / "undisturbed", cut=SMALL)
    assert tree(tmp_path / "out") == tree(tmp_path / "undisturbed")


def test_a_file_that_changes_meanwhile_is_refused(bench: Bench) -> None:
    from serinus.bulk import local
    from serinus.bulk.plan import Request, plan

    file = write(bench.folder / "rows.csv", table(rows(5)))
    planned = plan(Request(file), bench.scorer())
    with file.open("a") as text:
        text.write("1,2,3\n")

    with pytest.raises(JobError, match="changed while it was read"):
        local.run(planned, bench.folder / "out", workers=1)
