"""Read a .skops file, which scikit-learn models are kept in without running code: MLflow's way of late."""

from pathlib import Path
from typing import Any

from export.errors import Refused
from export.extras import need

EXTRA = "mlflow"
SKOPS = ".skops"
TRUSTED = ("collections", "lightgbm", "numpy", "scipy", "sklearn", "xgboost")


def restored(file: Path) -> Any:
    """What the skops `file` holds; Refused when it asks for types of other packages than those we export."""
    skops = need("skops.io", extra=EXTRA)
    try:
        asked = skops.get_untrusted_types(file=file)
        strangers = [name for name in asked if name.partition(".")[0] not in TRUSTED]
        if not strangers:
            return skops.load(file, trusted=asked)
    except Exception as error:  # skops raises whatever the file leads it to
        raise Refused(f"cannot read {file}: {type(error).__name__}: {error}") from error
    raise Refused(f"{file} holds {', '.join(strangers)}: only types of {', '.join(TRUSTED)} are read")
