"""Open what Keras and TensorFlow saved, and say what to do about what they cannot open any more."""

import json
import zipfile
from pathlib import Path
from typing import Any

from export.errors import Refused
from export.extras import KERAS, need

SERVING = "serving_default"


def keras_model(source: Path) -> Any:
    """The Keras model in a .keras or .h5 file."""
    load_model = need("keras", extra=KERAS).saving.load_model
    try:
        return load_model(source, compile=False)
    except Exception as error:  # Keras raises anything, from KeyError to ValueError, for a file it cannot read
        if _keras_version(source).startswith("2."):
            raise Refused(
                f"{source} was saved by Keras {_keras_version(source)}, and Keras 3 does not read its .keras files: "
                f"where it was trained, run `model.save('{source.stem}.h5')` and export that file"
            ) from error
        reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise Refused(f"Keras cannot read {source}: {reason}") from error


def signature_of(source: Path) -> Any:
    """The serving function of a SavedModel."""
    tensorflow = need("tensorflow", extra=KERAS)
    if not (source / "saved_model.pb").is_file():
        raise Refused(f"{source} is a folder without saved_model.pb, so no SavedModel")
    loaded = tensorflow.saved_model.load(str(source))
    if SERVING not in loaded.signatures:
        known = ", ".join(loaded.signatures) or "none"
        raise Refused(f"{source} has no signature {SERVING!r} (it has: {known}): save it with `model.export(...)`")
    signature = loaded.signatures[SERVING]
    signature.owner = loaded  # the function alone does not keep its variables alive
    return signature


def _keras_version(source: Path) -> str:
    if not zipfile.is_zipfile(source):
        return "unknown"
    with zipfile.ZipFile(source) as archive:
        return str(json.loads(archive.read("metadata.json")).get("keras_version", "unknown"))
