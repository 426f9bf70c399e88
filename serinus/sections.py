"""The sections of service.toml, each with what may stand in it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serinus.derive import DERIVATIONS
from serinus.features.address import Kind
from serinus.fields import AnyField, DerivedField, GivenField
from serinus.metadata import NAME, SEMVER
from serinus.names import twice

Voting = Literal["soft", "hard"]
Averaging = Literal["mean", "median", "weighted"]
Name = Annotated[str, Field(pattern=NAME)]
Version = Annotated[str, Field(pattern=SEMVER)]
ORIGIN = r"^(\*|https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]+)?)$"  # as browsers spell it: any other never matches
Origin = Annotated[str, Field(pattern=ORIGIN)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class About(Section):
    """labels: of a classifier; target, unit: what a regressor predicts, and what that is counted in."""

    name: Name
    task: Literal["classification", "regression"]
    labels: tuple[str, ...] = ()
    target: str = Field(default="value", pattern=r"^[a-z][a-z0-9_]*$")
    unit: str | None = None


class Input(Section):
    """A vector of `features` numbers, called `names` in this order; or records of `fields`, some of which are features.

    rows: what a batch may call its list besides "samples"
    missing: texts that mean that there is no value, in files and in requests
    """

    vector: int = Field(default=0, gt=0, alias="features")
    called: tuple[str, ...] = Field(default=(), alias="names")
    fields: tuple[AnyField, ...] = ()
    rows: str = Field(default="samples", pattern=r"^[a-z][a-z0-9_]*$")
    missing: frozenset[str] = frozenset()

    @model_validator(mode="after")
    def _agrees(self) -> "Input":
        if bool(self.fields) == bool(self.vector):
            raise ValueError("expected either features = N or [[input.fields]]")
        if self.called and len(set(self.called)) != self.vector:
            raise ValueError(f"{self.vector} features need as many different names, got {len(set(self.called))}")
        if repeated := twice([field.name for field in self.fields]):
            raise ValueError(f"fields must have different names, got {repeated} more than once")
        for field in self.derived:
            self._check_arguments(field)
        if self.fields and not self.names:
            raise ValueError("none of the fields is a feature: strings without values and dates are not")
        return self

    def _check_arguments(self, field: DerivedField) -> None:
        kinds = {one.name: one.kind for one in self.given}
        for name, wanted in zip(field.of, DERIVATIONS[field.derive].of, strict=True):
            if kinds.get(name) != wanted:
                got = f"a {kinds[name]}" if name in kinds else f"none of {', '.join(kinds)}"
                raise ValueError(f"field {field.name}: {field.derive} is of a {wanted}, but {name} is {got}")

    @property
    def given(self) -> tuple[GivenField, ...]:
        """The fields that callers, files or the feature store give."""
        return tuple(field for field in self.fields if isinstance(field, GivenField))

    @property
    def derived(self) -> tuple[DerivedField, ...]:
        return tuple(field for field in self.fields if isinstance(field, DerivedField))

    @property
    def features(self) -> int:
        """How many numbers the models take."""
        return self.vector or len(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """What the features are called, in the models' order."""
        return self.called or tuple(field.name for field in self.fields if field.is_feature)


class Auto(Section):
    """by: the performance figure that model = "auto" goes by; `serinus.figures` knows of which less is better."""

    by: str | None = None


class EnsembleSection(Section):
    """voting: how classifiers vote; how: how regressors' values become one, by `weights` of the models if weighted."""

    voting: Voting = "soft"
    how: Averaging = "mean"
    weights: dict[Name, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}


class FeaturesSection(Section):
    """Where stored features lie, and how patiently they are asked for.

    entity: the field that says whose features; address: of the store, unless the environment names another, which may
    be one of another kind
    """

    entity: str
    store: Kind
    address: str = ""
    ttl_s: float = Field(default=300, ge=0)
    timeout_ms: float = Field(default=200, gt=0)
    retries: int = Field(default=2, ge=0, le=10)
    cache_entries: int = Field(default=100_000, gt=0)
    max_age_h: float | None = Field(default=None, gt=0)


class Gateway(Section):
    """kind: which API Gateway stands in front on AWS; auth: who may ask; rate_per_minute, burst: how often one client
    may; cors: origins whose pages may ask.

    issuer, audience: of the tokens that auth = "jwt" takes; max_body_kb: a REST API's firewall stops larger requests
    """

    kind: Literal["http", "rest"] = "http"
    max_batch_size: int = Field(default=100, gt=0)
    auth: Literal["none", "api_key", "jwt"] = "none"
    issuer: str | None = Field(default=None, pattern=r"^https://[^\s?#]+$")
    audience: tuple[str, ...] = ()
    rate_per_minute: int | None = Field(default=None, gt=0)
    burst: int = Field(default=20, gt=0)
    max_body_kb: int | None = Field(default=None, gt=0)
    cors: tuple[Origin, ...] = ()


class Function(Section):
    """The Lambda function that predicts. provisioned: sandboxes kept ready; reserved: never more sandboxes than these;
    log_days: how long its logs are kept."""

    memory_mb: int = Field(default=1769, ge=128, le=10_240)  # 1,769 MB are one whole vCPU
    timeout_s: int = Field(default=10, ge=1, le=900)
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    snapstart: bool = True
    provisioned: int = Field(default=0, ge=0)
    reserved: int | None = Field(default=None, ge=1)
    log_days: int = Field(default=30, gt=0)


class Slo(Section):
    """What is promised: the share of requests that are answered without a fault, and how fast 99 % of them are."""

    availability: float = Field(default=0.999, gt=0, lt=1)
    p99_ms: float = Field(default=1000, gt=0)


class Privacy(Section):
    """personal: it is about people: errors and logs name fields and never values, every prediction is audited."""

    personal: bool = False


class Bands(Section):
    """Words for how probable one class is: the word whose least probability is the highest that is reached."""

    label: str
    least: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(alias="from", min_length=1)

    @model_validator(mode="after")
    def _agrees(self) -> "Bands":
        if min(self.least.values()) != 0 or len(set(self.least.values())) != len(self.least):
            raise ValueError(f"bands begin at different probabilities, the first at 0, got {self.least}")
        return self

    def of(self, probability: float) -> str:
        return max((least, word) for word, least in self.least.items() if least <= probability)[1]


class Target(Section):
    """What one model may take, one row at a time, on the machine that serves it; by default the least of them all."""

    p50_ms: float = Field(default=200, gt=0)
    p95_ms: float = Field(default=200, gt=0)
    throughput_rps: float = Field(default=5, gt=0)
    memory_mb: float = Field(default=2048, gt=0)


class Bulk(Section):
    max_bad_rate: float = Field(default=0.05, ge=0, le=1)
