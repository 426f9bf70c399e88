"""Open what Keras and TensorFlow saved, of any age, without running what is in the files besides layers."""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.errors import Refused
from export.extras import KERAS, need

SERVING = "serving_default"
LAMBDAS = ("Lambda", "__lambda__")
KNOWN_ROOTS = ("keras", "tf_keras", "tensorflow", "builtins")
EXPORT_INSTEAD = (
    "where it was trained, run `model.export('{stem}')` (Keras 2: `model.save('{stem}')`) and export that folder"
)


@dataclass(frozen=True)
class KerasFile:
    """library: the distribution that reads the file; config: what it says of its layers."""

    library: str
    config: Any


def keras_model(source: Path) -> tuple[Any, str]:
    """The Keras model in a .keras or .h5 file, and the library that reads it: Keras 3 does not read all of Keras 2."""
    file = _described(source)
    _check_layers(source, file.config)
    load_model = need(f"{file.library}.models", extra=KERAS).load_model
    try:
        return load_model(source, compile=False), file.library
    except Exception as error:  # Keras raises anything, from KeyError to ValueError, for a file it cannot read
        how = EXPORT_INSTEAD.format(stem=source.stem)
        raise Refused(
            f"{file.library} cannot read {source}: {_reason(error)}. If it has layers of your own, {how}"
        ) from error


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


def _described(source: Path) -> KerasFile:
    try:
        version, config = _zipped(source) if zipfile.is_zipfile(source) else _hierarchical(source)
    except (OSError, KeyError, ValueError) as error:  # what zipfile, h5py and json raise for contents they do not know
        raise Refused(f"Keras cannot read {source}: it is no whole .keras or .h5 file ({_reason(error)})") from error
    return KerasFile("keras" if int(version.split(".")[0]) >= 3 else "tf_keras", config)


def _zipped(source: Path) -> tuple[str, Any]:
    with zipfile.ZipFile(source) as archive:
        version = json.loads(archive.read("metadata.json"))["keras_version"]
        return str(version), json.loads(archive.read("config.json"))


def _hierarchical(source: Path) -> tuple[str, Any]:
    with need("h5py", extra=KERAS).File(source) as file:
        if "model_config" not in file.attrs:
            raise Refused(f"{source} holds weights without their layers: save the whole model with `model.save(...)`")
        return _text(file.attrs.get("keras_version", "2")), json.loads(_text(file.attrs["model_config"]))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _check_layers(source: Path, config: Any) -> None:
    """Refuse files that name code: Keras 2 would run a Lambda in an .h5 file, and import any module a file names."""
    for part in _parts(config):
        name, module = str(part["class_name"]), part.get("module")
        how = (
            f"a file's code is never run here. Build it from Keras layers, or {EXPORT_INSTEAD.format(stem=source.stem)}"
        )
        if name.split(">")[-1] in LAMBDAS:
            called = part["config"].get("name", name) if isinstance(part.get("config"), dict) else name
            raise Refused(f"{source} holds Python code, the Lambda layer {called!r}: {how}")
        if module and module.split(".")[0] not in KNOWN_ROOTS:
            raise Refused(f"{source} needs {name!r} of the module {module!r}: {how}")


def _parts(config: Any) -> Iterator[dict[str, Any]]:
    """Every object that `config` describes, the outer ones first."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        config = list(config.values())
    for child in config if isinstance(config, list) else ():
        yield from _parts(child)


def _reason(error: Exception) -> str:
    """One line: Keras wraps the cause in pages of configuration."""
    text = str(error).split("Exception encountered: ")[-1].strip()
    return text.splitlines()[0][:300].rstrip(".") if text else type(error).__name__
