"""The file of light curves: what is read, what is refused, and how it is said."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serinus.errors import SerinusError
from services.kepler.light_curves import BINS, FEATURE_NAMES, LABELS, LightCurveError, LightCurves, load, save

FLUX = np.zeros((3, BINS), np.float32)
NAMES = np.array(["CONFIRMED", "CANDIDATE", "FALSE POSITIVE"])
REAL = Path("kepler/kepler_fold784_dev.npz")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "curves.npz"


@pytest.fixture
def real_file(shared_data: Path) -> Path:
    if not (shared_data / REAL).is_file():
        pytest.skip(
            f"REAL CURVES MISSING: no file {shared_data / REAL}; set SERINUS_DATA to the folder that holds {REAL}"
        )
    return shared_data / REAL


def test_saved_curves_are_loaded_as_they_were(file: Path) -> None:
    flux = np.random.default_rng(0).normal(size=(3, BINS)).astype(np.float32)
    flux[1, 5] = np.nan
    save(file, LightCurves(flux, np.array([2, 0, 1]), np.array([11, 12, 13])))
    curves = load(file)
    np.testing.assert_array_equal(curves.flux, flux)
    assert curves.labels.tolist() == [2, 0, 1]
    assert curves.kepid.tolist() == [11, 12, 13]


def test_a_file_is_saved_under_the_name_asked_for(tmp_path: Path) -> None:
    save(tmp_path / "curves", LightCurves(FLUX, np.arange(3), np.arange(3)))
    assert [path.name for path in tmp_path.iterdir()] == ["curves"]


@pytest.mark.parametrize("spelling", ["FALSE POSITIVE", "FALSE_POSITIVE"], ids=["space", "underscore"])
def test_a_false_positive_may_be_spelled_both_ways(file: Path, spelling: str) -> None:
    np.savez(file, X=FLUX, y=np.array(["CONFIRMED", spelling, spelling]))
    assert [LABELS[label] for label in load(file).labels] == ["CONFIRMED", "FALSE_POSITIVE", "FALSE_POSITIVE"]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_any_float_is_read_as_float32(file: Path, kind: type[np.floating]) -> None:
    np.savez(file, X=FLUX.astype(kind), y=NAMES)
    assert load(file).flux.dtype == np.float32


def test_rows_without_a_kepid_are_numbered(file: Path) -> None:
    np.savez(file, X=FLUX, y=NAMES)
    assert load(file).kepid.tolist() == [0, 1, 2]


REFUSED = {
    "783 bins": ({"X": FLUX[:, 1:]}, "expected X of shape (N, 784), got (3, 783)"),
    "one flat row": ({"X": FLUX[0]}, "expected X of shape (N, 784), got (784,)"),
    "integers": ({"X": FLUX.astype(int)}, "expected floats in X, got int64"),
    "names missing": ({"y": NAMES[:2]}, "expected y of shape (3,) as X has 3 rows, got (2,)"),
    "kepid missing": ({"kepid": np.arange(2)}, "expected kepid of shape (3,) as X has 3 rows, got (2,)"),
    "kepid a float": ({"kepid": np.zeros(3)}, "expected integers in kepid, got float64"),
    "unknown name": ({"y": np.array(["CONFIRMED", "PLANET", "CANDIDATE"])}, "FALSE_POSITIVE, got PLANET"),
    "numbers as names": ({"y": np.arange(3)}, "FALSE_POSITIVE, got 0, 1, 2"),
    "infinity": ({"X": np.where(np.arange(BINS) == 7, -np.inf, FLUX)}, "NaN in X, got -inf at row 0, bin 7"),
    "beyond float32": (
        {"X": np.where(np.arange(BINS) == 7, 1e39, FLUX.astype(float))},
        "NaN in X, got 1e+39 at row 0, bin 7",
    ),
    "pickles": ({"y": NAMES.astype(object)}, "and no pickles"),
}


@pytest.mark.parametrize(("wrong", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_wrong_contents_are_named_with_the_file(file: Path, wrong: dict[str, Any], message: str) -> None:
    arrays: dict[str, Any] = {"X": FLUX, "y": NAMES} | wrong
    np.savez(file, **arrays)
    with pytest.raises(LightCurveError) as refusal:
        load(file)
    assert message in str(refusal.value)
    assert str(file) in str(refusal.value)


def test_a_file_without_names_is_refused(file: Path) -> None:
    np.savez(file, X=FLUX)
    with pytest.raises(LightCurveError, match=r"missing \['y'\], got \['X'\]"):
        load(file)


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "curves.npy", FLUX)
    with pytest.raises(LightCurveError, match="got a single array"):
        load(tmp_path / "curves.npy")


@pytest.mark.parametrize("content", [b"", b"kepid,flux_0\n", b"PK\x03\x04 cut short"], ids=["empty", "csv", "cut zip"])
def test_another_kind_of_file_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(LightCurveError, match=r"curves\.npz: expected an \.npz file"):
        load(file)


def test_an_absent_file_is_an_error_of_ours(file: Path) -> None:
    with pytest.raises(SerinusError, match="No such file"):
        load(file)


def test_a_damaged_array_is_refused(file: Path) -> None:
    save(file, LightCurves(FLUX, np.arange(3), np.arange(3)))
    content = bytearray(file.read_bytes())
    content[60:90] = bytes(30)
    file.write_bytes(content)
    with pytest.raises(LightCurveError, match=r"expected an \.npz file"):
        load(file)


def test_the_features_are_the_bins_in_order() -> None:
    assert FEATURE_NAMES[0] == "flux_0"
    assert FEATURE_NAMES[-1] == "flux_783"
    assert len(FEATURE_NAMES) == BINS


def test_the_real_curves_are_read(real_file: Path) -> None:
    curves = load(real_file)
    assert curves.flux.shape == (714, BINS)
    assert np.bincount(curves.labels).tolist() == [250, 70, 394]
    assert len(set(curves.kepid)) == 714


def test_the_real_eclipses_lie_in_the_middle(real_file: Path) -> None:
    curves = load(real_file)
    binaries = curves.flux[curves.labels == LABELS.index("FALSE_POSITIVE")]
    assert np.nanmedian(binaries[:, 391:393]) < 10 * np.nanmedian(binaries[:, 300:310]) - 0.01
