"""The checklist in front of a deployment: is everything there, whole, right, and quick enough on this machine?"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from serinus.bench import Speed
from serinus.bundle import Bundle
from serinus.deployable import contradictions
from serinus.ensemble import Ensemble
from serinus.errors import SerinusError
from serinus.fit import misfits
from serinus.golden import replay
from serinus.predictor import Predictor
from serinus.service import Service
from serinus.session import RUNTIME

LARGEST_IMAGE_MB = 10_240  # Lambda's limit of an uncompressed container image
LONGEST_INIT_MS = 10_000  # Lambda stops an init that takes longer, and starts it again inside the first request
Measure = Callable[[Path], Speed]


@dataclass(frozen=True)
class Check:
    """One line of the checklist. subject: a model's name, or the service's."""

    name: str
    subject: str
    is_ok: bool
    found: str
    expected: str


@dataclass(frozen=True)
class Costs:
    """What the deployment takes, estimated. cold_start: a fresh process until the handler has loaded its models."""

    image_mb: float
    cold_start_ms: float


@dataclass(frozen=True)
class Report:
    checks: tuple[Check, ...]
    speeds: Mapping[str, Speed]
    costs: Costs | None

    @property
    def is_ok(self) -> bool:
        return all(check.is_ok for check in self.checks)


def preflight(service: Service, models: Path, measure: Measure, costs: Callable[[], Costs]) -> Report:
    """Go through the checklist; what depends on a broken bundle is left out, the bundle itself is not."""
    bundles, checks = _loaded(service, models)
    checks += [
        _deployable(service),
        *_fit(service, bundles),
        *_documented(service, bundles),
        *map(_golden, bundles.values()),
    ]
    speeds = {name: measure(bundle.folder) for name, bundle in bundles.items()}
    checks += [check for name, speed in speeds.items() for check in _targets(service, name, speed)]
    if not all(check.is_ok for check in checks if check.name in ("integrity", "schema")):
        return Report(tuple(checks), speeds, None)  # the handler would not even start
    taken = costs()
    return Report((*checks, *_limits(service, taken)), speeds, taken)


def _deployable(service: Service) -> Check:
    wrong = contradictions(service)
    found = "; ".join(wrong) or "gateway, function and logs agree"
    return Check("deployable", service.name, not wrong, found, "nothing that AWS refuses")


def _loaded(service: Service, models: Path) -> tuple[dict[str, Bundle], list[Check]]:
    bundles, checks = {}, []
    for name, folder in service.bundles(models).items():
        try:
            bundles[name] = Bundle.load(folder)
            found = f"sha256 {bundles[name].digest[:12]}"
        except SerinusError as error:
            found = str(error)
        checks.append(Check("integrity", name, name in bundles, found, "as SHA256SUMS says"))
    return bundles, checks


def _fit(service: Service, bundles: Mapping[str, Bundle]) -> Iterator[Check]:
    wrong = misfits(service, {name: bundle.metadata for name, bundle in bundles.items()})
    found = "; ".join(wrong) or "features, names, labels, versions agree"
    yield Check("schema", service.name, not wrong, found, "as service.toml says")
    if not wrong and len(bundles) == len(service.models):
        yield _starts(service, bundles)


def _starts(service: Service, bundles: Mapping[str, Bundle]) -> Check:
    """Whether the models make a service together; and what "auto" means in it."""
    expected = f"the best {service.best_by}"
    try:
        ensemble = Ensemble.of(service, {name: Predictor(bundle) for name, bundle in bundles.items()})
    except SerinusError as error:
        return Check("auto", service.name, is_ok=False, found=str(error), expected=expected)
    return Check("auto", service.name, is_ok=True, found=ensemble.best, expected=expected)


def _documented(service: Service, bundles: Mapping[str, Bundle]) -> Iterator[Check]:
    expected = f"figures with {service.best_by}"
    for name, bundle in bundles.items():
        figures = bundle.metadata.performance
        is_ok = service.best_by in figures or (len(bundles) == 1 and bool(figures))
        known = {service.best_by: figures[service.best_by]} if service.best_by in figures else figures
        found = ", ".join(f"{figure} {value:.3g}" for figure, value in known.items()) or "no figures"
        yield Check("performance", name, is_ok, found, expected)


def _golden(bundle: Bundle) -> Check:
    """Whether the runtime of this machine answers as the native library did."""
    comparison = replay(bundle, Predictor(bundle))
    found = f"{comparison.worst:.2g} off, {comparison.wrong.sum()} of {len(comparison.wrong)} wrong, {RUNTIME}"
    expected = f"{comparison.tolerance:.2g} at most, 0 wrong"
    return Check("golden rows", bundle.metadata.model_name, comparison.is_equal, found, expected)


def _targets(service: Service, name: str, speed: Speed) -> Iterator[Check]:
    target = service.target(name)
    for what, found, most, unit in (
        ("latency p50", speed.p50_ms, target.p50_ms, "ms"),
        ("latency p95", speed.p95_ms, target.p95_ms, "ms"),
        ("memory", speed.memory_mb, target.memory_mb, "MB"),
    ):
        yield Check(what, name, found < most, f"{found:,.3g} {unit}", f"below {most:,.6g} {unit}")
    per_second, least = speed.throughput_rps, target.throughput_rps
    yield Check("throughput", name, per_second > least, f"{per_second:,.0f} rows/s", f"above {least:,.6g} rows/s")


def _limits(service: Service, costs: Costs) -> Iterator[Check]:
    for what, found, most, unit in (
        ("image size", costs.image_mb, LARGEST_IMAGE_MB, "MB"),
        ("cold start", costs.cold_start_ms, LONGEST_INIT_MS, "ms"),
    ):
        yield Check(what, service.name, found < most, f"about {found:,.0f} {unit}", f"below {most:,} {unit}")
