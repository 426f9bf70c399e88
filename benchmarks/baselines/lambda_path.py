"""The Lambda handler against the bare ONNX Runtime call in it, and where the time between the two goes.

    python -m benchmarks.baselines.lambda_path MODEL SECONDS    (settings in the environment; an event on stdin)

runs in a process of its own, as the handler loads its models at import and writes its log to standard output.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from awslambdaric.bootstrap import Unbuffered
from numpy.typing import NDArray

from benchmarks.baselines.servers import ROOT, SERVER, pinned
from localaws.runtime import FunctionConfig, Runtime

EVENT = ROOT / "tests/handlers/events/http_v2_predict.json"
HANDLER = "functions.predict.handler.handler"
WARM_CALLS = 50
Milliseconds = NDArray[np.float64]
Calls = Mapping[str, Callable[[], object]]


def predict_event(body: bytes) -> dict[str, Any]:
    """The recorded API Gateway event, with this body."""
    event: dict[str, Any] = json.loads(EVENT.read_text())
    event["headers"]["content-length"] = str(len(body))
    return {**event, "body": body.decode()}


def percentiles(times_ms: Milliseconds) -> dict[str, float]:
    return {f"p{percent}_ms": round(float(np.percentile(times_ms, percent)), 4) for percent in (50, 95, 99)}


def interleaved(calls: Calls, seconds: float) -> dict[str, Milliseconds]:
    """Time each of `calls` in turn, again and again: what disturbs the machine disturbs all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(WARM_CALLS):
            call()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append((time.perf_counter() - start) * 1000)
    return {name: np.array(taken) for name, taken in times.items()}


def through_the_runtime(event: object, env: Mapping[str, str], seconds: float) -> dict[str, float]:
    """The same through awslambdaric, as one caller at a time sees it."""
    config = FunctionConfig(HANDLER, name="predict", timeout_s=30, init_timeout_s=60, env=env, cwd=ROOT)
    durations: list[float] = []
    with Runtime(config) as runtime:
        with pinned(SERVER):
            _checked_answer(runtime, event)
        for _ in range(WARM_CALLS):
            _checked_answer(runtime, event)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            durations.append(_checked_answer(runtime, event))
    return percentiles(np.array(durations))


def _checked_answer(runtime: Runtime, event: object) -> float:
    invocation = runtime.invoke(event)
    if not isinstance(invocation.payload, dict) or invocation.payload.get("statusCode") != 200:
        raise RuntimeError(f"expected an answer with status 200, got {invocation.payload}; {invocation.logs[-2000:]}")
    return invocation.duration_ms


def breakdown(times: Mapping[str, Milliseconds]) -> dict[str, Any]:
    """Medians; what the pieces do not explain is the frame: routing, headers, request id, release."""
    median = {name: float(np.median(taken)) for name, taken in times.items()}
    pieces = {
        "Mangum, event loop": median["adapter"],
        "parsing": median["parsing"],
        "shaping": median["answer"] - median["model"],
        "JSON": median["json"],
        "telemetry": median["telemetry"],
    }
    overhead = median["handler"] - median["model"]
    pieces["frame, rest"] = overhead - sum(pieces.values())
    return {
        "handler": percentiles(times["handler"]),
        "model_p50_ms": round(median["model"], 4),
        "overhead_p50_ms": round(overhead, 4),
        "pieces_p50_ms": {name: round(taken, 4) for name, taken in pieces.items()},
        "calls": len(times["handler"]),
    }


def _calls(model: str, event: dict[str, Any]) -> Calls:
    """The handler, and its pieces called the way it calls them; imported late: the import loads the models."""
    import orjson

    from functions.predict import classification, handler
    from functions.predict.events import Dispatcher
    from functions.predict.telemetry import Observation
    from functions.predict.wire import read_one
    from serinus.bundle import Bundle
    from serinus.rows import Layout
    from serinus.session import session

    def observation() -> Observation:
        return Observation("req_benchmark", "POST", event["rawPath"], 200, 0.001)

    async def drained(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        length = b"%d" % len(written)
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": written})

    context = SimpleNamespace(aws_request_id="benchmark")
    body = event["body"].encode()
    layout = Layout.of(handler.ensemble.schema, handler.ensemble.nan_policy)
    request, seen = read_one(body, layout), observation()
    answer = classification.one(handler.ensemble, request, seen)
    written = orjson.dumps(answer)
    bare = session(Bundle.load(handler.ensemble.named(model).folder).model)
    adapter = Dispatcher(drained)
    if (status := handler.handler(event, context)["statusCode"]) != 200:
        raise RuntimeError(f"expected status 200, got {status}")
    return {
        "handler": lambda: handler.handler(event, context),
        "adapter": lambda: adapter(event, context),
        "parsing": lambda: read_one(body, layout),
        "answer": lambda: classification.one(handler.ensemble, request, observation()),
        "model": lambda: bare.run(["label", "probabilities"], {"input": request.rows}),
        "json": lambda: orjson.dumps(answer),
        "telemetry": lambda: handler.telemetry.answered(seen),
    }


def main(model: str, seconds: str) -> None:
    report, event = sys.stdout, json.load(sys.stdin)
    with Path(os.devnull).open("w") as nowhere:
        sys.stdout = Unbuffered(nowhere)  # the runtime flushes every line, so this does too
        times = interleaved(_calls(model, event), float(seconds))
    sys.stdout = report
    json.dump(breakdown(times), report)


if __name__ == "__main__":
    main(*sys.argv[1:])
