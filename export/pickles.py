"""Read a pickle, which may run any code: only at export, and never without saying so."""

import sys
from pathlib import Path
from typing import Any

from export.errors import Refused
from export.extras import need


def unpickled(file: Path) -> Any:
    """What the joblib or pickle `file` holds; warns on stderr, by name, before it is opened."""
    joblib = need("joblib")
    sys.stderr.write(f"warning: {file} is a pickle, and reading it runs the code inside: export only files you trust\n")
    try:
        return joblib.load(file)
    except ModuleNotFoundError as error:
        raise Refused(f"{file} needs the module {error.name!r}, which is not installed here") from error
    except Exception as error:  # a pickle can raise anything
        raise Refused(f"cannot read {file}: {type(error).__name__}: {error}") from error
