"""Show what an execution came to.

AWS (DescribeExecution, API Reference): `output` is JSON text, whatever the result is, and there as soon as the status
is SUCCEEDED; `error` and `cause` as soon as it is FAILED.
moto: sets the status first, so that who asks in between finds no output; a text has no quotes, a null is not there.
"""

import datetime
import time
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

from localaws.patching import Function, override


def apply() -> None:
    override(BaseExecutionWorkerCommunication, "_reflect_execution_status", _reflect)


def _reflect(original: Function) -> Function:
    def reflect_execution_status(self: Any) -> None:
        execution = self.execution
        ended = execution.exec_worker.env.program_state()
        execution.stop_date = datetime.datetime.fromtimestamp(time.time(), datetime.UTC)
        if isinstance(ended, ProgramEnded):
            execution.output = to_json_str(execution.exec_worker.env.states.get_input(), separators=(",", ":"))
            execution.exec_status = ExecutionStatus.SUCCEEDED
        elif isinstance(ended, ProgramError):
            error = ended.error or {}
            execution.error, execution.cause = error.get("error"), error.get("cause")
            execution.exec_status = ExecutionStatus.FAILED
        else:
            original(self)

    return reflect_execution_status
