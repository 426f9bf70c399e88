from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from export.errors import ExportError, Refused
from export.samples import Columns, Sample, sample_of
from serinus.category import Category

ROWS = np.float32([[1.5, np.nan], [-2.0, 1e-3]])
TWO = Columns(2)
CROPS = Columns(2, ("crop", "rain"), {0: Category(words=("rice", "maize", "1"))}, target="sold")


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


def csv(folder: Path, text: str) -> Path:
    (folder / "sample.csv").write_text(text)
    return folder / "sample.csv"


@pytest.mark.parametrize(
    ("suffix", "names"), [("npy", None), ("npz", None), ("csv", ("a", "b")), ("parquet", ("a", "b"))]
)
def test_samples_are_read_with_their_names_and_gaps(tmp_path: Path, suffix: str, names: Any) -> None:
    sample = sample_of(write(tmp_path / f"sample.{suffix}"), TWO)
    np.testing.assert_array_equal(sample.rows, ROWS)
    assert (sample.rows.dtype, sample.names) == (np.float32, names)


def test_an_array_is_a_sample_too() -> None:
    assert sample_of(np.array([[1, 2], [3, 4]]), TWO).rows.dtype == np.float32


def test_an_array_can_come_with_its_names() -> None:
    assert sample_of(Sample(ROWS, ("a", "b")), Columns(2, ("a", "b"))).names == ("a", "b")


def test_integer_and_empty_columns_are_numbers(tmp_path: Path) -> None:
    sample = sample_of(csv(tmp_path, "a,b\n1,\n2,\n"), TWO)
    np.testing.assert_array_equal(sample.rows, [[1, np.nan], [2, np.nan]])


def test_text_columns_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="not so kind, when"):
        sample_of(csv(tmp_path, "a,kind,when\n1,x,2020-01-01\n"), Columns(3))


def test_an_npz_must_hold_x(tmp_path: Path) -> None:
    np.savez(tmp_path / "sample.npz", rows=ROWS)
    with pytest.raises(ExportError, match="an array X, it holds rows"):
        sample_of(tmp_path / "sample.npz", TWO)


@pytest.mark.parametrize(
    "rows", [np.zeros(3), np.zeros((0, 3)), np.array([["a"]]), np.zeros((2, 2, 2))], ids=["1-d", "none", "text", "3-d"]
)
def test_what_is_no_table_of_numbers_is_refused(rows: Any) -> None:
    with pytest.raises(ExportError, match="must be rows of numbers"):
        sample_of(rows, TWO)


def test_a_pickled_array_is_not_opened(tmp_path: Path) -> None:
    pickled = np.array([{"a": 1}], object)
    np.save(tmp_path / "sample.npy", pickled, allow_pickle=True)
    np.savez(tmp_path / "sample.npz", X=ROWS, y=pickled)
    for name in ("sample.npy", "sample.npz"):
        with pytest.raises(ExportError, match="cannot read the sample"):
            sample_of(tmp_path / name, TWO)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sample.xls", "expected a file ending in"),
        ("none.npy", "no sample"),
        ("broken.parquet", "cannot read the sample .*broken.parquet"),
        ("empty.csv", "cannot read the sample .*empty.csv"),
    ],
)
def test_unknown_absent_and_broken_files_are_refused(tmp_path: Path, name: str, message: str) -> None:
    for broken in ("sample.xls", "broken.parquet", "empty.csv"):
        (tmp_path / broken).write_text("")
    with pytest.raises(ExportError, match=message):
        sample_of(tmp_path / name, TWO)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("crop,wind,sold", "the model and .*sample.csv disagree on the features: missing rain, unexpected wind"),
        ("rain,crop,sold", "disagree on the features: another order"),
        ("crop,sold", "missing rain, unexpected none"),
        ("crop,rain,sold,sown", "missing none, unexpected sown. No columns but the features and sold may be there"),
        ("crop,rain,yield", "missing none, unexpected yield. There is no column sold to take out as the truth"),
        ("crop,crop,sold", "the columns crop are there more than once"),
    ],
    ids=["renamed", "swapped", "missing", "one more", "target elsewhere", "twice"],
)
def test_columns_that_are_not_the_models_are_refused_by_name(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        sample_of(csv(tmp_path, f"{header}\n{'1,' * header.count(',')}1\n"), CROPS)


def test_a_column_too_many_is_named_even_where_the_model_has_no_names(tmp_path: Path) -> None:
    message = "takes 2 features, .*sample.csv has 3: a, b, y. A column that holds the truth is named with --target"
    with pytest.raises(Refused, match=message):
        sample_of(csv(tmp_path, "a,b,y\n1,2,3\n"), TWO)


def test_words_become_the_numbers_the_schema_gives_them(tmp_path: Path) -> None:
    """In a CSV file "1" is a word where words belong; an empty cell is a missing one."""
    sample = sample_of(csv(tmp_path, "crop,rain,sold\nmaize,1.5,yes\n1,2,no\n,3,no\nrice,,yes\n"), CROPS)
    np.testing.assert_array_equal(sample.rows, [[1, 1.5], [2, 2], [np.nan, 3], [0, np.nan]])
    assert sample.names == ("crop", "rain")
    assert sample.truth is not None
    assert sample.truth.tolist() == ["yes", "no", "no", "yes"]


def test_words_in_parquet_may_be_text_or_a_dictionary(tmp_path: Path) -> None:
    for words in (pa.array(["rice", None, "maize"]), pa.array(["rice", None, "maize"]).dictionary_encode()):
        table = pa.table({"sold": ["a", "b", "b"], "crop": words, "rain": [1, 2, 3]})
        parquet.write_table(table, tmp_path / "sample.parquet")
        sample = sample_of(tmp_path / "sample.parquet", CROPS)
        np.testing.assert_array_equal(sample.rows, [[0, 1], [np.nan, 2], [1, 3]])


def test_an_unknown_word_is_refused_by_name_or_unknown_as_the_category_says(tmp_path: Path) -> None:
    source = csv(tmp_path, "crop,rain\nrice,1\nsorghum,2\n")
    with pytest.raises(ExportError, match="column crop holds 'sorghum', expected 'rice', 'maize', '1'"):
        sample_of(source, CROPS)
    lenient = Columns(2, ("crop", "rain"), {0: Category(words=("rice",), others="unknown")})
    np.testing.assert_array_equal(sample_of(source, lenient).rows, [[0, 1], [-1, 2]])


def test_a_column_of_other_than_words_where_words_belong_is_refused(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"crop": [1.5], "rain": [1.0]}), tmp_path / "sample.parquet")
    with pytest.raises(ExportError, match="column crop holds double, expected words: 'rice'"):
        sample_of(tmp_path / "sample.parquet", CROPS)


def test_the_truth_of_a_regressor_is_numbers(tmp_path: Path) -> None:
    yields = Columns(1, target="yield", truth_is_words=False)
    sample = sample_of(csv(tmp_path, "rain,yield\n1,2.5\n3,4\n"), yields)
    assert sample.truth is not None
    assert sample.truth.tolist() == [2.5, 4.0]
    with pytest.raises(ExportError, match="column yield holds string, expected numbers"):
        sample_of(csv(tmp_path, "rain,yield\n1,much\n"), yields)


def test_the_classes_of_a_parquet_file_may_be_numbers(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [1, 2], "class": [1.0, 0.0]}), tmp_path / "sample.parquet")
    sample = sample_of(tmp_path / "sample.parquet", Columns(1, target="class"))
    assert sample.truth is not None
    assert sample.truth.tolist() == [1.0, 0.0]
    parquet.write_table(pa.table({"a": [1, 2], "class": [True, False]}), tmp_path / "sample.parquet")
    with pytest.raises(ExportError, match="column class holds bool, expected names or numbers of classes"):
        sample_of(tmp_path / "sample.parquet", Columns(1, target="class"))


def test_an_npz_may_hold_the_truth_as_y(tmp_path: Path) -> None:
    sample = sample_of(write(tmp_path / "sample.npz"), TWO)
    assert sample.truth is not None
    assert sample.truth.tolist() == ["p", "q"]
    np.savez(tmp_path / "sample.npz", X=ROWS, y=["p"])
    with pytest.raises(ExportError, match=r"the truth of 2 rows is needed, got \(1,\)"):
        sample_of(tmp_path / "sample.npz", TWO)
