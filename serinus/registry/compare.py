"""Two versions side by side: what they are, how well and how fast they answer, and where their answers differ."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import JsonValue

from serinus.bench import Speed
from serinus.bundle import Bundle
from serinus.golden import load
from serinus.metadata import Metadata
from serinus.predictor import Predictor
from serinus.registry.predictions import Block, Predictions, comparable, predictions
from serinus.registry.schemas import changes

Measure = Callable[[Path], Speed]
RATES = ("throughput_rps", "batch_rows_per_s")


@dataclass(frozen=True)
class Side:
    """One of the two. bytes: of the model, and of all files; speed: on this machine, where it was measured."""

    metadata: Metadata
    digest: str
    model_bytes: int
    bundle_bytes: int
    speed: Speed | None

    @property
    def name(self) -> str:
        return f"{self.metadata.model_name} {self.metadata.version}"


@dataclass(frozen=True)
class Comparison:
    """schema: what a caller would notice; training: what was otherwise, as (first, second), None where not said;
    source: of the rows; predictions: or why there are none."""

    first: Side
    second: Side
    schema: tuple[str, ...]
    training: Mapping[str, tuple[JsonValue, JsonValue]]
    source: str
    predictions: Predictions | str


@dataclass(frozen=True)
class Asked:
    """The rows to ask both models; without any, the golden rows of both."""

    source: str
    blocks: Iterable[Block]


def compare(first: Bundle, second: Bundle, measure: Measure | None, asked: Asked | None = None) -> Comparison:
    asked = asked or golden(first, second)
    speeds = _speeds(first.folder, second.folder, measure) if measure else (None, None)
    return Comparison(
        first=_side(first, speeds[0]),
        second=_side(second, speeds[1]),
        schema=tuple(changes(first.metadata, second.metadata)),
        training=_changed(first.metadata, second.metadata),
        source=asked.source,
        predictions=_predictions(first, second, asked),
    )


def golden(first: Bundle, second: Bundle) -> Asked:
    return Asked("golden rows of both, edge cases included", _golden(first, second))


def _golden(*bundles: Bundle) -> Iterator[Block]:
    for bundle in {bundle.digest: bundle for bundle in bundles}.values():
        yield Block(load(bundle)[0], _golden_row(bundle.metadata.version))


def _golden_row(version: str) -> Callable[[int], str]:
    return lambda row: f"golden row {row} of {version}"


def _speeds(first: Path, second: Path, measure: Measure) -> tuple[Speed, Speed]:
    """Each is measured twice, in turns, and the better is taken: what else the machine does passes over both."""
    a, b, again_b, again_a = (measure(folder) for folder in (first, second, second, first))
    return _best(a, again_a), _best(b, again_b)


def _best(one: Speed, other: Speed) -> Speed:
    pairs = {name: (value, asdict(other)[name]) for name, value in asdict(one).items()}
    return Speed(**{name: (max if name in RATES else min)(pair) for name, pair in pairs.items()})


def _side(bundle: Bundle, speed: Speed | None) -> Side:
    return Side(
        metadata=bundle.metadata,
        digest=bundle.digest,
        model_bytes=len(bundle.model),
        bundle_bytes=sum((bundle.folder / name).stat().st_size for name in bundle.files),
        speed=speed,
    )


def _changed(first: Metadata, second: Metadata) -> dict[str, tuple[JsonValue, JsonValue]]:
    keys = [*first.training, *(key for key in second.training if key not in first.training)]
    pairs = {key: (first.training.get(key), second.training.get(key)) for key in keys}
    return {key: (was, becomes) for key, (was, becomes) in pairs.items() if was != becomes}


def _predictions(first: Bundle, second: Bundle, asked: Asked) -> Predictions | str:
    reason = comparable(first.metadata, second.metadata)
    if reason is not None:
        return reason
    answered = predictions(Predictor(first), Predictor(second), asked.blocks)
    return answered if answered is not None else "there is no row that both take"
