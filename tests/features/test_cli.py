"""`serinus features`: files into a store, one entity out of it, all of them checked."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serinus.cli import app
from serinus.errors import JobError, ServiceError, StoreDown, UnknownEntity
from serinus.features.folder import DiskFolder
from serinus.features.push import Done, Journal, Survey
from serinus.features.redis_store import redis_store
from tests.features.labs import aws_line
from tests.features.plots import PLOTS, plots_service
from tests.stores import line_to

ROOT = Path(__file__).parents[2]
CSV = """plot_id,precip_total,altitude,soil,sown,county
1,450.25,1252,clay,2021-10-07,x
2,12.5,?,,,y
3,0,7,loam,2021-10-08,z
"""


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["features", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.fixture
def plots(tmp_path) -> Path:
    """A service whose store is a folder of Parquet files."""
    service = plots_service(tmp_path, address=str(tmp_path / "store"), max_age_h=1)
    run("init", "--service", service)
    return service


def as_csv(folder):
    (folder / "plots.csv").write_text(CSV)
    return folder / "plots.csv"


def as_jsonl(folder):
    rows = [{"plot_id": int(name), **values} for name, values in PLOTS.items()]
    (folder / "plots.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "plots.jsonl"


def as_parquet(folder):
    rows = [{"plot_id": float(name), **values} for name, values in PLOTS.items()]
    table = pa.Table.from_pylist(rows)
    sown = table.column("sown").cast(pa.timestamp("ns"))
    pq.write_table(table.set_column(4, "sown", sown), folder / "plots.parquet")
    return folder / "plots.parquet"


@pytest.mark.parametrize("write", [as_csv, as_jsonl, as_parquet])
def test_a_file_that_was_pushed_is_found_entity_by_entity(tmp_path, plots, write):
    pushed = json.loads(run("push", write(tmp_path), "--service", plots, "--json"))
    assert (pushed["rows"], pushed["pushed"], pushed["bad"], pushed["bad_rows"]) == (3, 3, 0, [])
    for entity, values in PLOTS.items():
        told = json.loads(run("get", entity, "--service", plots, "--json"))
        assert {name: told["values"].get(name) for name in values} == values
        assert told["problems"] == {}
        assert 0 <= told["age_s"] < 60


def test_columns_that_are_no_features_are_named(tmp_path, plots):
    assert "no features of the service: county" in run("push", as_csv(tmp_path), "--service", plots)


BAD = """plot_id,precip_total,altitude,soil,sown
1,450.25,1252,clay,2021-10-07
2,9999,1252,clay,2021-10-07
x,1,1252,clay,2021-10-07
4,,1252,clay,2021-10-07
5,1,high,granite,2021-13-40
6,1,1,clay
7,1,1,clay,
7,2,1,clay,
"""
TOLD = [
    "row 2: precip_total: got 9999.0, expected a number from 0 to 5000",
    "row 3: plot_id: got 'x', expected a whole number",
    "row 4: precip_total: got None, expected a number from 0 to 5000",
    "row 5: altitude: got 'high', expected a number, or null for a missing value; soil: got 'granite', expected one of "
    "'clay', 'loam', or null for a missing value; sown: got '2021-13-40', expected a date such as 2021-10-07, or null "
    "for a missing value",
    "row 6: expected 5 cells, got 4",
    "row 7: its entity stands in another row, too",
    "row 8: its entity stands in another row, too",
]


def test_bad_rows_are_named_and_not_pushed(tmp_path, plots):
    (tmp_path / "bad.csv").write_text(BAD)
    pushed = json.loads(run("push", tmp_path / "bad.csv", "--service", plots, "--json", code=1))
    assert (pushed["rows"], pushed["pushed"], pushed["bad"]) == (8, 1, 7)
    assert pushed["bad_rows"] == TOLD
    with pytest.raises(UnknownEntity, match=r"plot_id: got '2', expected one that .* keeps features of"):
        run("get", "2", "--service", plots)
    shown = run("push", tmp_path / "bad.csv", "--service", plots, code=1)
    assert "7 bad rows were not pushed" in shown
    assert TOLD[0] in shown


def test_of_bad_rows_about_people_no_value_is_told(tmp_path):
    service = plots_service(tmp_path, address=str(tmp_path / "store"), personal=True)
    run("init", "--service", service)
    (tmp_path / "bad.csv").write_text(BAD)
    pushed = json.loads(run("push", tmp_path / "bad.csv", "--service", service, "--json", code=1))
    assert pushed["bad_rows"][0] == "row 2: precip_total: expected a number from 0 to 5000"
    assert not any(value in str(pushed["bad_rows"]) for value in ("9999", "'x'", "high", "granite", "2021-13-40"))


def test_pushing_again_changes_nothing_but_the_time(tmp_path, plots):
    file = as_csv(tmp_path)
    told = []
    for _ in range(2):
        run("push", file, "--service", plots)
        told.append(json.loads(run("get", "1", "--service", plots, "--json")))
    assert told[0]["values"] == told[1]["values"]
    assert told[0]["at"] < told[1]["at"]
    assert len(list((tmp_path / "store").rglob("*.parquet"))) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("plot,precip_total\n1,2\n", "has no column 'plot_id'; it has 'plot', 'precip_total'", id="entity"),
        pytest.param("plot_id,altitude\n1,2\n", "has no column 'precip_total'", id="a field only the store can say"),
        pytest.param("plot_id,precip_total\n", "has no rows", id="no rows"),
    ],
)
def test_a_file_that_lacks_what_it_must_have_is_refused(tmp_path, plots, text, message):
    (tmp_path / "plots.csv").write_text(text)
    with pytest.raises(JobError, match=message):
        run("push", tmp_path / "plots.csv", "--service", plots)


AGAIN = "run the same command again to continue"


def many(folder: Path, rows: int) -> Path:
    lines = (f"{number},{number % 5000},1\n" for number in range(1, rows + 1))
    (folder / "many.csv").write_text("plot_id,precip_total,altitude\n" + "".join(lines))
    return folder / "many.csv"


def hears_ctrl_c() -> None:
    """Where tests run as a background job, their children would ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("stop", "code", "told"),
    [
        pytest.param(lambda process, line: process.send_signal(signal.SIGINT), 130, AGAIN, id="Ctrl-C"),
        pytest.param(lambda process, line: line.cut(), 1, AGAIN, id="the store goes down"),
        pytest.param(lambda process, line: process.kill(), -9, "", id="kill -9"),
    ],
)
def test_an_interrupted_push_goes_on_where_it_was(tmp_path, redis_server, stop, code, told):
    service = plots_service(tmp_path, store="redis", address="redis://127.0.0.1:1/0")
    file = many(tmp_path, 20_000)
    with line_to(redis_server) as line:
        line.delay_s = 0.05
        env = {**os.environ, "SERINUS_FEATURES_ADDRESS": f"redis://127.0.0.1:{line.port}/9"}
        command = [sys.executable, "-m", "serinus.cli", "features", "push", str(file), "--service", str(service)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c
        )
        journal = tmp_path / ".many.csv.plots.push"
        wait_until(journal.exists)
        stop(process, line)
        assert told in process.communicate()[1]
        assert process.returncode == code
        line.mend()
        done = json.loads(journal.read_bytes())["done"]["rows"]
        assert 0 < done < 20_000
        store = redis_store(f"redis://127.0.0.1:{redis_server}/9", service="plots", timeout_s=5)
        first = store.get(["2"])["2"].at
        store.client.delete("features:plots:1")
        pushed = json.loads(subprocess.check_output([*command, "--json"], cwd=ROOT, env=env, text=True))
    assert (pushed["rows"], pushed["pushed"], pushed["rows_done_before"]) == (20_000, 20_000, done)
    found = store.get([str(number) for number in range(1, 20_001)])
    assert "1" not in found  # what was done is not done again
    assert len(found) == 19_999
    assert {stored.at for stored in found.values()} == {first}
    assert not journal.exists()
    store.client.flushdb()


def wait_until(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_where_no_journal_can_be_kept_a_push_goes_on_without(tmp_path):
    journal = Journal(tmp_path / "no such folder" / ".plots.csv.push", "job")
    journal.write(Done(Survey(1, ()), at=1.0))
    assert journal.read() is None


def test_another_file_is_pushed_from_its_start(tmp_path, plots):
    file = as_csv(tmp_path)
    (tmp_path / ".plots.csv.plots.push").write_text('{"job": "another", "done": {}}')
    assert json.loads(run("push", file, "--service", plots, "--json"))["rows_done_before"] == 0


def test_a_store_that_is_down_is_told_without_its_password(tmp_path):
    service = plots_service(tmp_path, store="redis", address="redis://:s3cret@127.0.0.1:1/0")
    with pytest.raises(StoreDown) as down:
        run("push", as_csv(tmp_path), "--service", service)
    assert "s3cret" not in str(down.value)


def test_one_entity_is_shown_as_a_table(tmp_path, plots):
    run("push", as_csv(tmp_path), "--service", plots)
    shown = run("get", "2", "--service", plots)
    assert "12.5" in shown
    assert "missing" in shown
    assert "seconds ago" in shown


def put(folder: Path, entity: str, values: dict[str, object], at: float) -> None:
    row = {"plot_id": entity, **values, "__at": at}
    stream = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([row]), stream)
    DiskFolder(folder).write(f"2099-01-01/{entity}.parquet", bytes(stream.getvalue()))


def test_an_entity_the_service_cannot_use_is_shown_with_what_is_wrong(tmp_path, plots):
    put(tmp_path / "store", "7", {"precip_total": -5.0, "soil": "clay"}, time.time())
    told = json.loads(run("get", "7", "--service", plots, "--json", code=1))
    assert told["problems"] == {"precip_total": "a number from 0 to 5000"}
    assert "expected a number" in run("get", "7", "--service", plots, code=1)


def test_an_unreadable_entity_is_told_without_what_stands_there(tmp_path, plots):
    put(tmp_path / "store", "7", {"precip_total": 5.0}, time.time())
    (tmp_path / "store/2099-01-01/again.parquet").write_bytes((tmp_path / "store/2099-01-01/7.parquet").read_bytes())
    with pytest.raises(UnknownEntity, match="expected readable features, but of what is kept it stands in 2 rows"):
        run("get", "7", "--service", plots)


def test_a_store_that_is_well_is_called_so(tmp_path, plots):
    run("push", as_csv(tmp_path), "--service", plots)
    told = json.loads(run("check", "--service", plots, "--json"))
    assert told["is_well"]
    assert told["entities"] == 3
    assert told["fields"]["altitude"] == {
        "missing": 1,
        "missing_share": 0.3333,
        "out_of_range": 0,
        "out_of_range_share": 0.0,
        "required": False,
    }
    assert "all is well" in run("check", "--service", plots)


def test_what_is_wrong_in_a_store_is_counted(tmp_path, plots):
    now, store = time.time(), tmp_path / "store"
    put(store, "1", {"precip_total": 5.0}, now)
    put(store, "2", {"precip_total": -5.0}, now)
    put(store, "3", {"precip_total": None}, now)
    put(store, "4", {"precip_total": 5.0}, now - 2 * 3600)
    put(store, "5", {"precip_total": 5.0}, now)
    (store / "2099-01-01/again.parquet").write_bytes((store / "2099-01-01/5.parquet").read_bytes())
    told = json.loads(run("check", "--service", plots, "--json", code=1))
    assert (told["entities"], told["unreadable"], told["stale"]) == (5, 1, 1)
    assert told["fields"]["precip_total"]["missing"] == 1
    assert told["fields"]["precip_total"]["out_of_range"] == 1
    shown = run("check", "--service", plots, code=1)
    assert "something is wrong" in shown
    assert "1 (20.0%)" in shown


def test_an_empty_store_is_not_well(tmp_path, redis_server):
    service = plots_service(tmp_path, store="redis", address=f"redis://127.0.0.1:{redis_server}/7")
    assert not json.loads(run("check", "--service", service, "--json", code=1))["is_well"]


def test_a_table_is_made_where_there_is_none(tmp_path, monkeypatch):
    service = plots_service(tmp_path, store="dynamodb", address="plot-features")
    with aws_line(monkeypatch):
        assert run("init", "--service", service) == "made plot-features\n"
        assert run("init", "--service", service) == "plot-features needs nothing to be made\n"
        run("push", as_csv(tmp_path), "--service", service)
        assert boto3.client("dynamodb").scan(TableName="plot-features")["Count"] == 3
        assert json.loads(run("check", "--service", service, "--json"))["entities"] == 3


def test_a_service_of_redis_is_filled_in_dynamodb_where_the_environment_says_so(tmp_path, monkeypatch):
    service = plots_service(tmp_path, store="redis", address="redis://127.0.0.1:1/0")
    monkeypatch.setenv("SERINUS_FEATURES_ADDRESS", "dynamodb://plot-features")
    with aws_line(monkeypatch):
        assert run("init", "--service", service) == "made dynamodb://plot-features\n"
        run("push", as_csv(tmp_path), "--service", service)
        assert boto3.client("dynamodb").scan(TableName="plot-features")["Count"] == 3
        assert json.loads(run("get", "1", "--service", service, "--json"))["values"]["altitude"] == 1252.0
        assert json.loads(run("check", "--service", service, "--json"))["entities"] == 3


def test_a_service_without_features_has_none_to_push(tmp_path, tiny_service):
    with pytest.raises(ServiceError, match=r"service tiny has no \[features\]"):
        run("push", as_csv(tmp_path), "--service", tiny_service)


def test_a_push_may_name_another_place(tmp_path, plots):
    (tmp_path / "elsewhere").mkdir()
    run("push", as_csv(tmp_path), "--service", plots, "--address", tmp_path / "elsewhere")
    assert list((tmp_path / "elsewhere").rglob("*.parquet"))
    assert not list((tmp_path / "store").rglob("*.parquet"))


def test_a_stored_time_is_that_of_the_push(tmp_path, plots):
    before = time.time()
    run("push", as_csv(tmp_path), "--service", plots)
    told = json.loads(run("get", "1", "--service", plots, "--json"))
    assert before <= told["at"] <= time.time()
