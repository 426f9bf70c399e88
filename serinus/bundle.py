"""A bundle on disk: one version of one model, as a folder, and the proof that nobody touched it.

    model.onnx      float32 `input` [N, F] -> `probabilities` [N, C] and `label` [N], or `value` [N, 1]
    metadata.json   what it is, where it comes from, what it was proven to equal
    golden.npz      rows and what the native library answered on them
    SHA256SUMS      digests of the three; its own digest names the bundle

A bundle is immutable: it appears whole under its final name, and is never written to again.
"""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from serinus.errors import BundleError
from serinus.schema import InputSchema, NanPolicy, OutputSchema

MODEL = "model.onnx"
METADATA = "metadata.json"
GOLDEN = "golden.npz"
SUMS = "SHA256SUMS"
FILES = (MODEL, METADATA, GOLDEN)
SEMVER = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$"
NAME = r"^[a-z][a-z0-9_-]{0,62}$"


class Checksum(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: Literal["sha256"] = "sha256"
    value: str = Field(pattern=r"^[0-9a-f]{64}$")


class Parity(BaseModel):
    """What the parity gate saw when the bundle was made: native library against ONNX Runtime, same float32 rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(gt=0)
    max_difference: float = Field(ge=0)
    tolerance: float = Field(gt=0)
    label_flips: int = Field(ge=0)
    ties: int = Field(ge=0)
    runtime: str
    kinds: dict[str, int] = Field(description="how many rows of which kind were tried")


class Metadata(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model_name: str = Field(pattern=NAME)
    version: str = Field(pattern=SEMVER)
    created_at: AwareDatetime
    framework: str
    framework_version: str
    training: dict[str, JsonValue] = {}
    performance: dict[str, float] = {}
    input_schema: InputSchema
    output_schema: OutputSchema
    nan_policy: NanPolicy
    dependencies: dict[str, str] = {}
    source: dict[str, str] = Field(default={}, description="the original's files and their SHA-256")
    checksum: Checksum
    parity: Parity
    cold_start: dict[str, float] = {}


@dataclass(frozen=True)
class Bundle:
    folder: Path
    metadata: Metadata
    model: bytes
    digest: str

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read and verify the bundle in `folder`; BundleError names the file and both digests when one differs."""
        sums = _read(folder / SUMS)
        contents = {name: _read(folder / name) for name in FILES}
        for name, expected in _parsed(sums, folder).items():
            _compare(folder / name, expected, digest(contents[name]))
        metadata = _metadata(folder, contents[METADATA])
        _compare(folder / MODEL, metadata.checksum.value, digest(contents[MODEL]))
        return cls(folder, metadata, contents[MODEL], digest(sums))

    @property
    def golden(self) -> Path:
        return self.folder / GOLDEN


def write(folder: Path, files: dict[str, bytes], *, replace: bool = False) -> None:
    """Make the bundle `folder` appear whole out of the contents of its three `files`, or not at all."""
    if folder.exists() and not replace:
        raise BundleError(f"{folder} exists, and a bundle is immutable: give the model a new version, or --replace it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as scratch:
        made = Path(scratch, folder.name)
        made.mkdir()
        for name in FILES:
            (made / name).write_bytes(files[name])
        (made / SUMS).write_text("".join(f"{digest(files[name])}  {name}\n" for name in FILES))
        if folder.exists():
            shutil.move(folder, Path(scratch, "old"))
        made.rename(folder)


def digest(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BundleError(f"{file.parent} is not a bundle: cannot read {file.name} ({error.strerror})") from error


def _parsed(sums: bytes, folder: Path) -> dict[str, str]:
    lines = [line.split() for line in sums.decode("ascii", "replace").splitlines()]
    pairs = {parts[1]: parts[0] for parts in lines if len(parts) == 2}
    if set(pairs) != set(FILES) or len(lines) != len(FILES):
        raise BundleError(f"{folder / SUMS} must list exactly {', '.join(FILES)}, got {sorted(pairs) or 'nothing'}")
    return pairs


def _compare(file: Path, expected: str, actual: str) -> None:
    if expected != actual:
        raise BundleError(f"{file} was altered: expected sha256 {expected}, got {actual}")


def _metadata(folder: Path, contents: bytes) -> Metadata:
    try:
        return Metadata.model_validate_json(contents)
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BundleError(f"{folder / METADATA}: {where}: {first['msg']}, got {first['input']!r:.80}") from error
