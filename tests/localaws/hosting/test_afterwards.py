"""What is told of invocations after they were answered."""

import time

from localaws.afterwards import Afterwards
from localaws.runtime import Invocation


def invocation(number: int) -> Invocation:
    return Invocation(b"{}", None, str(number), duration_ms=1.0, logs="", version="1")


def wait_for(holds) -> None:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert holds()


def test_each_is_told_of_in_order_and_texts_of_a_version_come_as_one():
    seen, texts = [], []
    each = lambda function, version, text, one: seen.append((version, one.request_id))  # noqa: E731
    together = lambda function, version, text, one: texts.append((function, version, text))  # noqa: E731
    with Afterwards([each], [together]) as afterwards:
        for number in range(4):
            afterwards("f", str(number % 2), f"line {number}", invocation(number))
        wait_for(lambda: len(texts) == 2)
    assert seen == [("0", "0"), ("1", "1"), ("0", "2"), ("1", "3")]
    assert texts == [("f", "0", "line 0\nline 2"), ("f", "1", "line 1\nline 3")]


def test_a_listener_that_breaks_is_said_and_does_not_stop_the_others(caplog):
    seen = []

    def broken(*_told: object) -> None:
        raise ValueError("out of order")

    with Afterwards([broken, lambda *told: seen.append(told[2])], []) as afterwards:
        afterwards("f", "1", "one", invocation(1))
        afterwards("f", "1", "two", invocation(2))
        wait_for(lambda: len(seen) == 2)
    assert seen == ["one", "two"]
    assert "out of order" in caplog.text
