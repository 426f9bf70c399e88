"""docs/drift.md, run as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest

from export import statistics
from serinus.metadata import ReferenceSummary
from serinus.predictor import Predictor
from serinus.reference import BINS
from serinus.samples import least_answers
from tests.bundles import with_reference, write_bundle

PAGE = (Path(__file__).parents[2] / "docs/drift.md").read_text()
LEAST = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """models/linear, exported with a sample, in the working directory."""
    monkeypatch.chdir(tmp_path)
    bundle, rows = write_bundle(tmp_path / "models"), np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    arrays = {**statistics.inputs(rows), **statistics.outputs(Predictor(bundle).predict(rows))}
    with_reference(bundle, arrays, reference=ReferenceSummary(rows=2000, of=2000, bins=BINS, arrays=tuple(arrays)))


@pytest.mark.usefixtures("models")
def test_the_code_of_the_page_prints_what_the_page_says(capsys):
    known: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, known)
    assert capsys.readouterr().out == "".join(re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.parametrize(("kinds", "tenth", "half", "known"), [[int(one) for one in row] for row in LEAST], ids=str)
def test_the_least_answers_of_the_page_are_those_of_the_code(kinds, tenth, half, known):
    assert [least_answers(kinds, 0.3, share) for share in (0.9, 0.5, 1.0)] == [tenth, half, known]


def test_the_page_tells_of_the_usual_numbers_of_bins():
    assert [int(kinds) for kinds, *_ in LEAST] == [2, 3, 5, 10, 20, 30]
