"""What the service knows of itself: its models, and whether they still answer what they answered at export."""

from http import HTTPStatus
from time import time
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from functions.predict import problems
from functions.predict.answers import Json, timestamp
from functions.predict.stock import Stock
from serinus import golden
from serinus.bundle import Bundle
from serinus.ensemble import Ensemble
from serinus.errors import BundleError, UnknownModel
from serinus.predictor import Predictor
from serinus.schema import ClassificationSchema


def catalogue(ensemble: Ensemble, release: str, stock: Stock | None) -> APIRouter:
    router = APIRouter()

    @router.get("/models", tags=["models"], summary="The models of this service")
    def models() -> Json:
        return {
            "models": [summary(name, predictor) for name, predictor in ensemble.predictors.items()],
            "auto": ensemble.best,
            "service": ensemble.service.name,
        }

    @router.get("/models/{name}/info", tags=["models"], summary="Everything known of one model")
    def info(name: str) -> Json:
        try:
            predictor = ensemble.named(name)
        except UnknownModel as error:
            raise problems.unknown_model(error, status=HTTPStatus.NOT_FOUND) from None
        return {**predictor.metadata.model_dump(mode="json"), "digest": predictor.digest}

    @router.get("/health", tags=["health"], summary="Whether the service answers, and with deep=1 whether rightly")
    def health(deep: Annotated[bool, Query(description="replay the golden rows of every bundle")] = False) -> Response:
        checks = {name: replayed(predictor) for name, predictor in ensemble.predictors.items()} if deep else {}
        healthy = all(check["equal"] for check in checks.values())
        body = {
            "status": "healthy" if healthy else "unhealthy",
            "timestamp": timestamp(int(time())),
            "service": ensemble.service.name,
            "release": release,
            **loaded(ensemble, stock),
            "cache_size": len(ensemble.predictors),
            "models": {name: predictor.metadata.version for name, predictor in ensemble.predictors.items()},
            **({"golden": checks} if deep else {}),
        }
        return JSONResponse(body, HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE)

    return router


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
