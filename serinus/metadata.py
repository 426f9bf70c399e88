"""What metadata.json says of a bundle: what it is, where it comes from, what was proven of it, what it keeps."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from serinus.schema import InputSchema, NanPolicy, OutputSchema

SEMVER = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$"
NAME = r"^[a-z][a-z0-9_-]{0,62}$"
Method = Literal["dynamic-int8", "float16"]
Score = Literal["1 - probability of the true class", "absolute residual"]


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


class Quantization(BaseModel):
    """How the graph was made smaller, and what that cost on the rows of the sample.

    flips: labels that became others, or values that moved by more than a hundredth of their spread
    exact: what the gate saw of the float32 graph, before it was made smaller
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    rows: int = Field(gt=0)
    flips: int = Field(ge=0)
    max_difference: float = Field(ge=0)
    bytes_before: int = Field(gt=0)
    bytes_after: int = Field(gt=0)
    exact: Parity


class ReferenceSummary(BaseModel):
    """Statistics of `rows` rows of the sample, and of the answers to them: see `serinus.reference` for the arrays.

    of: how many rows of the sample the model takes; source: the sample's file and its SHA-256, if it was one
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(gt=0)
    of: int = Field(gt=0)
    bins: int = Field(gt=1)
    source: dict[str, str] = {}
    arrays: tuple[str, ...]


class CalibrationSummary(BaseModel):
    """Nonconformity scores of `rows` rows with known truth, drawn from the `of` that the model takes.

    also_in_sample: how many of these stand in the sample as well; null without one
    held_out: who says that the model was not trained on these rows, without which no interval can be trusted
    source: their file and its SHA-256, if it was one
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: Score
    rows: int = Field(gt=0)
    of: int = Field(gt=0)
    also_in_sample: int | None = Field(ge=0)
    held_out: str
    source: dict[str, str] = {}
    arrays: tuple[str, ...]


class BackgroundSummary(BaseModel):
    """Rows of the sample as they are, to explain predictions against."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(gt=0)
    of: int = Field(gt=0)
    method: str
    arrays: tuple[str, ...]


class Metadata(BaseModel):
    """`reference`, `calibration` and `background` tell of arrays in reference.npz."""

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
    quantization: Quantization | None = None
    reference: ReferenceSummary | None = None
    calibration: CalibrationSummary | None = None
    background: BackgroundSummary | None = None
    cold_start: dict[str, float] = {}

    @property
    def kept(self) -> tuple[str, ...]:
        """The arrays that reference.npz holds."""
        parts = (self.reference, self.calibration, self.background)
        return tuple(name for part in parts if part is not None for name in part.arrays)
