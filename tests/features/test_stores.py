"""What every feature store does, whatever is behind it: one suite for all of them."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from serinus.errors import StoreDown
from serinus.features.breaker import Trip
from serinus.features.lookup import Lookup, Patience, World
from serinus.features.store import Stored, Unreadable
from tests.features.conftest import KINDS, only
from tests.features.labs import AT, Clock, Lab

PLOT = Stored({"precip_total": 450.25, "altitude": 1252, "irrigated": True, "soil": "Löss", "mean_ndvi": None}, AT)
OTHER = Stored({"precip_total": 0.1, "altitude": 9, "irrigated": False, "soil": "clay", "mean_ndvi": 0.65}, AT + 60)
WRITABLE = [kind for kind in KINDS if kind != "feast"]
REMOTE = [kind for kind in KINDS if kind != "parquet"]


def lookup(lab: Lab, clock: Clock, timeout_s: float = 5) -> Lookup:
    patience = Patience(ttl_s=300, retries=1, trip=Trip(failures=3, cooldown_s=10))
    return Lookup(lab.opened(timeout_s), patience, World(clock, clock.sleep, lambda: 0.5))


def test_what_is_kept_is_found_with_its_time(lab):
    lab.fill({"1": PLOT, "2": OTHER})
    assert lab.store.get(["1"]) == {"1": PLOT}
    assert lab.store.get(["2", "1", "2"]) == {"1": PLOT, "2": OTHER}


def test_what_is_not_kept_is_left_out(lab):
    lab.fill({"1": PLOT})
    assert lab.store.get(["7"]) == {}
    assert lab.store.get(["7", "1", "8"]) == {"1": PLOT}
    assert lab.store.get([]) == {}


def test_a_missing_value_stays_missing(lab):
    lab.fill({"1": Stored({"precip_total": 1.5, "altitude": None}, AT), "2": OTHER})
    [stored] = lab.store.get(["1"]).values()
    assert stored.values["precip_total"] == 1.5
    assert stored.values["altitude"] is None
    assert stored.values.get("soil") is None


@pytest.mark.parametrize("entity", ["a:b*c[d]?", "Müller 3 🌽", "-1", "007", "1' OR 1=1", "x" * 1000])
def test_an_entity_may_have_any_name(lab, entity):
    lab.fill({entity: PLOT, "7": OTHER})
    assert lab.store.get([entity, "7"]) == {entity: PLOT, "7": OTHER}


def test_a_poisoned_entity_hides_no_other(lab):
    lab.fill({"1": PLOT, "2": OTHER})
    lab.poison("2")
    found = lab.store.get(["1", "2"])
    assert found["1"].values["precip_total"] == PLOT.values["precip_total"]
    assert isinstance(found["2"], Unreadable)


def test_ten_thousand_entities_are_found_at_once(lab):
    records = {str(i): Stored({"precip_total": i / 7, "altitude": i}, AT) for i in range(10_000)}
    lab.fill(records)
    found = lab.opened(30).get([*records, "no such"])
    assert len(found) == 10_000
    assert all(found[entity].values["altitude"] == int(entity) for entity in records)
    assert found["9999"].values["precip_total"] == 9999 / 7


@only(*WRITABLE)
def test_each_entity_is_listed_once(lab):
    lab.fill({"1": PLOT, "2": OTHER})
    lab.fill({"2": PLOT, "3": OTHER})
    assert sorted(lab.store.entities()) == ["1", "2", "3"]


@only(*WRITABLE)
def test_what_is_put_again_takes_the_place_of_what_was(lab):
    lab.store.put({"1": PLOT, "2": OTHER})
    again = Stored({**PLOT.values, "altitude": 1300}, AT + 3600)
    lab.store.put({"1": again})
    assert lab.store.get(["1", "2"]) == {"1": again, "2": OTHER}


@only(*WRITABLE)
def test_an_entity_put_on_a_later_day_leaves_the_others_where_they_are(lab):
    lab.store.put({"1": PLOT, "2": OTHER})
    later = Stored(PLOT.values, AT + 3 * 86400)
    lab.store.put({"1": later})
    assert lab.store.get(["1", "2"]) == {"1": later, "2": OTHER}


def test_a_store_that_answers_can_be_told_from_one_that_does_not(lab):
    lab.fill({"1": PLOT})
    store = lab.store
    store.ping()
    lab.way.cut()
    with pytest.raises(StoreDown):
        store.ping()
    with pytest.raises(StoreDown):
        store.get(["1"])
    lab.way.mend()
    store.ping()
    assert store.get(["1"]) == {"1": PLOT}


def test_while_a_store_is_down_its_last_answers_are_served_as_stale(lab):
    lab.fill({"1": PLOT, "2": OTHER})
    clock = Clock()
    features = lookup(lab, clock)
    assert features.fetch(["1"])["1"].source == "store"
    lab.way.cut()
    assert features.remembered(["1"])["1"].source == "store"
    clock.now += 301
    assert features.remembered(["1"]) is None
    [stale] = features.fetch(["1"]).values()
    assert (stale.source, stale.stored) == ("stale", PLOT)
    with pytest.raises(StoreDown) as down:
        features.fetch(["1", "2"])
    assert 0 < down.value.retry_after_s <= 10
    assert features.counts.stale >= 1


@only(*REMOTE)
def test_a_slow_store_is_left_alone_until_it_recovers(lab):
    lab.fill({"1": PLOT})
    clock = Clock()
    features = lookup(lab, clock, timeout_s=0.25)
    lab.way.delay_s = 1.0
    for _ in range(2):
        with pytest.raises(StoreDown):
            features.fetch(["1"])
    assert not features.available
    assert features.counts.failures == 3  # the fourth attempt is refused: the breaker is open
    started = time.perf_counter()
    with pytest.raises(StoreDown) as down:
        features.fetch(["1"])
    assert time.perf_counter() - started < 0.1
    assert down.value.retry_after_s <= 10
    clock.now += 11
    with pytest.raises(StoreDown):
        features.fetch(["1"])
    assert features.counts.failures == 4  # half-open: one probe, which opens it again
    assert not features.available
    lab.way.mend()
    clock.now += 11
    time.sleep(1.0)  # what was asked for while it was slow has left the line
    assert features.fetch(["1"])["1"].stored == PLOT
    assert features.available


def test_many_threads_may_ask_at_once(lab):
    records = {str(i): Stored({"altitude": i, "precip_total": 0.5}, AT) for i in range(50)}
    lab.fill(records)
    store = lab.opened(30)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda i: store.get([str(i), "no such"]), range(50)))
    assert [answer[str(i)].values["altitude"] for i, answer in enumerate(answers)] == list(range(50))
