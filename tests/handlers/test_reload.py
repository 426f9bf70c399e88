"""Models come and go without a restart: all at once, or not at all."""

import asyncio
import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from functions.predict.asgi import OPEN
from functions.predict.generation import Generation
from functions.predict.reload import Current
from functions.predict.server_telemetry import ServerTelemetry
from functions.predict.serving import Serving
from serinus import service as services
from serinus.features.store import Stored
from serinus.settings import PredictSettings
from serinus.stores import open_store
from tests.handlers.conftest import Api
from tests.handlers.test_records import SAID
from tests.records import KEPT, NOW, PLOTS, write_record_bundle, write_record_service

RELOAD = "/models/reload"
REST = {"altitude": 1, "gdd_sum": 2}


@dataclass(frozen=True)
class Worker:
    """One process of a server, and what lies on its disk."""

    api: Api
    file: Path

    def replace(self, old: str, new: str) -> None:
        self.file.write_text(self.file.read_text().replace(old, new))

    def yield_of(self, **said: object) -> float:
        return self.api.post("/predict", SAID | REST | said).json()["predicted_yield_kg_per_ha"]


def worker(file: Path, generation: Generation | None = None, address: str = "") -> Worker:
    log = io.StringIO()
    telemetry = ServerTelemetry("plots", "7", log=log)
    settings = PredictSettings(service=file, models=file.parent / "models", release="7")
    current = Current(Serving(settings, address, telemetry, OPEN).make, telemetry, generation, (telemetry.route,))
    return Worker(Api(current, current._served.ensemble, log), file)


WITHOUT_STORE = PLOTS[: PLOTS.index("[features]")] + PLOTS[PLOTS.index("[gateway]") :]
ALONE = WITHOUT_STORE.replace('source = "either"\n', "").replace('source = "store"\n', "")


@pytest.fixture
def file(tmp_path) -> Path:
    return write_record_service(tmp_path / "plots", ALONE)


@pytest.fixture
def plots(file) -> Worker:
    return worker(file)


def add(file: Path, name: str, version: str, *, seed: int = 9, figure: float = 0.99) -> None:
    write_record_bundle(file.parent / "models", name, services.load(file), version=version, seed=seed, figure=figure)


@pytest.mark.parametrize("path", [RELOAD, "/api/v1/models/reload"])
def test_a_new_version_answers_after_a_reload(plots, path):
    before = plots.yield_of(model="ridge")
    add(plots.file, "ridge", "1.1.0")
    plots.replace('ridge = "1.0.0"', 'ridge = "1.1.0"')
    assert plots.yield_of(model="ridge") == before
    answer = plots.api.post(path)
    body = answer.json()
    [changed] = body["changed"]
    assert answer.status_code == 200
    assert (changed["name"], changed["from"]["version"], changed["to"]["version"]) == ("ridge", "1.0.0", "1.1.0")
    assert changed["from"]["digest"] != changed["to"]["digest"]
    assert body["models"] == {"ensemble": "1.0.0", "xgboost": "1.0.0", "ridge": "1.1.0"}
    assert (body["auto"], body["service"]) == ("ridge", "plots")
    assert plots.yield_of(model="ridge") != before
    assert "active_models_count 3.0" in plots.api.get("/metrics").text


def test_models_may_come_and_go(plots):
    add(plots.file, "lightgbm", "1.0.0")
    plots.replace('ridge = "1.0.0"', 'lightgbm = "1.0.0"')
    changed = {one["name"]: one for one in plots.api.post(RELOAD).json()["changed"]}
    assert (changed["lightgbm"]["from"], changed["ridge"]["to"]) == (None, None)
    assert plots.api.post("/predict", SAID | {"model": "ridge"}).status_code == 422
    assert plots.api.get("/health").json()["models_loaded"] == ["ensemble", "xgboost", "lightgbm"]


def test_nothing_new_changes_nothing(plots):
    assert plots.api.post(RELOAD).json()["changed"] == []


def test_the_page_knows_the_new_models(plots):
    assert "lightgbm" not in plots.api.get("/openapi.json").text
    add(plots.file, "lightgbm", "1.0.0")
    plots.replace('ridge = "1.0.0"', 'lightgbm = "1.0.0"')
    plots.api.post(RELOAD)
    assert "lightgbm" in plots.api.get("/openapi.json").text


def broken(file: Path) -> str:
    add(file, "ridge", "1.1.0")
    (file.parent / "models" / "ridge" / "v1.1.0" / "model.onnx").write_bytes(b"x")
    file.write_text(file.read_text().replace('ridge = "1.0.0"', 'ridge = "1.1.0"'))
    return "model.onnx was altered"


def gone(file: Path) -> str:
    shutil.rmtree(file.parent / "models" / "ridge")
    return "is not a bundle"


def no_toml(file: Path) -> str:
    file.write_text("[service")
    return "is not TOML"


def misfit(file: Path) -> str:
    file.write_text(file.read_text().replace('unit = "kg_per_ha"', 'unit = "t_per_ha"'))
    return "predicts yield in t_per_ha, model ensemble predicts yield in kg_per_ha"


def doubled_name(file: Path) -> str:
    file.write_text(file.read_text().replace('rows = "plots"', 'rows = "voting"'))
    return "rows cannot be 'voting'"


def other_door(file: Path) -> str:
    file.write_text(file.read_text().replace("[gateway]", '[gateway]\nauth = "api_key"'))
    return "[gateway] was changed: restart the server"


def other_privacy(file: Path) -> str:
    file.write_text(file.read_text() + "[privacy]\npersonal = true\n")
    return "[privacy] was changed: restart the server"


def other_name(file: Path) -> str:
    file.write_text(file.read_text().replace('name = "plots"\ntask', 'name = "fields"\ntask'))
    return "[service] name was changed"


@pytest.mark.parametrize("spoil", [broken, gone, no_toml, misfit, doubled_name, other_door, other_privacy, other_name])
def test_what_cannot_be_served_leaves_all_as_it_was(plots, spoil):
    before = plots.yield_of(model="ridge")
    reason = spoil(plots.file)
    answer = plots.api.post(RELOAD)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert reason in answer.json()["detail"]
    assert reason in answer.json()["errors"][0]["expected"]
    assert plots.yield_of(model="ridge") == before
    assert plots.api.get("/health").json()["models"]["ridge"] == "1.0.0"


def test_how_many_may_be_in_a_batch_is_taken_up(plots):
    plots.replace("max_batch_size = 100", "max_batch_size = 1")
    assert plots.api.post(RELOAD).status_code == 200
    assert "1 to 1 rows" in plots.api.post("/predict/batch", {"plots": [1, 2]}).text


def test_requests_that_have_begun_end_with_the_models_they_began_with(plots):
    """The body comes in two parts, and the reload in between."""
    before = plots.yield_of(model="ridge")
    add(plots.file, "ridge", "1.1.0")
    plots.replace('ridge = "1.0.0"', 'ridge = "1.1.0"')
    begun, reloaded = asyncio.Event(), asyncio.Event()
    body = httpx.Request("POST", "/", json=SAID | REST | {"model": "ridge"}).content

    async def all_of_it() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(plots.api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://serinus") as client:
            running = asyncio.create_task(client.post("/predict", content=streamed(body, begun, reloaded)))
            await begun.wait()
            assert (await client.post(RELOAD)).status_code == 200
            reloaded.set()
            return await running, await client.post("/predict", content=body)

    old, new = asyncio.run(all_of_it())
    assert (old.json()["model_version"], old.json()["predicted_yield_kg_per_ha"]) == ("1.0.0", before)
    assert new.json()["model_version"] == "1.1.0"


async def streamed(body: bytes, begun: asyncio.Event, go_on: asyncio.Event):
    yield body[:10]
    begun.set()
    await go_on.wait()
    yield body[10:]


def test_all_workers_take_up_what_one_was_told_to(file, tmp_path):
    first, second = (worker(file, Generation(tmp_path / "generation")) for _ in range(2))
    before = second.yield_of(model="ridge")
    add(file, "ridge", "1.1.0")
    first.replace('ridge = "1.0.0"', 'ridge = "1.1.0"')
    assert second.yield_of(model="ridge") == before
    assert first.api.post(RELOAD).status_code == 200
    assert second.yield_of(model="ridge") == first.yield_of(model="ridge") != before
    assert second.api.get("/health").json()["models"]["ridge"] == "1.1.0"


def test_a_worker_that_cannot_follow_answers_on_and_says_so_once(file, tmp_path):
    first, second = (worker(file, Generation(tmp_path / "generation")) for _ in range(2))
    before = second.yield_of(model="ridge")
    assert first.api.post(RELOAD).status_code == 200
    no_toml(file)
    assert [second.yield_of(model="ridge") for _ in range(3)] == [before] * 3
    assert [line["message"] for line in second.api.logged].count("fault") == 1


def test_stored_features_stay_in_memory_as_long_as_the_store_is_the_same(tmp_path):
    stored = write_record_service(tmp_path / "plots", PLOTS)
    features = tmp_path / "features"
    features.mkdir()
    open_store(services.load(stored), str(features)).put({"1": Stored(KEPT, NOW)})
    plots = worker(stored, address=str(features))
    asked = SAID | {"model": "ridge"}
    assert plots.api.post("/predict", asked).status_code == 200
    shutil.rmtree(features)
    plots.replace("max_batch_size = 100", "max_batch_size = 99")
    assert plots.api.post(RELOAD).status_code == 200
    assert plots.api.post("/predict", asked).status_code == 200
    plots.replace("max_age_h = 48", "max_age_h = 24")
    assert plots.api.post(RELOAD).status_code == 200
    assert plots.api.post("/predict", asked).status_code == 503


def test_a_bundle_that_was_replaced_in_place_is_told_by_its_digest(plots):
    shutil.rmtree(plots.file.parent / "models" / "ridge")
    add(plots.file, "ridge", "1.0.0", seed=10)
    [changed] = plots.api.post(RELOAD).json()["changed"]
    assert changed["from"]["version"] == changed["to"]["version"] == "1.0.0"
    assert changed["from"]["digest"] != changed["to"]["digest"]


def test_workers_answer_on_when_their_file_is_gone(file, tmp_path):
    only = worker(file, Generation(tmp_path / "generation"))
    (tmp_path / "generation").unlink()
    assert only.api.get("/health").status_code == 200


def test_an_announcement_after_ones_own_is_new(tmp_path):
    first, second = (Generation(tmp_path / "generation") for _ in range(2))
    first.announce()
    assert (first.is_new(), second.is_new()) == (False, True)
    second.announce()
    assert (first.is_new(), second.is_new()) == (True, False)
    first.caught_up()
    assert (first.is_new(), second.is_new()) == (False, False)


def test_on_lambda_there_is_nothing_to_reload(fresh):
    answer = fresh.post(RELOAD)
    assert answer.status_code == 409
    assert "build another release" in answer.json()["detail"]
