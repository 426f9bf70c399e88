"""Models that are opened before anything is known of them: used where they are the right ones, and only there."""

from pathlib import Path

import numpy as np
import pytest

from functions.predict.head_start import HeadStart
from functions.predict.loading import Loading
from serinus import service as services
from serinus.bundle import Bundle
from serinus.errors import BundleError
from serinus.predictor import Predictor
from tests.bundles import resigned, write_bundle, write_service

ROWS = np.eye(3, dtype=np.float32)


@pytest.fixture
def file(tmp_path) -> Path:
    return write_service(tmp_path / "tiny", "linear", "bent")


def folder_of(file: Path, name: str = "linear") -> Path:
    return file.parent / "models" / name / "v1.0.0"


def loaded(file: Path, ahead: HeadStart | None):
    return Loading(services.load(file), file.parent / "models", ahead=ahead).all()


def test_models_opened_ahead_answer_what_others_do(file):
    ahead, alone = loaded(file, HeadStart(file, file.parent / "models")), loaded(file, None)
    assert list(ahead) == list(alone) == ["linear", "bent"]
    for name, (predictor, seconds) in ahead.items():
        assert (predictor.predict(ROWS).probabilities == alone[name].predictor.predict(ROWS).probabilities).all()
        assert seconds > 0


def test_a_model_is_opened_for_one_taker(file):
    ahead = HeadStart(file, file.parent / "models")
    assert ahead.take(folder_of(file)) is not None
    assert ahead.take(folder_of(file)) is None


def test_a_session_of_other_bytes_is_not_used(file):
    """The bundle was replaced after its model was opened."""
    ahead = HeadStart(file, file.parent / "models")
    opened = ahead.take(folder_of(file))
    assert opened is not None
    turned = write_bundle(file.parent / "other", "linear", weights=np.eye(3, dtype=np.float32)[::-1] * 5)
    assert Predictor(turned, opened=opened).predict(ROWS).ids.tolist() == [2, 1, 0]
    assert Predictor(Bundle.load(folder_of(file)), opened=opened)._session is opened.session


def test_a_model_that_its_bundle_does_not_list_is_not_opened(file):
    model = folder_of(file) / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    ahead = HeadStart(file, file.parent / "models")
    assert ahead.take(folder_of(file)) is None
    with pytest.raises(BundleError, match=r"model\.onnx was altered"):
        loaded(file, HeadStart(file, file.parent / "models"))


def test_a_model_that_cannot_be_opened_is_told_of_where_bundles_are_read(file):
    resigned(folder_of(file), "model.onnx", b"no model")
    ahead = HeadStart(file, file.parent / "models")
    with pytest.raises(BundleError):
        loaded(file, ahead)


@pytest.mark.parametrize("text", ["no = [toml", "models = 3", "", '[models]\nlinear = "9.9.9"'])
def test_what_is_no_service_is_left_to_those_who_read_it(file, text):
    file.write_text(text)
    assert HeadStart(file, file.parent / "models").take(folder_of(file)) is None
