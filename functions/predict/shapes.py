"""The shapes of requests and answers, for the OpenAPI page and for tests to hold the real answers against."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Doc(BaseModel):
    model_config = ConfigDict(protected_namespaces=(), extra="forbid")


Value = float | str | None
Row = list[Value] | dict[str, Value]  # as wide as any service's; `functions.predict.row_schema` says what one takes


class PredictBody(Doc):
    features: Row = Field(description="in the model's order, or by name where the features have names")
    model: str = Field("auto", description="a model of this service, or auto: the best by the service's own figure")
    model_name: str | None = Field(None, description="another name for model")
    return_probabilities: bool = True
    return_all_models: bool = Field(False, description="answer with every model and their vote")
    voting: Literal["soft", "hard"] | None = Field(None, description="how they vote; default: as the service says")


class BatchBody(Doc):
    samples: list[Row]
    model: str = "auto"
    model_name: str | None = Field(None, description="another name for model")
    return_probabilities: bool = True


class ClassPrediction(Doc):
    class_: str = Field(alias="class")
    class_name: str
    class_id: int
    confidence: float
    probabilities: dict[str, float] | None = None
    risk_band: str | None = Field(None, description="the band of the risk, where service.toml has [bands]")


class VotedPrediction(ClassPrediction):
    voting: Literal["soft", "hard"]
    tie_break: str | None = Field(None, description="how a tie was decided; absent without a tie")


class ModelPrediction(ClassPrediction):
    version: str
    latency_ms: float


class Model(Doc):
    name: str
    version: str
    latency_ms: float


class AnswerMetadata(Doc):
    timestamp: str
    request_id: str


class BatchMetadata(AnswerMetadata):
    samples: int
    failed: int


class PredictAnswer(Doc):
    prediction: ClassPrediction
    model: Model
    metadata: AnswerMetadata


class EveryoneAnswer(Doc):
    ensemble_prediction: VotedPrediction
    individual_predictions: dict[str, ModelPrediction]
    agreement_score: float = Field(description="the share of the models that predict the ensemble's class")
    metadata: AnswerMetadata


class FieldError(Doc):
    field: str
    value: str | float | bool | None
    expected: str


class SampleError(Doc):
    index: int
    detail: str
    errors: list[FieldError]


class BatchAnswer(Doc):
    predictions: list[ClassPrediction | None] = Field(description="in the samples' order; null where a sample is bad")
    errors: list[SampleError]
    model: Model
    metadata: BatchMetadata


class ProblemAnswer(Doc):
    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError]
