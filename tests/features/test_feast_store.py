"""What is special of Feast: its statuses and times, and answers that are none."""

import json
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler

import pytest

from serinus.errors import ServiceError, StoreDown
from serinus.features.feast_store import Question, feast_store
from serinus.features.store import Stored
from tests.features.labs import AT, Feast
from tests.stores import http_server

WANTED = {"features": ["plots:altitude", "plots:soil"]}
ANSWER = {
    "metadata": {"feature_names": ["plot_id", "altitude", "soil"]},
    "results": [
        {"values": [1, 2], "statuses": ["PRESENT", "PRESENT"]},
        {"values": [1252, 9], "statuses": ["PRESENT", "PRESENT"]},
        {"values": ["clay", "loam"], "statuses": ["PRESENT", "PRESENT"]},
    ],
}


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


def opened(stack, handler, key=int, wanted=WANTED, **attributes):
    port = stack.enter_context(http_server(handler, **attributes))
    store = feast_store(f"http://127.0.0.1:{port}", Question(wanted, "plot_id", key), timeout_s=5, clock=lambda: 77.0)
    stack.callback(store.client.close)
    return store


class Says(BaseHTTPRequestHandler):
    """Answers the same to everybody, and keeps what it was asked."""

    answer: bytes
    asked: list

    def do_POST(self):
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format, *args):
        pass


def says(stack, answer, **options):
    return opened(stack, Says, answer=json.dumps(answer).encode(), asked=[], **options)


def test_features_are_asked_for_as_feast_wants_it(stack):
    asked = []
    store = opened(stack, Says, answer=json.dumps(ANSWER).encode(), asked=asked)
    store.get(["1", "2"])
    assert asked == [{**WANTED, "entities": {"plot_id": [1, 2]}}]


def test_values_without_a_time_are_of_now(stack):
    assert says(stack, ANSWER).get(["1", "2"]) == {
        "1": Stored({"altitude": 1252, "soil": "clay"}, 77.0),
        "2": Stored({"altitude": 9, "soil": "loam"}, 77.0),
    }


def test_what_is_read_is_as_old_as_its_oldest_value(stack):
    times = [[], ["2021-12-31T23:00:00Z"] * 2, ["2022-06-01T00:00:00Z"] * 2]
    results = [{**one, "event_timestamps": when} for one, when in zip(ANSWER["results"], times, strict=True)]
    assert says(stack, {**ANSWER, "results": results}).get(["1", "2"])["1"].at == 1640991600


def test_a_value_that_feast_calls_too_old_is_missing(stack):
    kept = {"1": Stored({"altitude": 1252, "soil": "clay"}, AT)}
    store = opened(stack, Feast, key=str, kept=kept, statuses={"soil": "OUTSIDE_MAX_AGE"})
    assert store.get(["1"])["1"].values == {"altitude": 1252, "soil": None}


def test_a_word_is_no_entity_among_numbers(stack):
    assert says(stack, ANSWER).get(["clay"]) == {}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param({"detail": "no such view"}, "not what its /get-online-features answers", id="another shape"),
        pytest.param({**ANSWER, "results": ANSWER["results"][:2]}, "not what its", id="a column short"),
        pytest.param(
            {**ANSWER, "results": [ANSWER["results"][0], *[{"values": [1], "statuses": ["PRESENT"]}] * 2]},
            "answered another number",
            id="a row short",
        ),
        pytest.param(
            {**ANSWER, "results": [{"values": [2, 1], "statuses": ["PRESENT"] * 2}, *ANSWER["results"][1:]]},
            "answers about others",
            id="another order",
        ),
        pytest.param(
            {"metadata": {"feature_names": ["altitude", "soil"]}, "results": ANSWER["results"][1:]},
            "answers about others",
            id="nobody's",
        ),
    ],
)
def test_an_answer_that_does_not_fit_the_question_is_an_outage(stack, answer, message):
    with pytest.raises(StoreDown, match=message):
        says(stack, answer).get(["1", "2"])


def test_a_failing_server_is_an_outage(stack):
    store = opened(stack, Feast, kept={}, statuses={}, status=503)
    with pytest.raises(StoreDown, match="Feast answers 503"):
        store.get(["1"])
    with pytest.raises(StoreDown, match="Feast answers 503"):
        store.ping()


def test_feast_is_only_read(stack):
    store = opened(stack, Feast, kept={}, statuses={})
    with pytest.raises(ServiceError, match="feast materialize"):
        store.put({"1": Stored({}, time.time())})
    with pytest.raises(ServiceError, match="cannot say which entities"):
        store.entities()
