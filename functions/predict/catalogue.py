"""What the service knows of itself: its models, and whether they still answer what they answered at export."""

from dataclasses import dataclass
from http import HTTPStatus
from time import time

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from functions.predict import problems
from functions.predict.answers import Json, timestamp
from functions.predict.stock import Stock
from serinus import golden
from serinus.bundle import Bundle
from serinus.ensemble import Ensemble
from serinus.errors import BundleError, UnknownModel
from serinus.predictor import Predictor
from serinus.schema import ClassificationSchema

DEEP = "deep"
YES_OR_NO = TypeAdapter(bool)


@dataclass(frozen=True)
class Catalogue:
    ensemble: Ensemble
    release: str
    stock: Stock | None

    def routes(self, prefix: str) -> list[Route]:
        return [
            _get(Route(f"{prefix}/models", lambda request: JSONResponse(self.models()))),
            _get(Route(f"{prefix}/models/{{name}}/info", self._info)),
            _get(Route(f"{prefix}/health", self._health)),
        ]

    def models(self) -> Json:
        return {
            "models": [summary(name, predictor) for name, predictor in self.ensemble.predictors.items()],
            "auto": self.ensemble.best,
            "service": self.ensemble.service.name,
        }

    def info(self, name: str) -> Json:
        try:
            predictor = self.ensemble.named(name)
        except UnknownModel as error:
            raise problems.unknown_model(error, status=HTTPStatus.NOT_FOUND) from None
        return {**predictor.metadata.model_dump(mode="json"), "digest": predictor.digest}

    def health(self, *, deep: bool) -> JSONResponse:
        predictors = self.ensemble.predictors
        checks = {name: replayed(predictor) for name, predictor in predictors.items()} if deep else {}
        healthy = all(check["equal"] for check in checks.values())
        body = {
            "status": "healthy" if healthy else "unhealthy",
            "timestamp": timestamp(int(time())),
            "service": self.ensemble.service.name,
            "release": self.release,
            **loaded(self.ensemble, self.stock),
            "cache_size": len(predictors),
            "models": {name: predictor.metadata.version for name, predictor in predictors.items()},
            **({"golden": checks} if deep else {}),
        }
        return JSONResponse(body, HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE)

    def _info(self, request: Request) -> JSONResponse:
        return JSONResponse(self.info(request.path_params["name"]))

    def _health(self, request: Request) -> JSONResponse:
        return self.health(deep=_is_deep(request))


def _get(route: Route) -> Route:
    """Starlette answers HEAD along with GET, at the whole cost of the answer."""
    route.methods = {"GET"}
    return route


def _is_deep(request: Request) -> bool:
    said = request.query_params.get(DEEP)
    try:
        return said is not None and YES_OR_NO.validate_python(said)
    except ValidationError as error:
        raise problems.wrong_parameter(DEEP, said, error.errors()[0]["msg"]) from None


def loaded(ensemble: Ensemble, stock: Stock | None) -> Json:
    """Which models are loaded: as one system's documents count them, or another's name them and ask for more."""
    if not ensemble.service.input.fields:
        return {"models_loaded": len(ensemble.predictors)}
    return {
        "models_loaded": list(ensemble.predictors),
        "mlflow_connected": None,  # bundles lie beside the service: there is nothing to be connected to
        "feature_store_available": stock and stock.is_available(),
    }


def summary(name: str, predictor: Predictor) -> Json:
    metadata, output = predictor.metadata, predictor.metadata.output_schema
    predicted = (
        {"labels": list(output.labels)}
        if isinstance(output, ClassificationSchema)
        else {"target": output.target, "unit": output.unit}
    )
    return {
        "name": name,
        "version": metadata.version,
        "framework": metadata.framework,
        "task": output.task,
        **predicted,
        "features": metadata.input_schema.features,
        "performance": metadata.performance,
        "digest": predictor.digest,
    }


def replayed(predictor: Predictor) -> Json:
    """The golden rows through the loaded model, after the files on disk were verified once more."""
    try:
        bundle = Bundle.load(predictor.folder)
        if bundle.digest != predictor.digest:
            return {"equal": False, "detail": f"{predictor.folder} holds {bundle.digest}, loaded is {predictor.digest}"}
        comparison = golden.replay(bundle, predictor)
    except BundleError as error:
        return {"equal": False, "detail": str(error)}
    return {
        "equal": comparison.is_equal,
        "rows": len(comparison.differences),
        "max_difference": comparison.worst,
        "tolerance": comparison.tolerance,
        "label_flips": int(comparison.flips.sum()),
    }
