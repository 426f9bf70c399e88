"""Models on their way: read, verified and run once in threads, while whoever asked for them goes on importing."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import NamedTuple

from functions.predict.head_start import THREADS, HeadStart
from serinus.bundle import MODEL, Bundle
from serinus.memory import give_back
from serinus.predictor import Predictor
from serinus.service import Service
from serinus.session import Opened

NONE: Mapping[str, Predictor] = MappingProxyType({})


Take = Callable[[Path], Opened | None]


class Loaded(NamedTuple):
    """seconds: what reading, opening and the first run took, without the waiting in between."""

    predictor: Predictor
    seconds: float


class Loading:
    """known: models that are loaded already, and answer on where their bundles are still the same; ahead: what was
    opened before the service was known."""

    def __init__(
        self, service: Service, models: Path, known: Mapping[str, Predictor] = NONE, ahead: HeadStart | None = None
    ) -> None:
        self.known = known
        self._names = tuple(service.models)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="load")
        take = ahead.take if ahead else _nothing
        largest_first = sorted(service.bundles(models).items(), key=lambda named: -_size(named[1]))
        self._models = {
            name: self._threads.submit(_loaded, folder, known.get(name), take) for name, folder in largest_first
        }

    def all(self) -> dict[str, Loaded]:
        """Wait for them; the error of the first one, in the order of the service, that cannot be loaded."""
        with self._threads:
            loaded = {name: self._models[name].result() for name in self._names}
        give_back()
        return loaded


def _loaded(folder: Path, known: Predictor | None, take: Take) -> Loaded:
    begin = perf_counter()
    bundle = Bundle.load(folder)
    if known is not None and known.digest == bundle.digest:
        return Loaded(known, 0.0)
    verified = perf_counter()
    ahead = take(folder)
    taken = perf_counter()
    predictor = Predictor(bundle, opened=ahead)
    predictor.warm()
    return Loaded(predictor, verified - begin + (ahead.seconds if ahead else 0.0) + perf_counter() - taken)


def _nothing(folder: Path) -> Opened | None:
    return None


def _size(folder: Path) -> int:
    """The largest takes longest, and goes first; one that is not there fails where it is read."""
    model = folder / MODEL
    return model.stat().st_size if model.is_file() else 0
