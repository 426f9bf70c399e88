"""How fast one bundle answers on this machine, and the memory it takes, measured in a fresh process.

    python -m serinus.bench FOLDER      prints one Speed as JSON

A process that has served other models, or trained one, would hide what a model costs.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from serinus.bundle import Bundle
from serinus.errors import BundleError
from serinus.golden import load
from serinus.predictor import Predictor
from serinus.schema import Rows

RUNS = 200
WARM_RUNS = 20
BATCH_ROWS = 256
BATCH_RUNS = 5
Clock = Callable[[], float]


@dataclass(frozen=True)
class Speed:
    """load: reading, verifying, making the session; then one row at a time; batch: BATCH_ROWS rows at once.

    memory: the peak of the process, Python and ONNX Runtime included
    """

    load_ms: float
    first_run_ms: float
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    throughput_rps: float
    batch_rows_per_s: float
    memory_mb: float


def speed(folder: Path, clock: Clock) -> Speed:
    """Measure the bundle in `folder` on its golden rows, in this process."""
    started = clock()
    bundle = Bundle.load(folder)
    predictor = Predictor(bundle)
    loaded = clock()
    predictor.warm()
    warmed = clock()
    rows = _finite(load(bundle)[0])
    one = _runs(predictor, [rows[place % len(rows)][None] for place in range(WARM_RUNS + RUNS)], clock)[WARM_RUNS:]
    batch = _runs(predictor, [np.resize(rows, (BATCH_ROWS, rows.shape[1]))] * BATCH_RUNS, clock)
    p50, p95, p99 = np.percentile(one, [50, 95, 99])
    return Speed(
        load_ms=1000 * (loaded - started),
        first_run_ms=1000 * (warmed - loaded),
        mean_ms=1000 * float(np.mean(one)),
        p50_ms=1000 * float(p50),
        p95_ms=1000 * float(p95),
        p99_ms=1000 * float(p99),
        throughput_rps=1 / float(np.mean(one)),
        batch_rows_per_s=BATCH_ROWS / float(np.median(batch)),
        memory_mb=peak_mb(),
    )


def measured(folder: Path) -> Speed:
    """The same in a fresh process; BundleError when the bundle cannot be measured."""
    command = [sys.executable, "-m", "serinus.bench", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        reason = run.stderr.strip().splitlines()[-1] if run.stderr.strip() else f"exit status {run.returncode}"
        raise BundleError(f"{folder} cannot be measured: {reason}")
    return Speed(**json.loads(run.stdout))


def peak_mb() -> float:
    """The largest resident memory this process has had, in MB.

    Not ru_maxrss where there is something better: it starts at what the parent had when this process was forked.
    """
    status = Path("/proc/self/status")
    if status.exists():
        kilobytes = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(kilobytes) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def _finite(rows: Rows) -> Rows:
    """Golden rows without missing values: those answer quicker in some trees."""
    finite = rows[np.isfinite(rows).all(axis=1)]
    return finite if len(finite) else np.nan_to_num(rows)


def _runs(predictor: Predictor, given: list[Rows], clock: Clock) -> list[float]:
    """Seconds of one call after the other."""
    seconds = []
    for rows in given:
        started = clock()
        predictor.predict(rows)
        seconds.append(clock() - started)
    return seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(speed(Path(sys.argv[1]), time.perf_counter))))
