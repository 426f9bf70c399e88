"""The runtimes of a laptop's functions: one for each version that was ever called, as it is configured now."""

import threading
import time

from localaws.function import FunctionConfig
from localaws.runtime import Runtime

LOOK_S = 5.0
LAST_S = 0.1


class Runtimes:
    """workers: of one version at most; idle_s: a worker that nobody needed for so long is ended."""

    def __init__(self, *, workers: int, idle_s: float) -> None:
        self._workers = workers
        self._idle_s = idle_s
        self._open: dict[str, tuple[FunctionConfig, Runtime]] = {}
        self._retiring: dict[threading.Thread, Runtime] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="idle workers", daemon=True)
        self._sweeper.start()

    def of(self, arn: str, config: FunctionConfig) -> Runtime:
        """The one that runs this very configuration: a changed $LATEST gets another, and the old one finishes."""
        with self._lock:
            known = self._open.get(arn)
            if known and known[0] == config:
                return known[1]
            if self._closing.is_set():
                raise RuntimeError("the runtimes are closed")
            runtime = Runtime(config, workers=self._workers)
            self._open[arn] = (config, runtime)
            if known:
                self._retire(known[1])
        return runtime

    def close(self, *, grace_s: float) -> None:
        """End every worker; what still runs after grace_s fails."""
        deadline = time.monotonic() + grace_s
        self._closing.set()
        with self._lock:
            for _, runtime in self._open.values():
                self._retire(runtime)
            self._open.clear()
        for thread in self._retiring:
            thread.join(max(0.0, deadline - time.monotonic()))
        while running := {thread: runtime for thread, runtime in self._retiring.items() if thread.is_alive()}:
            for thread, runtime in running.items():
                runtime.interrupt()
                thread.join(LAST_S)
        self._sweeper.join()

    def _retire(self, runtime: Runtime) -> None:
        thread = threading.Thread(target=runtime.close, name="retired runtime", daemon=True)
        self._retiring = {other: its for other, its in self._retiring.items() if other.is_alive()} | {thread: runtime}
        thread.start()

    def _sweep(self) -> None:
        while not self._closing.wait(min(LOOK_S, self._idle_s)):
            for _, runtime in list(self._open.values()):
                runtime.end_idle(self._idle_s)
