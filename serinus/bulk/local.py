"""Run a job on this machine: every chunk on whichever core is free, finished chunks kept, the manifest last.

Workers are threads: decoding, prediction and compression release the interpreter lock, a model is loaded once, and a
killed process leaves nothing behind that still writes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import orjson

from serinus.bulk.chunk import BadRow, Chunk
from serinus.bulk.collect import Manifest, Marker, collect, too_many_bad
from serinus.bulk.folder import JobFolder, PartContents, locked
from serinus.bulk.formats import FORMATS
from serinus.bulk.plan import Plan
from serinus.bulk.score import score
from serinus.bulk.sources import identity
from serinus.errors import JobError


@dataclass(frozen=True)
class Progress:
    """rows: read so far, kept ones of an earlier run included; share: of the input, 0 to 1."""

    rows: int
    rows_bad: int
    share: float


@dataclass(frozen=True)
class Outcome:
    """rows_kept: rows that an earlier run of the same job had done."""

    manifest: Manifest
    rows_kept: int


Report = Callable[[Progress], None]


def run(plan: Plan, out: Path, *, workers: int, report: Report = lambda progress: None) -> Outcome:
    """Do the job, or what is left of it. JobError when it cannot be done; what was done until then is kept."""
    with locked(out, plan.job) as folder:
        finished = folder.manifest()
        if finished is not None:
            return Outcome(finished, rows_kept=finished.rows_in)
        kept = folder.begin()
        tally = Tally(plan, report)
        _score_all(Run(plan, folder, workers), kept, tally)
        if identity(plan.path) != plan.input:
            raise JobError(f"{plan.path} changed while it was read: remove {out} and start again")
        manifest = collect(plan, tally.markers)
        folder.finish(manifest)
        return Outcome(manifest, rows_kept=sum(marker.rows_in for marker in kept.values()))


@dataclass(frozen=True)
class Run:
    plan: Plan
    folder: JobFolder
    workers: int

    def chunks(self) -> Iterator[Chunk]:
        return self.plan.source.chunks(self.plan.reading(self.folder.scratch, workers=self.workers))

    def score(self, chunk: Chunk) -> Marker:
        scored = score(chunk.read(), self.plan.scorer)
        contents = FORMATS[self.plan.format](scored.predictions)
        predictions = PartContents(contents, scored.predictions.num_rows, self.plan.format)
        return self.folder.put(chunk.index, predictions, self._quarantine(scored.bad))

    def _quarantine(self, bad: Sequence[BadRow]) -> PartContents:
        personal = self.plan.is_personal
        rows = ({"line": row.line, "reason": row.reason(personal=personal), "raw": row.raw} for row in bad)
        return PartContents(b"".join(orjson.dumps(row) + b"\n" for row in rows), len(bad), "jsonl")


class Tally:
    """What is done so far; stops a job that has more bad rows than any number of good ones could make up for."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.markers: dict[int, Marker] = {}
        self._plan = plan
        self._report = report
        self._progress = Progress(0, 0, 0.0)

    def add(self, chunk: Chunk, marker: Marker) -> None:
        self.markers[chunk.index] = marker
        before = self._progress
        share = max(before.share, chunk.reached / max(self._plan.source.size, 1))
        self._progress = Progress(before.rows + marker.rows_in, before.rows_bad + marker.rows_bad, share)
        self._report(self._progress)
        if self._progress.rows_bad > self._plan.most_bad:
            raise too_many_bad(self._plan, self._progress.rows_bad, self._progress.rows)


def _score_all(run: Run, kept: Mapping[int, Marker], tally: Tally) -> None:
    """Score every chunk that is not among the `kept`; at most one more is read than there are workers."""
    with ThreadPoolExecutor(run.workers) as pool:
        running: dict[Future[Marker], Chunk] = {}
        try:
            for chunk in run.chunks():
                if chunk.index in kept:
                    tally.add(chunk, kept[chunk.index])
                    continue
                running[pool.submit(run.score, chunk)] = chunk
                while len(running) > run.workers:
                    _take(running, run.folder, tally)
            while running:
                _take(running, run.folder, tally)
        finally:
            for future in running:
                future.cancel()


def _take(running: dict[Future[Marker], Chunk], folder: JobFolder, tally: Tally) -> None:
    """Wait for a chunk and mark it as done, while the workers score others: waiting for the disk is not their work."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        chunk, marker = running.pop(future), future.result()
        folder.mark(chunk.index, marker)
        tally.add(chunk, marker)
