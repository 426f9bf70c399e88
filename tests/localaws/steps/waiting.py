"""Wait for what happens in the background."""

import time
from collections.abc import Callable
from typing import Any


def until(ask: Callable[[], Any], *, within_s: float = 10.0) -> Any:
    """The first answer that is not empty."""
    deadline = time.monotonic() + within_s
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing after {within_s} s")
        time.sleep(0.02)
    return answer


def messages(aws: Callable[[str], Any], queue_url: str) -> list[str]:
    """The bodies of what is in the queue, which are gone then."""
    bodies: list[str] = []
    while received := aws("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        for message in received:
            bodies.append(message["Body"])
            aws("sqs").delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def queue(aws: Callable[[str], Any], name: str) -> tuple[str, str]:
    """The URL and the ARN of a new queue."""
    url = aws("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:123456789012:{name}"
