"""RFC 9110, section 15: the reason phrases, whichever Python serves."""

import json

import pytest

from functions.predict.problems import Refusal


@pytest.mark.parametrize(
    ("status", "title", "kind"),
    [
        (404, "Not Found", "not-found"),
        (413, "Content Too Large", "content-too-large"),  # Python 3.11: Request Entity Too Large
        (422, "Unprocessable Content", "unprocessable-content"),  # Python 3.11: Unprocessable Entity
        (503, "Service Unavailable", "service-unavailable"),
    ],
)
def test_a_problem_is_called_the_same_under_every_python(status: int, title: str, kind: str) -> None:
    said = json.loads(Refusal(status, "no").body("/predict", "req_1"))
    assert (said["title"], said["type"]) == (title, f"urn:serinus:{kind}")
