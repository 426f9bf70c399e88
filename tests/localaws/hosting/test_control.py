"""The process that hosts a stack: who may tell it to deploy, and the file that says that it runs."""

import json
import os
import urllib.error
import urllib.request
from dataclasses import replace

import psutil
import pytest

from localaws.control import Address, Declined, ask, listening
from localaws.state import StateFile


def test_it_does_what_its_owner_asks_and_says_what_became_of_it():
    with listening(lambda wanted: {"did": wanted["what"]}) as address:
        assert ask(address, {"what": "it"}) == {"did": "it"}


def test_a_stranger_is_refused():
    asked = []
    with listening(lambda wanted: asked.append(wanted) or {}) as address:
        with pytest.raises(Declined, match="not for you"):
            ask(replace(address, word="guess"), {})
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(urllib.request.Request(address.url, data=b"{}"))
    assert asked == []


def test_a_reason_travels_to_who_asked():
    def decline(_wanted: object) -> dict[str, object]:
        raise Declined("Fn (AWS::Lambda::Function): no such image")

    with listening(decline) as address, pytest.raises(Declined, match="no such image"):
        ask(address, {})


def test_a_host_that_is_gone_is_said():
    with pytest.raises(Declined, match="does not answer"):
        ask(Address("http://127.0.0.1:1/deploy", "word"), {})


@pytest.fixture
def state(tmp_path) -> StateFile:
    return StateFile(tmp_path / ".serinus", "kepler")


def test_a_state_is_claimed_once_while_its_process_lives(state):
    assert state.claim({"service": "kepler"})
    assert not state.claim({"service": "kepler"})
    about = state.running()
    assert about is not None
    assert (about["service"], about["pid"]) == ("kepler", os.getpid())
    assert state.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "left",
    [
        pytest.param("{", id="half a file"),
        pytest.param("{}", id="nothing in it"),
        pytest.param(json.dumps({"pid": 2**22 - 1, "started": 1.0}), id="a process that is gone"),
        pytest.param(json.dumps({"pid": os.getpid(), "started": 1.0}), id="another process of that number"),
    ],
)
def test_what_was_left_behind_is_removed(state, left):
    state.folder.mkdir()
    state.path.write_text(left)
    (state.folder / "kepler.headers").write_text("token")
    state.log.write_text("said")
    assert not psutil.pid_exists(2**22 - 1)
    assert state.running() is None
    assert [file.name for file in state.folder.iterdir()] == ["kepler.log"]


def test_one_service_leaves_the_files_of_another_alone(state):
    other = StateFile(state.folder, "kepler2")
    assert state.claim({})
    assert other.claim({})
    state.remove()
    assert other.running() is not None
