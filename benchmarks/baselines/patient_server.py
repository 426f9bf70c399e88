"""The old design of patient risk, by hand: FastAPI, a pydantic model, redis.asyncio and LightGBM.

    python -m benchmarks.baselines.patient_server MODEL.txt REDIS_URL API_KEY PORT

What a careful team would write in a day, and kind to it: one GET per patient over a pool, one thread in LightGBM, no
log, no metrics, no audit record. Names and words of the fields are taken from our service.toml instead of being typed.
"""

import math
import sys
from collections.abc import Mapping
from datetime import date
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
from pydantic import BaseModel, Field

from serinus import service as services

SERVICE = services.load(services.find("iit"))
WORDS = {field.name: {word: i for i, word in enumerate(field.values)} for field in SERVICE.input.given if field.values}
HEADER = APIKeyHeader(name="X-API-Key")
BANDS = SERVICE.bands
Features = Mapping[str, Any]


class Visit(BaseModel):
    patient_id: str = Field(max_length=40)
    visit_date: date
    days_dispensed: int = Field(ge=1, le=365)
    weight_kg: float | None = Field(None, ge=1, le=300)
    who_stage: str | None = None
    tb_symptoms: bool | None = None


def create_app(booster: lgb.Booster, store: redis.Redis, key: str) -> FastAPI:
    app = FastAPI()

    async def verified(said: Annotated[str, Security(HEADER)]) -> None:
        if not compare_digest(said, key):
            raise HTTPException(403, "Invalid API key")

    @app.post("/api/v1/predict", dependencies=[Depends(verified)])
    async def predict(visit: Visit) -> dict[str, Any]:
        stored = await store.get(f"patient:{visit.patient_id}")
        if stored is None:
            raise HTTPException(404, "no such patient")
        features = {**orjson.loads(stored), **visit.model_dump()}
        [probability] = booster.predict(np.array([row(features)]), num_threads=1)
        return answer(visit.patient_id, float(probability))

    return app


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
    model, url, api_key, port = sys.argv[1:]
    app = create_app(lgb.Booster(model_file=Path(model)), redis.from_url(url), api_key)
    uvicorn.run(app, port=int(port), log_level="warning", access_log=False)
