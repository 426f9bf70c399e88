"""The old design of patient risk, by hand: FastAPI, a pydantic model, redis.asyncio and LightGBM.

    python -m benchmarks.baselines.patient_server MODEL.txt REDIS_URL API_KEY [AUDIT_LOG] PORT

What a careful team would write in a day, and kind to it: one GET per patient over a pool, one thread in LightGBM.
Names and words of the fields are taken from our service.toml instead of being typed. Without AUDIT_LOG it writes no
log, no metrics and no audit record; with it, it does what the owners' production checklist asks for as well: a line in
the log and one in the audit log, the patient as a keyed hash, and Prometheus metrics.
"""

import hmac
import logging
import math
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Any

import lightgbm as lgb
import numpy as np
import orjson
import redis.asyncio as redis
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import APIKeyHeader
from prometheus_client import Counter, Histogram
from pydantic import BaseModel, Field

from serinus import service as services

SERVICE = services.load(services.find("iit"))
WORDS = {field.name: {word: i for i, word in enumerate(field.values)} for field in SERVICE.input.given if field.values}
HEADER = APIKeyHeader(name="X-API-Key")
BANDS = SERVICE.bands
Features = Mapping[str, Any]
Duties = Callable[[str, float, float], None]
PREDICTIONS = Counter("iit_predictions_total", "Predictions", ["outcome"])
DURATION = Histogram("iit_prediction_duration_seconds", "Time to predict")
log = logging.getLogger("iit")


class Visit(BaseModel):
    patient_id: str = Field(max_length=40)
    visit_date: date
    days_dispensed: int = Field(ge=1, le=365)
    weight_kg: float | None = Field(None, ge=1, le=300)
    who_stage: str | None = None
    tb_symptoms: bool | None = None


def create_app(booster: lgb.Booster, store: redis.Redis, key: str, duties: Duties) -> FastAPI:
    app = FastAPI()

    async def verified(said: Annotated[str, Security(HEADER)]) -> None:
        if not compare_digest(said, key):
            raise HTTPException(403, "Invalid API key")

    @app.post("/api/v1/predict", dependencies=[Depends(verified)])
    async def predict(visit: Visit) -> dict[str, Any]:
        start = time.perf_counter()
        stored = await store.get(f"patient:{visit.patient_id}")
        if stored is None:
            raise HTTPException(404, "no such patient")
        features = {**orjson.loads(stored), **visit.model_dump()}
        [probability] = booster.predict(np.array([row(features)]), num_threads=1)
        duties(visit.patient_id, float(probability), time.perf_counter() - start)
        return answer(visit.patient_id, float(probability))

    return app


def no_duties(patient: str, probability: float, seconds: float) -> None:
    pass


def dutiful(audit: Path, key: str) -> Duties:
    """Log, metrics and an audit record of every prediction."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    file = audit.open("a", buffering=1)

    def duties(patient: str, probability: float, seconds: float) -> None:
        outcome = "INTERRUPTED" if probability > 0.5 else "RETAINED"
        PREDICTIONS.labels(outcome).inc()
        DURATION.observe(seconds)
        log.info("prediction outcome=%s latency_ms=%.3f", outcome, seconds * 1000)
        whose = hmac.digest(key.encode(), patient.encode(), "sha256").hex()
        when = datetime.now(UTC).isoformat()  # this is an entry point
        record = {"when": when, "who": "key-1", "model": "lightgbm 1.0.0", "entity": whose, "outcome": outcome}
        file.write(orjson.dumps(record).decode() + "\n")

    return duties


def row(features: Features) -> list[float]:
    every = {**features, **derived(features)}
    return [number(name, every.get(name)) for name in SERVICE.input.names]


def number(name: str, value: Any) -> float:
    if value is None:
        return math.nan
    return WORDS[name].get(value, -1) if name in WORDS else float(value)


def derived(features: Features) -> dict[str, float | None]:
    visit, kept, due = features["visit_date"], features["appointments_kept_12m"], features["appointments_12m"]
    viral_load = features.get("viral_load")
    return {
        "days_on_art": days(features.get("art_start_date"), visit),
        "days_since_last_visit": days(features.get("last_visit_date"), visit),
        "days_late": days(features.get("appointment_date"), visit),
        "appointment_adherence": kept / due if due else None,
        "log_viral_load": None if viral_load is None else math.log1p(viral_load),
        "visit_day_of_year": visit.timetuple().tm_yday,
    }


def days(start: str | None, end: date) -> int | None:
    return None if start is None else (end - date.fromisoformat(start)).days


def answer(patient: str, probability: float) -> dict[str, Any]:
    label = "INTERRUPTED" if probability > 0.5 else "RETAINED"
    confidence = max(probability, 1 - probability)
    band = BANDS.of(probability) if BANDS else None
    prediction = {"class": label, "confidence": confidence, "risk_band": band}
    return {"patient_id": patient, "prediction": prediction, "probability": probability}


if __name__ == "__main__":
    model, url, api_key, *audit_log, port = sys.argv[1:]
    duties = dutiful(Path(audit_log[0]), api_key) if audit_log else no_duties
    app = create_app(lgb.Booster(model_file=Path(model)), redis.from_url(url), api_key, duties)
    uvicorn.run(app, port=int(port), log_level="warning", access_log=False)
