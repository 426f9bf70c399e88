"""Models that are opened while Python still imports what says whether they may be served.

Nothing is decided here: a session is used only where a verified bundle holds the very bytes that it was made of, and
whatever goes wrong here goes wrong again, with the right words, where bundles are read. ONNX Runtime and hashing
release the interpreter lock, and a forest of 8 MB takes as long to open as everything else takes to import.
"""

import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from serinus.errors import BundleError
from serinus.places import MODEL, SUMS, bundle_folder
from serinus.session import Opened, session

THREADS = 2  # what a function of a usual size has, and each thread has a heap of its own


class HeadStart:
    """service: its service.toml, which need not be a good one."""

    def __init__(self, service: Path, models: Path) -> None:
        largest_first = sorted(_models(service, models), key=lambda model: -model.stat().st_size)
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="open")
        self._futures = {model.parent: threads.submit(_opened, model) for model in largest_first}
        threads.shutdown(wait=False)  # they end when there is nothing left to open

    def take(self, folder: Path) -> Opened | None:
        """What was opened of the bundle in `folder`, once it is: for one caller, who keeps it."""
        future: Future[Opened | None] | None = self._futures.pop(folder, None)
        if future is None:
            return None
        try:
            return future.result()
        except (OSError, BundleError):
            return None


def _models(service: Path, models: Path) -> Iterator[Path]:
    try:
        named = tomllib.loads(service.read_text()).get("models")
    except (OSError, ValueError):
        return
    for name, version in named.items() if isinstance(named, Mapping) else ():
        model = bundle_folder(models, str(name), str(version)) / MODEL
        if model.is_file():
            yield model


def _opened(model: Path) -> Opened | None:
    """None when it is not what its bundle lists: the runtime need not see such a file."""
    begin = perf_counter()
    contents = model.read_bytes()
    digest = sha256(contents).hexdigest()
    listed = (model.parent / SUMS).read_text("ascii", "replace").splitlines()
    if f"{digest}  {MODEL}" not in listed:
        return None
    made = session(contents)
    return Opened(digest, made, perf_counter() - begin)
