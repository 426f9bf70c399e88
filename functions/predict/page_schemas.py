"""The schemas of requests and answers for the OpenAPI page: the shapes, with this very service's names in them."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.predict import shapes, value_shapes
from functions.predict.field_schema import record_schema, repeated
from functions.predict.options import Terms
from functions.predict.regression import predicted_name
from functions.predict.row_schema import row_schema
from functions.predict.value_shapes import PREDICTED
from serinus.ensemble import Ensemble
from serinus.rows import Layout
from serinus.service import Service

Json = dict[str, Any]
Shape = type[BaseModel]
REFERENCE = "#/components/schemas/{model}"
CLASSES: dict[str, Shape] = {
    "one": shapes.PredictAnswer,
    "every": shapes.EveryoneAnswer,
    "many": shapes.BatchAnswer,
    "sample": shapes.ClassPrediction,
}
VALUES: dict[str, Shape] = {
    "one": value_shapes.ValueAnswer,
    "every": value_shapes.EveryValueAnswer,
    "many": value_shapes.BatchValueAnswer,
    "sample": value_shapes.SampleValue,
}


def answers_of(service: Service) -> dict[str, Shape]:
    return CLASSES if service.service.task == "classification" else VALUES


def schemas(ensemble: Ensemble) -> Json:
    service, answers = ensemble.service, answers_of(ensemble.service)
    documented: list[Shape] = [shapes.PredictBody, shapes.BatchBody, *answers.values(), shapes.ProblemAnswer]
    _, definitions = models_json_schema([(shape, "validation") for shape in documented], ref_template=REFERENCE)
    made: Json = definitions["$defs"]
    for schema in made.values():
        _rename(schema, predicted_name(service.service))
    _limit_options(made, ensemble)
    if service.input.fields:
        _put_records(made, service)
        _repeat_records(made, service)
    else:
        _put_vectors(made, ensemble)
    return made


def _rename(schema: Json, name: str) -> None:
    if PREDICTED in schema.get("properties", {}):
        properties = schema["properties"]
        schema["properties"] = {name: properties.pop(PREDICTED) | {"title": name}, **properties}
        schema["required"] = [name if one == PREDICTED else one for one in schema["required"]]


def _limit_options(made: Json, ensemble: Ensemble) -> None:
    """To what this service takes."""
    terms, names = Terms.of(ensemble.service), ["auto", *ensemble.predictors]
    for body in ("PredictBody", "BatchBody"):
        properties = made[body]["properties"]
        properties["model"]["enum"] = names
        properties["model_name"] = {"type": "string", "enum": names, "description": "another name for model"}
        if "return_probabilities" not in terms.members:
            del properties["return_probabilities"]
    voting = {"type": ["string", "null"], "enum": [*terms.votings, None]}
    made["PredictBody"]["properties"]["voting"] |= voting
    made["PredictBody"]["properties"]["voting"].pop("anyOf", None)


def _put_vectors(made: Json, ensemble: Ensemble) -> None:
    row = row_schema(Layout.of(ensemble.schema, ensemble.nan_policy))
    features = made["PredictBody"]["properties"]["features"]
    made["PredictBody"]["properties"]["features"] = {"description": features["description"], **row}
    made["BatchBody"]["properties"]["samples"]["items"] = row


def _put_records(made: Json, service: Service) -> None:
    """A record lies flat in the body, next to the options; a batch may call its list as the service says."""
    record = record_schema(service)
    one, many = made["PredictBody"], made["BatchBody"]
    del one["properties"]["features"]
    one["properties"] = record["properties"] | one["properties"]
    one["required"] = record["required"]
    samples = many["properties"].pop("samples")
    samples |= {"title": service.input.rows, "items": record, "maxItems": service.gateway.max_batch_size}
    many["properties"] = {service.input.rows: samples} | many["properties"]
    many["required"] = [service.input.rows]
    kept = [field.name for field in service.input.given if field.source == "store"]
    if service.features and kept:
        one["description"] = f"Looked up by {service.features.entity}: {', '.join(kept)}."


def _repeat_records(made: Json, service: Service) -> None:
    """Each answer tells whom it is about, and what it was made of; of a batch each sample's."""
    answers, told = answers_of(service), repeated(service)
    for which in ("one", "every"):
        _tell(made[answers[which].__name__], told)
    sample = answers["sample"].__name__
    made["Sample"] = {**made[sample], "title": "Sample", "properties": dict(made[sample]["properties"])}
    _tell(made["Sample"], told)
    items = made[answers["many"].__name__]["properties"]["predictions"]["items"]
    items["anyOf"] = [{"$ref": REFERENCE.format(model="Sample")}, {"type": "null"}]


def _tell(schema: Json, told: Json) -> None:
    schema["properties"] = told | schema["properties"]
    schema["required"] = [*told, *schema["required"]]
