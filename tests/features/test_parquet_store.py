"""What is special of dated folders of Parquet files: which one counts, what columns become, what is put where."""

import datetime as dt
import decimal
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serinus.errors import StoreDown
from serinus.features.folder import DiskFolder
from serinus.features.parquet_store import Freshness, ParquetStore
from serinus.features.partition import load, newest
from serinus.features.store import Stored, Unreadable
from tests.features.labs import Clock


def write(root, date, name="plot_features.parquet", **columns):
    (root / date).mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), root / date / name)
    return root / date / name


def opened(root, clock=None, *, look_s=0, trust_s=0, wait_s=5.0):
    fresh = Freshness(look_s=look_s, trust_s=trust_s, wait_s=wait_s)
    return ParquetStore(DiskFolder(root), "plot_id", fresh, clock or time.monotonic, ThreadPoolExecutor(1))


def one(store, entity="1"):
    return store.get([entity])[entity]


def test_the_newest_date_counts_and_not_the_newest_file(tmp_path):
    write(tmp_path, "2026-01-02", plot_id=[1], altitude=[2.0])
    write(tmp_path, "2026-01-01", plot_id=[1, 2], altitude=[1.0, 1.0])
    write(tmp_path, "tmp-2026-01-03", plot_id=[1], altitude=[3.0])
    (tmp_path / "2026-01-04").mkdir()
    (tmp_path / "2026-01-04" / "notes.txt").write_text("soon")
    assert one(opened(tmp_path)).values == {"altitude": 2.0}
    assert opened(tmp_path).get(["2"]) == {}


def test_a_newer_date_is_seen_without_a_restart(tmp_path):
    write(tmp_path, "2026-01-01", plot_id=[1], altitude=[1.0])
    clock = Clock()
    store = opened(tmp_path, clock, look_s=60, trust_s=300)
    assert one(store).values["altitude"] == 1.0
    write(tmp_path, "2026-01-02", plot_id=[1], altitude=[2.0])
    assert one(store).values["altitude"] == 1.0
    clock.now += 61
    one(store)  # looks aside, and is answered from what is there
    store.ping()
    assert one(store).values["altitude"] == 2.0


def test_a_file_that_was_written_anew_is_read_anew(tmp_path):
    file = write(tmp_path, "2026-01-01", plot_id=[1], altitude=[1.0])
    store = opened(tmp_path)
    assert one(store).values["altitude"] == 1.0
    write(tmp_path, "2026-01-01", plot_id=[1], altitude=[2.0])
    os.utime(file, (4e9, 4e9))
    assert one(store).values["altitude"] == 2.0


def test_a_broken_newer_date_takes_the_place_of_none_for_a_while(tmp_path):
    write(tmp_path, "2026-01-01", plot_id=[1], altitude=[1.0])
    clock = Clock()
    store = opened(tmp_path, clock, look_s=60, trust_s=300)
    store.ping()
    (tmp_path / "2026-01-02").mkdir()
    (tmp_path / "2026-01-02" / "half.parquet").write_bytes(b"PAR1....")
    clock.now += 61
    assert one(store).values["altitude"] == 1.0
    with pytest.raises(StoreDown, match=r"half.parquet is not a Parquet file"):
        store.ping()
    clock.now += 300
    with pytest.raises(StoreDown, match=r"half.parquet is not a Parquet file"):
        store.get(["1"])


@dataclass(frozen=True)
class Slow(DiskFolder):
    """Reads files when it is let."""

    let: threading.Event

    def read(self, path):
        self.let.wait(10)
        return super().read(path)


@pytest.fixture
def slow(tmp_path):
    """A folder, and a store on it that has read the first date."""
    write(tmp_path, "2026-01-01", plot_id=[1], altitude=[1.0])
    folder, clock = Slow(tmp_path, threading.Event()), Clock()
    fresh = Freshness(look_s=60, trust_s=300, wait_s=0.05)
    return folder, clock, ParquetStore(folder, "plot_id", fresh, clock, ThreadPoolExecutor(1))


def test_before_all_is_read_there_is_no_answer(slow):
    folder, _, store = slow
    with pytest.raises(StoreDown, match="is still being read"):
        store.get(["1"])
    folder.let.set()
    store.ping()
    assert one(store).values["altitude"] == 1.0


def test_after_a_quiet_night_nobody_waits_for_the_new_date(slow, tmp_path):
    folder, clock, store = slow
    folder.let.set()
    store.ping()
    folder.let.clear()
    write(tmp_path, "2026-01-02", plot_id=[1], altitude=[2.0])
    clock.now += 36_000
    assert one(store).values["altitude"] == 1.0
    folder.let.set()
    store.ping()
    assert one(store).values["altitude"] == 2.0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param(pa.array([7], pa.int8()), 7, id="integer"),
        pytest.param(pa.array([0.5], pa.float32()), 0.5, id="float32"),
        pytest.param(pa.array([float("nan")]), None, id="nan"),
        pytest.param(pa.array([None], pa.float64()), None, id="null"),
        pytest.param(pa.nulls(1), None, id="a column of nulls"),
        pytest.param(pa.array([True]), True, id="truth"),
        pytest.param(pa.array(["Löss"]).dictionary_encode(), "Löss", id="category"),
        pytest.param(pa.array([decimal.Decimal("1.50")]), 1.5, id="decimal"),
        pytest.param(pa.array([dt.date(2021, 10, 7)]), "2021-10-07", id="date"),
        pytest.param(pa.array([dt.date(2021, 10, 7)], pa.date64()), "2021-10-07", id="date64"),
        pytest.param(pa.array([dt.datetime(2021, 10, 7)], pa.timestamp("ns")), "2021-10-07", id="midnight"),
        pytest.param(
            pa.array([dt.datetime(2021, 10, 7, 12, 30)], pa.timestamp("ms")), "2021-10-07T12:30:00.000", id="time"
        ),
    ],
)
def test_a_cell_becomes_a_plain_value(tmp_path, column, value):
    write(tmp_path, "2026-01-01", plot_id=[1], feature=column)
    found = one(opened(tmp_path)).values["feature"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(pa.array([1], pa.int16()), id="integers"),
        pytest.param(pa.array(["1"]), id="texts"),
        pytest.param(pa.array(["1"]).dictionary_encode(), id="categories"),
        pytest.param(pa.array([1.0, None]), id="floats with a gap"),
        pytest.param(pa.array([1.0, float("nan")]), id="floats with a nan"),
    ],
)
def test_plot_1_is_found_whatever_type_its_column_has(tmp_path, names):
    write(tmp_path, "2026-01-01", plot_id=names, altitude=[5.0] * len(names))
    assert one(opened(tmp_path)).values == {"altitude": 5.0}
    assert list(opened(tmp_path).entities()) == ["1"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param({"plot": [1]}, "expected a column plot_id, each name once, got plot", id="no entity"),
        pytest.param(
            {"plot_id": [1.5]}, "column plot_id of .*: expected whole numbers or texts, got fr", id="fractions"
        ),
        pytest.param(
            {"plot_id": [True]}, "column plot_id of .*: expected whole numbers or texts, got bool", id="truths"
        ),
        pytest.param(
            {"plot_id": [1], "a": [[1.0]]}, "column a of .*: expected numbers, texts, .* got list", id="a list"
        ),
    ],
)
def test_a_file_that_cannot_be_features_says_why(tmp_path, columns, message):
    write(tmp_path, "2026-01-01", **columns)
    with pytest.raises(StoreDown, match=message):
        opened(tmp_path).get(["1"])


def test_an_address_without_dates_is_no_empty_store(tmp_path):
    write(tmp_path, "features/2026-01-01", plot_id=[1])
    for ask in (lambda store: store.get(["1"]), lambda store: store.ping(), lambda store: list(store.entities())):
        with pytest.raises(StoreDown, match="holds no folder such as 2026-01-31"):
            ask(opened(tmp_path))


def test_files_of_one_date_are_read_together(tmp_path):
    write(tmp_path, "2026-01-01", "a.parquet", plot_id=[1], altitude=[1])
    write(tmp_path, "2026-01-01", "b.parquet", plot_id=["2"], altitude=[2.5], soil=["clay"])
    found = opened(tmp_path).get(["1", "2"])
    assert found["1"].values == {"altitude": 1.0, "soil": None}
    assert found["2"].values == {"altitude": 2.5, "soil": "clay"}


def test_files_that_contradict_each_other_are_refused(tmp_path):
    write(tmp_path, "2026-01-01", "a.parquet", plot_id=[1], altitude=[1])
    write(tmp_path, "2026-01-01", "b.parquet", plot_id=[2], altitude=["high"])
    with pytest.raises(StoreDown, match="columns of one name and several kinds"):
        opened(tmp_path).get(["1"])


def test_others_files_are_as_old_as_they_are_written(tmp_path):
    file = write(tmp_path, "2026-01-01", plot_id=[1])
    os.utime(file, (1_763_690_000, 1_763_690_000))
    assert one(opened(tmp_path)).at == 1_763_690_000


def test_two_rows_of_an_entity_are_unreadable(tmp_path):
    write(tmp_path, "2026-01-01", plot_id=[1, 1, 2], altitude=[1, 2, 3])
    assert opened(tmp_path).get(["1", "2"])["1"] == Unreadable("it stands in 2 rows")


def test_what_is_put_joins_a_date_of_others_files(tmp_path):
    write(tmp_path, "2099-01-01", plot_id=[1, 2], altitude=[1.0, 2.0])
    opened(tmp_path).put({"2": Stored({"altitude": 5.0}, 4e9)})
    found = opened(tmp_path).get(["1", "2"])
    assert (found["1"].values, found["2"].values) == ({"altitude": 1.0}, {"altitude": 5.0})
    assert [folder.name for folder in tmp_path.iterdir()] == ["2099-01-01"]


def test_what_is_put_twice_leaves_one_file(tmp_path):
    for at in (1.0, 2.0):
        opened(tmp_path).put({"1": Stored({"altitude": at}, at)})
    assert [file.parent.name for file in tmp_path.rglob("*.parquet")] == ["1970-01-01"]
    assert one(opened(tmp_path)) == Stored({"altitude": 2.0}, 2.0)


def test_a_lookup_among_many_is_no_scan(tmp_path):
    rows = 300_000
    write(tmp_path, "2026-01-01", plot_id=range(rows), altitude=[1.0] * rows)
    folder = DiskFolder(tmp_path)
    partition = load(folder, newest(folder), "plot_id")
    partition.get(["1"])
    started = time.perf_counter()
    for entity in range(0, rows, rows // 100):
        assert len(partition.get([str(entity)])) == 1
    assert (time.perf_counter() - started) / 100 < 0.005  # 0.1 ms; a scan takes 10
