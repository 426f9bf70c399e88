"""What becomes of a request when the feature store has not what it needs, or does not answer."""

import asyncio
import threading

import httpx
import pytest

from serinus.features.store import Stored, Unreadable
from tests.handlers.conftest import Api, api_of, loaded
from tests.handlers.test_records import EVERYTHING, FRESH, SAID, Farm
from tests.records import KEPT, NOW, PLOTS, Shelf, stock_of, write_record_service

WITHOUT_A_STORE = PLOTS.replace('source = "store"', 'source = "either"')


@pytest.fixture(scope="session")
def either_file(tmp_path_factory):
    """Plots whose every feature a request may say."""
    return write_record_service(tmp_path_factory.mktemp("session") / "either", WITHOUT_A_STORE)


@pytest.fixture
def farm(either_file) -> Farm:
    ensemble = loaded(either_file)
    shelf = Shelf({str(plot): FRESH for plot in (1, 2, 3)})
    return Farm(api_of(ensemble, stock_of(ensemble.service, shelf)), shelf)


ALL = EVERYTHING | {"gdd_sum": 1000.0}


def test_an_unknown_plot_is_not_found_by_its_id(farm):
    answer = farm.predict(SAID | {"plot_id": 404})
    problem = answer.json()
    assert (answer.status_code, problem["errors"][0]["field"], problem["errors"][0]["value"]) == (404, "plot_id", 404)
    assert "404" in problem["detail"]


def test_an_unknown_plot_is_answered_when_the_request_says_all(farm):
    assert farm.predict(ALL | {"plot_id": 404}).status_code == 200
    assert farm.shelf.asked == []


def test_what_a_request_says_wrong_comes_before_what_is_not_found(farm):
    problem = farm.predict(SAID | {"plot_id": 404, "latitude": 91}).json()
    assert (problem["status"], [error["field"] for error in problem["errors"]]) == (422, ["latitude"])


def test_a_store_that_is_down_is_a_503_that_says_when_to_ask_again(farm):
    farm.shelf.is_down = True
    answer = farm.predict(SAID)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "10.0.0.7" not in answer.text
    assert "10.0.0.7" in farm.api.logged[-1]["feature_store"]


def test_a_store_that_is_down_matters_only_where_it_is_needed(farm):
    farm.shelf.is_down = True
    assert farm.predict(ALL).status_code == 200
    assert farm.predict(SAID | {"latitude": 91}).status_code == 422


def test_a_batch_is_answered_as_far_as_the_store_is_not_needed(farm):
    farm.shelf.is_down = True
    body = farm.batch(SAID, ALL, SAID | {"plot_id": 2}).json()
    assert [one is not None for one in body["predictions"]] == [False, True, False]
    assert [error["errors"][0]["field"] for error in body["errors"]] == ["plots[0].plot_id", "plots[2].plot_id"]
    assert "does not answer" in body["errors"][0]["detail"]


def test_a_batch_that_needs_the_store_throughout_is_a_503(farm):
    farm.shelf.is_down = True
    assert farm.batch(SAID, SAID | {"plot_id": 2}, SAID | {"season": "Monsoon"}).status_code == 503


def test_memory_answers_those_of_a_batch_that_it_has(farm):
    farm.predict(SAID)
    farm.shelf.is_down = True
    body = farm.batch(SAID, SAID | {"plot_id": 2}).json()
    assert [one is not None for one in body["predictions"]] == [True, False]


def test_a_batch_of_unknown_plots_is_refused_whole(farm):
    problem = farm.batch(SAID | {"plot_id": 8}, SAID | {"plot_id": 9}).json()
    assert (problem["status"], [error["value"] for error in problem["errors"]]) == (422, [8, 9])


def test_features_that_cannot_be_read_are_said_to_be_the_stores(farm):
    farm.shelf.kept["1"] = Unreadable("it is not JSON")
    problem = farm.predict(SAID).json()
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "plot_id")
    assert "stored features can be read: it is not JSON" in problem["errors"][0]["expected"]


@pytest.mark.parametrize(("name", "value"), [("precip_total", -1.0), ("gdd_sum", "many"), ("irrigated", 1)])
def test_a_stored_value_that_is_bad_is_said_to_be_the_stores(farm, name, value):
    farm.shelf.kept["1"] = Stored(KEPT | {name: value}, NOW)
    [error] = farm.predict(SAID).json()["errors"]
    assert (error["field"], error["value"]) == (name, value)
    assert "so says the feature store" in error["expected"]


def test_features_that_are_too_old_are_said_to_be_stale(farm):
    farm.shelf.kept["1"] = Stored(KEPT, NOW - 49 * 3600)
    assert farm.predict(SAID).json()["feature_sources"]["altitude"] == "stale"


def test_features_remembered_while_the_store_is_down_are_said_to_be_stale(tmp_path):
    text = WITHOUT_A_STORE.replace("retries = 0", "retries = 0\nttl_s = 0")
    ensemble = loaded(write_record_service(tmp_path / "plots", text))
    shelf = Shelf({"1": FRESH})
    api = api_of(ensemble, stock_of(ensemble.service, shelf))
    assert api.post("/predict", SAID).json()["feature_sources"]["altitude"] == "store"
    shelf.is_down = True
    assert api.post("/predict", SAID).json()["feature_sources"]["altitude"] == "stale"
    assert "feature_stale_total 1.0" in api.get("/metrics").text


def test_a_record_that_says_all_need_not_name_what_it_may_leave_out(tmp_path):
    text = WITHOUT_A_STORE.replace("minimum = 1\nfeature = false", "optional = true\nfeature = false")
    ensemble = loaded(write_record_service(tmp_path / "plots", text))
    api = api_of(ensemble, stock_of(ensemble.service, Shelf()))
    nameless = {name: value for name, value in ALL.items() if name != "plot_id"}
    assert api.post("/predict", nameless).json()["plot_id"] is None
    assert api.post("/predict", nameless | {"altitude": None}).status_code == 422


def test_a_store_that_is_left_alone_is_told_by_the_metrics(farm):
    farm.shelf.is_down = True
    for _ in range(5):
        farm.predict(SAID)
    text = farm.api.get("/metrics").text
    assert "feature_store_failures_total 5.0" in text
    assert "feature_store_available 0.0" in text
    assert farm.api.get("/health").json()["feature_store_available"] is False


class Slow(Shelf):
    """Answers once it is told to."""

    def __init__(self) -> None:
        super().__init__({"1": FRESH})
        self.may_answer = threading.Event()

    def get(self, entities):
        assert self.may_answer.wait(timeout=10)
        return super().get(entities)


def test_others_are_answered_while_the_store_is_asked(either_file):
    ensemble, shelf = loaded(either_file), Slow()
    api: Api = api_of(ensemble, stock_of(ensemble.service, shelf))

    async def both() -> tuple[int, int]:
        transport = httpx.ASGITransport(api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://serinus") as client:
            slow = asyncio.create_task(client.post("/predict", json=SAID))
            await asyncio.sleep(0.05)
            quick = await client.post("/predict", json=ALL)
            assert not slow.done()
            shelf.may_answer.set()
            return (await slow).status_code, quick.status_code

    assert asyncio.run(both()) == (200, 200)


@pytest.mark.parametrize(
    "plot_id", [None, "1", 1.5, True, 0, -1, 2**53 + 0.5, 1e300, [1], {"a": 1}, "x" * 10_000], ids=repr
)
def test_what_names_no_plot_is_refused_without_asking(farm, plot_id):
    problem = farm.predict(SAID | {"plot_id": plot_id}).json()
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "plot_id")
    assert "a whole number of at least 1" in problem["errors"][0]["expected"]
    assert farm.shelf.asked == []
