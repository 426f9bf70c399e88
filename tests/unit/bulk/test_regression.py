"""Regressors in bulk: their values to the last bit, together or alone, and never a number that is none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from serinus import service as services
from serinus.blend import combine
from serinus.bulk.formats import Format
from serinus.bulk.plan import Request, plan
from serinus.bulk.scorer import Scorer, load
from serinus.errors import JobError
from serinus.prediction import Values
from tests.bundles import write_regressor
from tests.unit.bulk.jobs import predictions, quarantine, rows, run, table, write_csv, write_jsonl

MODELS = {"low": (0.1, 0.2, 0.3), "high": (10.5, 1, 1), "odd": (-1, 7, 1 / 3)}
LARGEST = 3e38


@pytest.fixture
def service(tmp_path: Path) -> Callable[..., Scorer]:
    """Loads a model of a service of three regressors."""

    def loaded(model: str, ensemble: str = "") -> Scorer:
        names = "".join(f'{name} = "1.0.0"\n' for name in MODELS)
        for place, (name, weights) in enumerate(MODELS.items()):
            if not (tmp_path / "models" / name).exists():
                write_regressor(tmp_path / "models", name, weights=weights, performance={"rmse": 3.0 - place})
        about = '[service]\nname = "tiny"\ntask = "regression"\n[input]\nfeatures = 3\n'
        file = tmp_path / "service.toml"
        file.write_text(f"{about}[models]\n{names}[bulk]\nmax_bad_rate = 0.9\n{ensemble}")
        return load(services.load(file), tmp_path / "models", model)

    return loaded


def values(numbers: np.ndarray, name: str) -> np.ndarray:
    return numbers @ np.array(MODELS[name], np.float32)


def exactly(file: Path, column: str, kind: pa.DataType) -> np.ndarray:
    """A column of an output file, read by others than us."""
    if file.suffix == ".parquet":
        return pq.read_table(file)[column].to_numpy()
    if file.suffix == ".csv":
        convert = arrow_csv.ConvertOptions(column_types={column: kind})
        return arrow_csv.read_csv(file, convert_options=convert)[column].to_numpy()
    return np.array([row[column] for row in predictions(file.parent.parent)], kind.to_pandas_dtype())


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("ensemble", ["", '[ensemble]\nhow = "median"\n'], ids=["mean", "median"])
def test_an_ensemble_of_regressors_says_every_value_and_their_spread_to_the_last_bit(
    tmp_path: Path, service: Callable[..., Scorer], format: Format, ensemble: str
) -> None:
    scorer = service("ensemble", ensemble)
    numbers = rows(700) * np.float32([1e-3, 1e6, 1])
    pq.write_table(table(numbers, plot=np.arange(700)), tmp_path / "rows.parquet")

    run(scorer, tmp_path / "rows.parquet", tmp_path / "out", format=format)

    [part] = (tmp_path / "out" / "predictions").glob("part-*")
    alone = {p.metadata.model_name: p.predict(numbers[:64]).values for p in scorer.predictors}
    for name in MODELS:
        got = exactly(part, f"value_{name}", pa.float32())
        np.testing.assert_array_equal(got[:64], alone[name])
        np.testing.assert_allclose(got, values(numbers, name), rtol=1e-3)
    every = [Values(exactly(part, f"value_{name}", pa.float32())) for name in MODELS]
    blend = combine(every, "median" if ensemble else "mean")
    np.testing.assert_array_equal(exactly(part, "prediction", pa.float32()), blend.values)
    np.testing.assert_array_equal(exactly(part, "spread", pa.float64()), blend.spread)


def test_the_columns_of_an_ensemble_stand_in_the_services_order(tmp_path: Path, service: Callable[..., Scorer]) -> None:
    file = write_jsonl(tmp_path / "rows.jsonl", table(rows(2), plot=["a", "b"]))
    run(service("ensemble"), file, tmp_path / "out", format="jsonl")
    first = predictions(tmp_path / "out")[0]
    each = [f"value_{name}" for name in MODELS]
    assert list(first) == ["plot", "prediction", "spread", *each, "model", "model_version"]
    assert (first["model"], first["model_version"]) == ("ensemble", "low=1.0.0,high=1.0.0,odd=1.0.0")


def test_weights_count_by_the_models_names(tmp_path: Path, service: Callable[..., Scorer]) -> None:
    weights = '[ensemble]\nhow = "weighted"\nweights = { odd = 3, low = 1, high = 0 }\n'
    file = write_csv(tmp_path / "rows.csv", table(np.float32([[1, 0, 0]])))
    run(service("ensemble", weights), file, tmp_path / "out", format="jsonl")
    assert predictions(tmp_path / "out")[0]["prediction"] == pytest.approx((3 * -1 + 0.1) / 4)


def test_auto_is_the_regressor_of_the_least_rmse(tmp_path: Path, service: Callable[..., Scorer]) -> None:
    assert service("auto").model == "odd"


def test_another_way_to_combine_is_another_job(tmp_path: Path, service: Callable[..., Scorer]) -> None:
    file = write_csv(tmp_path / "rows.csv", table(rows(3)))
    ways = [
        "",
        '[ensemble]\nhow = "median"\n',
        '[ensemble]\nhow = "weighted"\nweights = { low = 1, high = 0, odd = 0 }\n',
        '[ensemble]\nhow = "weighted"\nweights = { low = 1, high = 0, odd = 2 }\n',
    ]
    jobs = {plan(Request(file), service("ensemble", way)).job for way in ways}
    assert len(jobs) == len(ways)


def test_an_id_column_must_not_be_named_like_a_models_values(tmp_path: Path, service: Callable[..., Scorer]) -> None:
    file = write_csv(tmp_path / "rows.csv", table(rows(3), value_low=[1, 2, 3]))
    assert plan(Request(file), service("auto")).columns.ids == ("value_low",)
    with pytest.raises(JobError, match=r"id column .value_low. is named like a column of the output"):
        plan(Request(file), service("ensemble"))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_row_that_a_model_has_no_number_for_is_set_aside(
    tmp_path: Path, service: Callable[..., Scorer], suffix: str
) -> None:
    numbers = rows(5)
    numbers[2] = LARGEST
    columns, file = table(numbers, plot=list("abcde")), tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        pq.write_table(columns, file)
    else:
        (write_csv if suffix == "csv" else write_jsonl)(file, columns)

    outcome = run(service("ensemble"), file, tmp_path / "out", format="jsonl")

    assert [row["plot"] for row in predictions(tmp_path / "out")] == list("abde")
    assert (outcome.manifest.rows_ok, outcome.manifest.rows_bad) == (4, 1)
    [bad] = quarantine(tmp_path / "out")
    assert "numbers up to 3e+38 in size" in bad["reason"]
    assert "expected values that high has a finite answer for" in bad["reason"]
    assert bad["line"] == {"csv": 4, "jsonl": 3, "parquet": 3}[suffix]


def test_no_row_has_the_columns_of_an_ensemble(tmp_path: Path, service: Callable[..., Scorer]) -> None:
    file = write_csv(tmp_path / "rows.csv", table(rows(0)))
    run(service("ensemble"), file, tmp_path / "out")
    [part] = (tmp_path / "out" / "predictions").glob("part-*")
    assert pq.read_schema(part).names[:5] == ["prediction", "spread", "value_low", "value_high", "value_odd"]


def test_a_model_that_is_called_ensemble_is_meant_by_that_name(tmp_path: Path) -> None:
    for name, weights in (("ensemble", (1, 2, 3)), ("low", (0, 0, 0))):
        write_regressor(tmp_path / "models", name, weights=weights, performance={"rmse": 1.0})
    file = tmp_path / "service.toml"
    models = '[models]\nensemble = "1.0.0"\nlow = "1.0.0"\n'
    file.write_text(f'[service]\nname = "tiny"\ntask = "regression"\n[input]\nfeatures = 3\n{models}')
    scorer = load(services.load(file), tmp_path / "models", "ensemble")
    numbers = np.eye(3, dtype=np.float32)
    verdict = scorer.verdict(scorer.answer(numbers))
    assert (scorer.model, scorer.version) == ("ensemble", "1.0.0")
    assert isinstance(verdict, Values)
    assert verdict.values.tolist() == [1, 2, 3]
