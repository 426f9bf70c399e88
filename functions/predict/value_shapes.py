"""The shapes of a regressor's answers. `predicted` stands for the name that its service gives the value."""

from typing import Literal

from pydantic import Field

from functions.predict.shapes import Doc, SampleError

PREDICTED = "predicted"


class Valued(Doc):
    predicted: float


class Told(Doc):
    timestamp: str
    request_id: str


class ValueAnswer(Valued, Told):
    model_name: str = Field(description="the model that answered, where auto was asked too")
    model_version: str
    confidence_score: None = Field(description="a regressor has none")


class CombinedValue(Valued):
    voting: Literal["mean", "median", "weighted"]


class ModelValue(Valued):
    version: str
    latency_ms: float


class EveryValueAnswer(Told):
    ensemble_prediction: CombinedValue
    individual_predictions: dict[str, ModelValue]
    spread: float = Field(description="the standard deviation of the models' values")
    lowest: float
    highest: float


class SampleValue(Valued):
    confidence_score: None


class BatchValueAnswer(Told):
    predictions: list[SampleValue | None] = Field(description="in the samples' order; null where a sample is bad")
    errors: list[SampleError]
    model_name: str
    model_version: str
    samples: int
    failed: int
