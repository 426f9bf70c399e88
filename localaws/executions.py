"""Start executions under names.

AWS (StartExecution, API Reference): without a name it makes one; a name has 1 to 80 characters, none of them space or
special; the same name and input answer alike while the execution runs, any other use is ExecutionAlreadyExists.
moto: calls every nameless execution "None", so the second of them fails; takes any name; two requests at the same
moment start the same name twice.
"""

import re
import threading
import uuid
from typing import Any

from moto.stepfunctions.exceptions import InvalidName
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from localaws.patching import Function, override

FORBIDDEN = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]""")
ONE_AT_A_TIME = threading.Lock()


def apply() -> None:
    override(StepFunctionsParserBackend, "start_execution", _start)


def _start(original: Function) -> Function:
    def start_execution(self: Any, state_machine_arn: str, name: str | None = None, *rest: Any, **more: Any) -> Any:
        if name is not None and (not 1 <= len(name) <= 80 or FORBIDDEN.search(name)):
            raise InvalidName(f"Invalid Name: '{name}'")
        with ONE_AT_A_TIME:
            return original(self, state_machine_arn, name or str(uuid.uuid4()), *rest, **more)

    return start_execution
