"""The memory in front of a store: what it remembers, when it asks, and what it does when the store does not answer."""

import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from serinus.errors import StoreDown
from serinus.features.breaker import Breaker, Refused, Trip
from serinus.features.lookup import Lookup, Patience, World
from serinus.features.memory import Found
from serinus.features.store import Stored, Unreadable
from tests.features.labs import Clock

PLOT = Stored({"altitude": 1252}, 0.0)


@dataclass
class Shelf:
    """A store that fails as often as it is told to; asked: what it was asked for."""

    kept: dict[str, Stored | Unreadable]
    failures: int = 0
    asked: list[list[str]] = field(default_factory=list)

    def get(self, entities: Sequence[str]) -> Mapping[str, Stored | Unreadable]:
        self.asked.append(list(entities))
        if self.failures:
            self.failures -= 1
            raise StoreDown("the shelf fell over")
        return {entity: self.kept[entity] for entity in entities if entity in self.kept}


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lookup(shelf: Shelf, clock: Clock, **patience: object) -> Lookup:
    wanted = Patience(**{"ttl_s": 300, "retries": 2, "trip": Trip(failures=3, cooldown_s=10), **patience})
    return Lookup(shelf, wanted, World(clock, clock.sleep, lambda: 0.5))


def test_what_was_fetched_is_remembered_until_its_time_is_over(clock):
    features = lookup(Shelf({"1": PLOT}), clock)
    assert features.remembered(["1"]) is None
    assert features.fetch(["1"]) == {"1": Found(PLOT, "store")}
    clock.now += 299
    assert features.remembered(["1"]) == {"1": Found(PLOT, "store")}
    clock.now += 1
    assert features.remembered(["1"]) is None


def test_all_are_remembered_or_none(clock):
    features = lookup(Shelf({"1": PLOT, "2": PLOT}), clock)
    features.fetch(["1"])
    assert features.remembered(["1", "2"]) is None
    features.fetch(["1", "2"])
    assert features.remembered(["1", "2"]).keys() == {"1", "2"}


def test_only_what_is_not_remembered_is_asked_for(clock):
    shelf = Shelf({"1": PLOT, "2": PLOT})
    features = lookup(shelf, clock)
    features.fetch(["1"])
    features.fetch(["1", "2", "2"])
    assert shelf.asked == [["1"], ["2"]]
    assert (features.counts.hits, features.counts.misses) == (1, 2)


@pytest.mark.parametrize("found", [None, Unreadable("it is not JSON")], ids=["no such entity", "unreadable"])
def test_what_cannot_be_used_is_not_remembered(clock, found):
    shelf = Shelf({} if found is None else {"1": found})
    features = lookup(shelf, clock)
    assert features.fetch(["1"]) == {"1": Found(found, "store")}
    assert features.remembered(["1"]) is None
    shelf.kept["1"] = PLOT
    assert features.fetch(["1"]) == {"1": Found(PLOT, "store")}


def test_an_entity_that_was_taken_out_of_the_store_is_forgotten(clock):
    shelf = Shelf({"1": PLOT})
    features = lookup(shelf, clock)
    features.fetch(["1"])
    shelf.kept.clear()
    clock.now += 301
    features.fetch(["1"])
    shelf.failures = 99
    with pytest.raises(StoreDown):
        features.fetch(["1"])


def test_the_least_recently_used_is_forgotten_first(clock):
    features = lookup(Shelf(dict.fromkeys("abc", PLOT)), clock, entries=2)
    features.fetch(["a"])
    features.fetch(["b"])
    features.remembered(["a"])
    features.fetch(["c"])
    assert features.remembered(["b"]) is None
    assert features.remembered(["a", "c"]) is not None


def test_a_failure_is_tried_again_after_longer_and_longer_random_pauses(clock):
    shelf = Shelf({"1": PLOT}, failures=2)
    features = lookup(shelf, clock)
    assert features.fetch(["1"]) == {"1": Found(PLOT, "store")}
    assert clock.naps == [0.025, 0.05]
    assert features.counts.failures == 2
    assert features.available


def test_after_some_failures_in_a_row_the_store_is_not_asked_any_more(clock):
    shelf = Shelf({"1": PLOT}, failures=99)
    features = lookup(shelf, clock)
    for _ in range(3):
        with pytest.raises(StoreDown):
            features.fetch(["1"])
    assert len(shelf.asked) == 3
    assert not features.available


def test_who_is_refused_is_told_when_to_come_again(clock):
    features = lookup(Shelf({}, failures=99), clock)
    with pytest.raises(StoreDown) as down:
        features.fetch(["1"])
    assert down.value.retry_after_s == 10
    clock.now += 4
    with pytest.raises(StoreDown) as down:
        features.fetch(["1"])
    assert down.value.retry_after_s == 6


def test_a_store_that_recovers_is_used_again(clock):
    shelf = Shelf({"1": PLOT}, failures=3)
    features = lookup(shelf, clock)
    with pytest.raises(StoreDown):
        features.fetch(["1"])
    clock.now += 10
    assert features.fetch(["1"]) == {"1": Found(PLOT, "store")}
    assert features.available


def test_while_the_store_is_down_memory_speaks_for_it(clock):
    shelf = Shelf({"1": PLOT, "2": PLOT})
    features = lookup(shelf, clock)
    features.fetch(["1"])
    shelf.failures = 99
    clock.now += 10_000
    assert features.fetch(["1"]) == {"1": Found(PLOT, "stale")}
    assert features.counts.stale == 1
    with pytest.raises(StoreDown):
        features.fetch(["1", "2"])


@pytest.mark.parametrize(
    "name", ["", "\ud800", "x" * 1025, "ü" * 513], ids=["empty", "no text", "long", "long in UTF-8"]
)
def test_what_no_store_can_have_is_not_asked_for(clock, name):
    shelf = Shelf({"1": PLOT})
    assert lookup(shelf, clock).fetch([name, "1"]) == {name: Found(None, "store"), "1": Found(PLOT, "store")}
    assert shelf.asked == [["1"]]


def test_a_mistake_of_ours_is_no_outage_but_does_not_block_the_probe_either(clock):
    @dataclass
    class Broken:
        def get(self, entities: Sequence[str]) -> Mapping[str, Stored]:
            raise ZeroDivisionError

    features = lookup(Broken(), clock)
    for _ in range(4):
        with pytest.raises((ZeroDivisionError, StoreDown)):
            features.fetch(["1"])
    assert not features.available


def test_half_open_one_call_of_many_may_try(clock):
    breaker = Breaker(Trip(failures=1, cooldown_s=10), clock)
    breaker.failed(breaker.admit())
    clock.now += 10
    together = threading.Barrier(8)

    def attempt(_: int) -> bool:
        together.wait()
        try:
            breaker.admit()
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1
    assert breaker.state == "half-open"


def test_a_probe_that_never_ends_does_not_keep_others_out_for_good(clock):
    breaker = Breaker(Trip(failures=1, cooldown_s=10), clock)
    breaker.failed(breaker.admit())
    clock.now += 10
    breaker.admit()
    with pytest.raises(Refused):
        breaker.admit()
    clock.now += 10
    breaker.succeeded(breaker.admit())
    assert breaker.state == "closed"


def test_an_answer_from_before_the_outage_does_not_end_it(clock):
    breaker = Breaker(Trip(failures=1, cooldown_s=10), clock)
    early, late = breaker.admit(), breaker.admit()
    breaker.failed(early)
    breaker.succeeded(late)
    assert breaker.state == "open"


def test_many_threads_lose_no_count(clock):
    names = [str(i) for i in range(40)]
    features = lookup(Shelf(dict.fromkeys(names, PLOT)), clock, entries=10)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda i: features.fetch([names[i % 40]]), range(2000)))
    assert all(found.stored == PLOT for answer in answers for found in answer.values())
    assert features.counts.hits + features.counts.misses == 2000


def test_remembering_takes_microseconds():
    features = Lookup(Shelf({"1": PLOT}), Patience(), World(time.monotonic, time.sleep, lambda: 0.5))
    features.fetch(["1"])
    taken_us = []
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(1000):
            features.remembered(["1"])
        taken_us.append((time.perf_counter() - started) * 1000)
    assert statistics.median(taken_us) < 10  # 0.8 on an idle machine
