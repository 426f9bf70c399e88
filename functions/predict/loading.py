"""Models on their way: read, verified and run once in threads, while whoever asked for them goes on importing.

ONNX Runtime and hashing release the interpreter lock. A forest of 8 MB takes as long as the imports of the whole API.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import NamedTuple

from serinus.bundle import MODEL, Bundle
from serinus.memory import give_back
from serinus.predictor import Predictor
from serinus.service import Service

NONE: Mapping[str, Predictor] = MappingProxyType({})
THREADS = 2  # what a function of a usual size has, and each has a heap of its own


class Loaded(NamedTuple):
    predictor: Predictor
    seconds: float


class Loading:
    """known: models that are loaded already, and answer on where their bundles are still the same."""

    def __init__(self, service: Service, models: Path, known: Mapping[str, Predictor] = NONE) -> None:
        self.known = known
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="load")
        self._models: dict[str, Future[Loaded] | None] = dict.fromkeys(service.models)
        for name, folder in sorted(service.bundles(models).items(), key=lambda named: -_size(named[1])):
            self._models[name] = self._threads.submit(_loaded, folder, known.get(name))

    def all(self) -> dict[str, Loaded]:
        """Wait for them; the error of the first one, in the order of the service, that cannot be loaded."""
        with self._threads:
            loaded = {name: future.result() for name, future in self._models.items() if future is not None}
        give_back()
        return loaded


def _loaded(folder: Path, known: Predictor | None) -> Loaded:
    begin = perf_counter()
    bundle = Bundle.load(folder)
    if known is not None and known.digest == bundle.digest:
        return Loaded(known, 0.0)
    predictor = Predictor(bundle)
    predictor.warm()
    return Loaded(predictor, perf_counter() - begin)


def _size(folder: Path) -> int:
    """The largest takes longest, and goes first; one that is not there fails where it is read."""
    model = folder / MODEL
    return model.stat().st_size if model.is_file() else 0
