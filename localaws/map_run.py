"""Run the items of a Distributed Map.

AWS ("Tolerated failure threshold for Distributed Map state", Developer Guide): a failed item fails the map unless
ToleratedFailureCount or ToleratedFailurePercentage allows it, with States.ExceedToleratedFailureThreshold; when both
are given, either ends it. Items that had not started stay pending. MaxConcurrency 0 runs up to 10,000 items at once.
moto: never looks at the thresholds, so the item that failed becomes a null of a map that succeeded; recurses once per
item, so about 1,000 items at MaxConcurrency 1 run for ever; starts a thread per item at MaxConcurrency 0, here 64.
"""

import datetime
import time
import uuid
from dataclasses import dataclass
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker as worker_module,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramError, ProgramStopped
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData

from localaws.map_failures import map_failure
from localaws.patching import Function, override

MOST_AT_ONCE = 64
EXCEEDED = StatesErrorNameType.StatesExceedToleratedFailureThreshold


@dataclass(frozen=True)
class Child:
    """One child workflow execution of a map run: what it was given and what became of it."""

    name: str
    given: Any
    status: str
    started: datetime.datetime
    stopped: datetime.datetime | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True)
class Tolerance:
    """How many of the items may fail; a threshold of zero tells nothing when the other one is set."""

    count: int
    percentage: float

    def is_exceeded(self, failed: int, total: int) -> bool:
        if not self.count and not self.percentage:
            return failed > 0
        over_count = self.count > 0 and failed > self.count
        return over_count or (self.percentage > 0 and 100 * failed > self.percentage * total)


def apply() -> None:
    override(DistributedIterationComponent, "_map_run", _map_run)
    override(worker_module.DistributedItemProcessorWorker, "_eval_job", _eval_job)
    override(worker_module.DistributedItemProcessorWorker, "_eval_pool", _eval_pool)


def _map_run(original: Function) -> Function:
    def map_run(self: Any, env: Any, eval_input: Any) -> None:
        record = eval_input.map_run_record
        record.items = env.stack[-1]
        record.children = {}
        record.max_concurrency = record.max_concurrency or min(MOST_AT_ONCE, max(1, len(record.items)))
        original(self, env, eval_input)

    return map_run


def _eval_job(_: Function) -> Function:
    def eval_job(self: Any, env: Any, job: Any) -> None:
        record = self._map_run_record
        _count(record, "total", 1)
        _count(record, "running", 1)
        child = record.children[job.job_index] = _child(self, env, job)
        _count(record, "running", -1)
        _count(record, child.status.lower(), 1)
        job.job_output = child.output
        tolerance = Tolerance(record.tolerated_failure_count, record.tolerated_failure_percentage)
        failed, total = record.item_counter.failed.get() + record.item_counter.timed_out.get(), len(record.items)
        if tolerance.is_exceeded(failed, total):
            job.job_output = map_failure(
                env, EXCEEDED, f"{failed} of {total} items failed, more than the map tolerates"
            )

    return eval_job


def _child(worker: Any, env: Any, job: Any) -> Child:
    started = _now()
    env.states.context_object.context_object_data["Map"] = MapData(
        Item=ItemData(Index=job.job_index, Value=job.job_input)
    )
    env.states.reset(job.job_input)
    env.stack.append(env.states.get_input())
    given = job.job_input
    status, output, error, cause = "SUCCEEDED", None, None, None
    try:
        worker._eval_input(env_frame=env)
        given = env.states.get_input()
        job.job_program.eval(env)
        status, output, error, cause = _ended(env)
    except EvalTimeoutError:
        status, error = "TIMED_OUT", StatesErrorNameType.StatesTimeout.to_name()
    except FailureEventException as failure:
        status, (error, cause) = "FAILED", failure.extract_error_cause_pair() or (None, None)
    except Exception as bug:  # noqa: BLE001 - last line of a thread: the map would wait for it for ever
        status, error, cause = "FAILED", "States.Runtime", repr(bug)
    return Child(str(uuid.uuid4()), given, status, started, _now(), output, error, cause)


def _ended(env: Any) -> tuple[str, Any, str | None, str | None]:
    state = env.program_state()
    if isinstance(state, ProgramError):
        details = state.error or {}
        return "FAILED", None, details.get("error"), details.get("cause")
    if isinstance(state, ProgramStopped):
        return "ABORTED", None, state.error, state.cause
    return "SUCCEEDED", env.states.get_input(), None, None


def _eval_pool(_: Function) -> Function:
    def eval_pool(self: Any, job: Any, worker_frame: Any) -> None:
        while job is not None:
            frame = worker_frame.open_inner_frame()
            self._eval_job(env=frame, job=job)
            worker_frame.delete_frame(frame)
            is_last = isinstance(job.job_output, Exception) or self.stopped()
            following = None if is_last else self._job_pool.next_job()
            if following is None:
                # The map goes on when its last job closes, and must find this frame gone.
                self._env.delete_frame(worker_frame)
            self._job_pool.close_job(job)
            job = following

    return eval_pool


def _count(record: Any, name: str, change: int) -> None:
    for counter in (record.item_counter, record.execution_counter):
        getattr(counter, name).offset(change)
        if name == "succeeded":
            counter.results_written.offset(change)


def _now() -> datetime.datetime:
    return datetime.datetime.fromtimestamp(time.time(), datetime.UTC)
