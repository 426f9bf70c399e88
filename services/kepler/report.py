"""demo/report.html: one self-contained page, with pictures where people would rather look than read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow.parquet as pq
from matplotlib.figure import Figure
from numpy.typing import NDArray

from services.demo.page import COLOURS, INK, bare, page, svg, table
from services.kepler.light_curves import BINS, LABELS


@dataclass(frozen=True)
class Answer:
    """What the service said of one curve [784] whose class is known."""

    label: str
    flux: NDArray[np.float32]
    kepid: int
    said: dict[str, Any]

    @property
    def individual(self) -> dict[str, Any]:
        models: dict[str, Any] = self.said["individual_predictions"]
        return models


@dataclass(frozen=True)
class Latencies:
    runtime_ms: list[float]
    server_ms: list[float]


@dataclass(frozen=True)
class Scored:
    """A bulk job: what it says of itself, and how its predictions compare with the labels that came along."""

    result: dict[str, Any]
    confusion: NDArray[np.int64]

    @classmethod
    def read(cls, out: Path, result: dict[str, Any]) -> Self:
        parts = [pq.read_table(part, columns=["label", "prediction"]) for part in sorted(out.glob("predictions/*"))]
        confusion = np.zeros((len(LABELS), len(LABELS)), np.int64)
        for part in parts:
            truth, said = (part.column(name).to_pylist() for name in ("label", "prediction"))
            np.add.at(confusion, (_numbers(truth), _numbers(said)), 1)
        return cls(result, confusion)


@dataclass(frozen=True)
class Findings:
    data: str
    is_real: bool
    evaluation: dict[str, Any]
    answers: list[Answer]
    latencies: Latencies
    scored: list[Scored]


def html(findings: Findings) -> str:
    """The page."""
    sections = (
        _models(findings.evaluation),
        _curves(findings.answers),
        _latencies(findings.latencies),
        _bulk(findings.scored, were_learnt=findings.is_real),
    )
    return page("kepler", findings.data, "make demo", sections)


def _models(evaluation: dict[str, Any]) -> str:
    judged = next(iter(evaluation.values()))["training"]
    how = (
        f"{judged['validation_samples']:,} held-out curves"
        if "validation_samples" in judged
        else f"{judged['cross_validation_folds']}-fold cross-validation of {judged['training_samples']:,} curves"
    )
    rows = [
        [name, *(f"{figure:.3f}" for figure in report["performance"].values()), f"{report['parity']['rows']:,}",
         f"{report['parity']['max_difference']:.1e}", report["parity"]["label_flips"]]
        for name, report in evaluation.items()
    ]  # fmt: skip
    figures = next(iter(evaluation.values()))["performance"]
    heads = ["model", *figures, "rows tried", "largest difference", "label flips"]
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for axis, (name, report) in zip(figure.subplots(1, len(evaluation)), evaluation.items(), strict=True):
        _draw_confusion(axis, np.array(report["confusion"]), name)
    return (
        f"<h2>Three models, exported equal to their originals</h2><p>Judged by {how}. Each export was compared with "
        "the library it was trained in on every row tried, edge cases and tree thresholds included; one label flip "
        f"outside a tie, or one probability off by more than 1e-5, and there would be no bundle.</p>"
        f"{table(heads, rows)}{svg(figure)}"
    )


def _curves(answers: list[Answer]) -> str:
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    phase = (np.arange(BINS) + 0.5) / BINS - 0.5
    for axis, answer in zip(figure.subplots(1, len(answers)), answers, strict=True):
        axis.plot(phase, answer.flux * 1e6, ".", markersize=2, color=INK)
        axis.set_title(f"{answer.label}\nkepid {answer.kepid}", fontsize=10)
        axis.set_xlabel("orbital phase")
        bare(axis)
    figure.axes[0].set_ylabel("relative flux, ppm")
    heads = ["the curve is", "ensemble", *answers[0].individual, "agreement"]
    rows = [
        [answer.label, _said(answer.said["ensemble_prediction"]), *map(_said, answer.individual.values()),
         f"{answer.said['agreement_score']:.0%}"]
        for answer in answers
    ]  # fmt: skip
    return (
        "<h2>One folded light curve of each class, and what was answered</h2><p>Asked of the function in the "
        f"real Lambda runtime and of the local server, which agreed.</p>{svg(figure)}{table(heads, rows)}"
    )


def _latencies(latencies: Latencies) -> str:
    figure = Figure(figsize=(10, 3), layout="constrained")
    axis = figure.subplots()
    both = {"Lambda runtime": latencies.runtime_ms, "local server": latencies.server_ms}
    highest = max(np.percentile(times, 99) for times in both.values())
    for colour, (name, times) in zip(COLOURS, both.items(), strict=False):
        axis.hist(times, bins=np.linspace(0, highest, 60).tolist(), alpha=0.7, label=name, color=colour)
    axis.set_xlabel("milliseconds from request to answer")
    axis.set_ylabel("predictions")
    axis.legend(frameon=False)
    bare(axis)
    shares = (50, 95, 99)
    rows = [[name, *(f"{np.percentile(times, share):.2f}" for share in shares)] for name, times in both.items()]
    count = len(latencies.server_ms)
    return (
        f"<h2>Latency</h2><p>{count} predictions, one after the other, on this machine.</p>{svg(figure)}"
        f"{table(['ms', 'p50', 'p95', 'p99'], rows)}"
    )


def _bulk(scored: list[Scored], *, were_learnt: bool) -> str:
    figure = Figure(figsize=(10, 2), layout="constrained")
    axis = figure.subplots()
    bars = axis.barh(
        [job.result["model"] for job in scored], [job.result["rows_per_second"] for job in scored], color=COLOURS
    )
    axis.bar_label(bars, fmt="{:,.0f}", padding=4)
    axis.invert_yaxis()
    axis.set_xlim(0, max(job.result["rows_per_second"] for job in scored) * 1.15)
    axis.set_xlabel("rows per second")
    bare(axis)
    truths = Figure(figsize=(10, 3.2), layout="constrained")
    for place, job in zip(truths.subplots(1, len(scored)), scored, strict=True):
        _draw_confusion(place, job.confusion, job.result["model"])
    heads = ["model", "rows in", "answered", "in quarantine", "seconds"]
    rows = [
        [job.result["model"], *(f"{job.result[count]:,}" for count in ("rows", "rows_ok", "rows_bad")),
         f"{job.result['seconds']:.1f}"]
        for job in scored
    ]  # fmt: skip
    return (
        "<h2>Bulk</h2><p>The same file through each model; the labels that came along against the predictions"
        f"{', on the very curves the models learnt from' if were_learnt else ''}.</p>"
        f"{svg(figure)}{table(heads, rows)}{svg(truths)}"
    )


def _draw_confusion(axis: Any, confusion: NDArray[np.int64], title: str) -> None:
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(confusion.shape):
        colour = "white" if shares[row, column] > 0.5 else INK
        axis.text(column, row, f"{confusion[row, column]:,}", ha="center", va="center", color=colour, fontsize=9)
    names = [label.replace("_", "\n") for label in LABELS]
    axis.set_xticks(range(len(LABELS)), names, fontsize=7)
    axis.set_yticks(range(len(LABELS)), names, fontsize=7)
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("predicted", fontsize=8)
    axis.set_ylabel("true", fontsize=8)


def _said(prediction: dict[str, Any]) -> str:
    return f"{prediction['class_name']} {prediction['confidence']:.0%}"


def _numbers(labels: list[str]) -> list[int]:
    return [LABELS.index(label) for label in labels]
