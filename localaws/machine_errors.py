"""Name the errors of state machines.

AWS (Step Functions API Reference): every error has a code, such as InvalidDefinition, that clients branch on.
moto: the errors of its interpreter keep the code where its server does not look, so the code in the answer is empty.
"""

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser import api


def apply() -> None:
    for error in vars(api).values():
        if isinstance(error, type) and issubclass(error, AWSError) and "code" in vars(error):
            error.TYPE = vars(error)["code"]
