"""Ask the deployed service about light curves."""

import json
from http.client import HTTPConnection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serinus.errors import SerinusError

Json = dict[str, Any]


def body(flux: NDArray[np.float32], *, every_model: bool = True) -> str:
    """The request for one curve [784]; JSON has no NaN, an empty bin is null."""
    features = [None if np.isnan(value) else float(value) for value in flux]
    return json.dumps({"features": features, "return_all_models": every_model})


def post(connection: HTTPConnection, body: str) -> Json:
    connection.request("POST", "/api/v1/predict", body, {"content-type": "application/json"})
    answer: Json = json.loads(connection.getresponse().read())
    return answer


def must_agree(one: Json, other: Json) -> None:
    if one["ensemble_prediction"] != other["ensemble_prediction"]:
        raise SerinusError(f"Lambda and the server disagree: {one['ensemble_prediction']}, {other}")
