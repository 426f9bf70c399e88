"""What can be read and what cannot, and what it costs to read it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serinus.bulk.plan import Request, plan
from serinus.bulk.sources import Cut, identity, open_source
from serinus.errors import JobError
from tests.unit.bulk.jobs import Bench, rows, run, table, write_csv

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["rows.txt", "rows", "rows.parquet.gz", "rows.gz"])
def test_a_file_of_unknown_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(JobError, match="expected a name that ends in"):
        open_source(tmp_path / name, Cut())


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="is not a file"):
        open_source(tmp_path / "rows.csv", Cut())


def test_a_parquet_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 or not")
    with pytest.raises(JobError, match="is not a Parquet file"):
        open_source(tmp_path / "rows.parquet", Cut()).found  # noqa: B018  (reading it is the test)


def test_a_parquet_file_with_broken_pages_stops_the_job(tmp_path: Path) -> None:
    bench, file = Bench(tmp_path), tmp_path / "rows.parquet"
    pq.write_table(table(rows(3000)), file, write_page_checksum=True)
    contents = bytearray(file.read_bytes())
    contents[5000] ^= 1
    file.write_bytes(contents)
    with pytest.raises(JobError, match="cannot be read"):
        run(bench.scorer(), file, tmp_path / "out")


def test_text_where_features_belong_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"f0": ["a"], "f1": [1], "f2": [2]}), file)
    with pytest.raises(JobError, match=r"'f0 \(string\)'"):
        plan(Request(file), Bench(tmp_path).scorer())


def test_integers_of_parquet_are_rounded_once(tmp_path: Path) -> None:
    bench, file = Bench(tmp_path), tmp_path / "rows.parquet"
    pq.write_table(pa.table({"f0": [2**60 + 1], "f1": [1], "f2": pa.array([2], pa.uint8())}), file)
    assert run(bench.scorer(), file, tmp_path / "out").manifest.rows_ok == 1


def test_a_file_is_told_from_what_it_was(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n")
    first = identity(file)
    assert identity(file) == first
    os.utime(file, ns=(0, 0))
    assert identity(file) != first


NO_PANDAS = """
import sys
from pathlib import Path
from serinus import service as services
from serinus.bulk import local
from serinus.bulk.plan import Request, plan
from serinus.bulk.scorer import load
folder = Path(sys.argv[1])
scorer = load(services.load(folder / "service.toml"), folder / "models", "ensemble")
for name in ("rows.parquet", "rows.csv"):
    local.run(plan(Request(folder / name), scorer), folder / f"{name}.out", workers=2)
assert not {"pandas", "boto3"} & set(sys.modules)
"""


def test_a_job_imports_neither_pandas_nor_boto3(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.scorer()
    write_csv(tmp_path / "rows.csv", table(rows(5)))
    pq.write_table(table(rows(5)), tmp_path / "rows.parquet")
    subprocess.run([sys.executable, "-c", NO_PANDAS, str(tmp_path)], check=True, cwd=ROOT)


MEMORY = """
import resource, sys
from pathlib import Path
from serinus import service as services
from serinus.bulk import local
from serinus.bulk.plan import Request, plan
from serinus.bulk.scorer import load
folder, name = Path(sys.argv[1]), sys.argv[2]
scorer = load(services.load(folder / "service.toml"), folder / "models", "linear")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
outcome = local.run(plan(Request(folder / name), scorer), folder / f"{name}.out", workers=2)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize(("count", "group"), [(40_000, 40_000), (40_000, 5_000)], ids=["one group", "many groups"])
def test_memory_is_bounded_by_the_chunk_and_not_by_the_file(tmp_path: Path, count: int, group: int) -> None:
    bench = Bench(tmp_path, features=784)
    bench.scorer()
    numbers = np.tile(rows(1_000, 784), (count // 1_000, 1))
    pq.write_table(table(numbers, id=range(count)), tmp_path / "rows.parquet", row_group_size=group)

    ran = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path), "rows.parquet"],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert int(ran.stdout) < 300  # the numbers alone are 125 MB, pandas needs 600
