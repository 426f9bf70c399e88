"""The new design, by hand: FastAPI, a pydantic model and ONNX Runtime on our own model.onnx.

    python -m benchmarks.baselines.onnx_server BUNDLE PORT

What a careful team would write in an afternoon: the documents' answer in full, one thread, no log, no metrics.
"""

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class PredictBody(BaseModel):
    features: list[float]
    model: str = "auto"
    return_probabilities: bool = True
    return_all_models: bool = False


def create_app(bundle: Path) -> FastAPI:
    app = FastAPI()
    metadata = json.loads((bundle / "metadata.json").read_text())
    labels = metadata["output_schema"]["labels"]
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(bundle / "model.onnx", options, providers=["CPUExecutionProvider"])

    @app.post("/api/v1/predict")
    async def predict(body: PredictBody) -> dict[str, Any]:
        start = time.perf_counter()
        rows = np.array([body.features], np.float32)
        [[best], [probabilities]] = session.run(["label", "probabilities"], {"input": rows})
        latency_ms = (time.perf_counter() - start) * 1000
        return {
            "prediction": {
                "class": labels[best],
                "class_name": labels[best],
                "class_id": int(best),
                "confidence": float(probabilities[best]),
                "probabilities": dict(zip(labels, probabilities.tolist(), strict=True)),
            },
            "model": {
                "name": metadata["model_name"],
                "version": metadata["version"],
                "latency_ms": round(latency_ms, 3),
            },
            "metadata": {
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "request_id": f"req_{uuid.uuid4().hex}",
            },
        }

    return app


if __name__ == "__main__":
    _, folder, port = sys.argv
    uvicorn.run(create_app(Path(folder)), port=int(port), log_level="warning", access_log=False)
