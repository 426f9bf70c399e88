from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from export.errors import ExportError
from export.samples import Sample, sample_of

ROWS = np.float32([[1.5, np.nan], [-2.0, 1e-3]])


def write(file: Path) -> Path:
    columns = {"a": [1.5, -2.0], "b": [None, 1e-3]}
    match file.suffix:
        case ".npy":
            np.save(file, ROWS)
        case ".npz":
            np.savez(file, X=ROWS, y=["p", "q"])
        case ".csv":
            file.write_text("a,b\n1.5,\n-2,0.001\n")
        case ".parquet":
            parquet.write_table(pa.table(columns), file)
    return file


@pytest.mark.parametrize(
    ("suffix", "names"), [("npy", None), ("npz", None), ("csv", ("a", "b")), ("parquet", ("a", "b"))]
)
def test_samples_are_read_with_their_names_and_gaps(tmp_path: Path, suffix: str, names: Any) -> None:
    sample = sample_of(write(tmp_path / f"sample.{suffix}"))
    np.testing.assert_array_equal(sample.rows, ROWS)
    assert (sample.rows.dtype, sample.names) == (np.float32, names)


def test_an_array_is_a_sample_too() -> None:
    assert sample_of(np.array([[1, 2], [3, 4]])).rows.dtype == np.float32


def test_an_array_can_come_with_its_names() -> None:
    named = Sample(ROWS, ("a", "b"))
    assert sample_of(named) is named


def test_integer_and_empty_columns_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "sample.csv").write_text("a,b\n1,\n2,\n")
    np.testing.assert_array_equal(sample_of(tmp_path / "sample.csv").rows, [[1, np.nan], [2, np.nan]])


def test_text_columns_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "sample.csv").write_text("a,kind,when\n1,x,2020-01-01\n")
    with pytest.raises(ExportError, match="not so kind, when"):
        sample_of(tmp_path / "sample.csv")


def test_an_npz_must_hold_x(tmp_path: Path) -> None:
    np.savez(tmp_path / "sample.npz", rows=ROWS)
    with pytest.raises(ExportError, match="an array X, it holds rows"):
        sample_of(tmp_path / "sample.npz")


@pytest.mark.parametrize(
    "rows", [np.zeros(3), np.zeros((0, 3)), np.array([["a"]]), np.zeros((2, 2, 2))], ids=["1-d", "none", "text", "3-d"]
)
def test_what_is_no_table_of_numbers_is_refused(rows: Any) -> None:
    with pytest.raises(ExportError, match="must be rows of numbers"):
        sample_of(rows)


def test_a_pickled_array_is_not_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "sample.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ExportError, match="cannot read the sample"):
        sample_of(tmp_path / "sample.npy")


@pytest.mark.parametrize(("name", "message"), [("sample.xls", "expected a file ending in"), ("none.npy", "no sample")])
def test_unknown_and_absent_files_are_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "sample.xls").write_text("")
    with pytest.raises(ExportError, match=message):
        sample_of(tmp_path / name)
