"""Where the files of a service lie. Imports nothing that takes time."""

from pathlib import Path

SERVICE = Path("service.toml")
MODELS = Path("models")
MODEL = "model.onnx"
SUMS = "SHA256SUMS"


def bundle_folder(models: Path, name: str, version: str) -> Path:
    return models / name / f"v{version}"
