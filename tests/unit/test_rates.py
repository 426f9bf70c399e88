"""How often one client may ask."""

import threading
import time

import pytest

from functions.predict.rates import Rates


def passed(rates: Rates, client: str, count: int) -> int:
    return sum(rates.wait_s(client) == 0 for _ in range(count))


def test_a_client_may_ask_as_often_at_once_as_the_burst_says():
    assert passed(Rates(100, 20), "lab", 50) == 20


@pytest.mark.parametrize(("per_minute", "burst", "window_s"), [(100, 20, 12), (60, 1, 1), (100, 1, 0.6), (5, 20, 240)])
def test_the_window_makes_the_burst_into_the_rate(per_minute, burst, window_s):
    rates = Rates(per_minute, burst)
    assert rates.window_s == pytest.approx(window_s)
    assert passed(rates, "lab", burst + 1) == burst
    assert 0 < rates.wait_s("lab") <= window_s


def test_a_client_may_ask_again_once_it_has_waited():
    rates = Rates(3000, 10)
    assert passed(rates, "lab", 11) == 10
    time.sleep(rates.wait_s("lab"))
    assert passed(rates, "lab", 11) == 10


def test_who_asks_in_vain_waits_no_longer_for_it():
    rates = Rates(60, 5)
    passed(rates, "lab", 5)
    first = rates.wait_s("lab")
    passed(rates, "lab", 100)
    assert rates.wait_s("lab") <= first


def test_one_client_never_uses_up_what_another_may_ask():
    rates = Rates(100, 20)
    passed(rates, "lab", 100)
    assert passed(rates, "clinic-7", 100) == 20


def test_any_number_of_clients_takes_bounded_memory():
    rates = Rates(100, 20, most_clients=1000)
    for number in range(50_000):
        rates.wait_s(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(rates._counts.storage) <= 1000


def test_clients_within_the_bound_are_never_forgotten():
    rates = Rates(1, 1, most_clients=1000)
    clients = [f"client-{number}" for number in range(999)]
    assert sum(rates.wait_s(client) == 0 for client in clients) == 999
    assert not any(rates.wait_s(client) == 0 for client in clients)


def test_windows_that_are_over_make_room_for_others():
    rates = Rates(60_000, 1, most_clients=100)
    for number in range(99):
        rates.wait_s(f"early-{number}")
    time.sleep(rates.window_s * 2)
    assert passed(rates, "lab", 1) == 1
    assert passed(rates, "clinic", 1) == 1
    assert len(rates._counts.storage) == 2


def test_no_thread_is_started_for_counting():
    rates = Rates(6000, 100)
    time.sleep(0.05)
    before = threading.active_count()
    passed(rates, "lab", 50)
    assert threading.active_count() == before
