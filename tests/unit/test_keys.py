"""API keys: drawn, kept as hashes, and recognised; `serinus keys`."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from functions.predict.keys import Key, Keys, drawn, line, plain, read
from serinus.cli import app
from serinus.errors import ServiceError

KEY = "serinus_0123456789abcdefghij"
OTHER = "serinus_another-key-of-a-caller"


def hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


@pytest.fixture
def file(tmp_path) -> Path:
    """What `serinus keys create` printed for two callers, with a remark."""
    written = tmp_path / "keys.txt"
    written.write_text(f"# since spring\n\n{line('clinic-7', KEY)}\n  {line('lab', OTHER)}  \n")
    return written


def test_a_key_is_its_owners(file):
    keys = Keys.of(read(file))
    assert (keys.owner(KEY.encode()), keys.owner(OTHER.encode())) == ("clinic-7", "lab")


@pytest.mark.parametrize("key", ["", KEY[:-1], KEY + "x", KEY.upper(), "clinic-7", hashed(KEY).hex(), line("a", KEY)])
def test_anything_else_is_nobodys(file, key):
    assert Keys.of(read(file)).owner(key.encode()) is None


@given(st.binary())
def test_no_bytes_are_somebodys_by_chance(key):
    assert Keys.of(plain(KEY, "X")).owner(key) is None


def test_a_caller_may_have_two_keys_while_one_replaces_the_other():
    keys = Keys.of([Key("lab", hashed(KEY)), Key("lab", hashed(OTHER))])
    assert (keys.owner(KEY.encode()), keys.owner(OTHER.encode())) == ("lab", "lab")


def test_a_key_of_two_callers_is_refused():
    with pytest.raises(ServiceError, match=r"^lab and clinic-7 have the same API key: expected one each$"):
        Keys.of([Key("lab", hashed(KEY)), Key("clinic-7", hashed(KEY))])


def test_a_drawn_key_is_long_and_never_the_same():
    assert len({drawn() for _ in range(100)}) == 100
    assert min(len(drawn()) for _ in range(100)) > 50


def test_a_drawn_key_may_be_given_as_it_is():
    key = drawn()
    assert Keys.of(plain(key, "X")).owner(key.encode()) == "key-1"


def test_plain_keys_stand_with_commas_between():
    keys = Keys.of(plain(f" {KEY} ,{OTHER}", "X"))
    assert (keys.owner(KEY.encode()), keys.owner(OTHER.encode())) == ("key-1", "key-2")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("your_api_key", "key 1 has 12", id="the owners' example"),
        pytest.param("", "key 1 has 0", id="nothing"),
        pytest.param(f"{KEY},", "key 2 has 0", id="nothing after a comma"),
        pytest.param("x" * 19, "key 1 has 19", id="short"),
        pytest.param("a key that has spaces in it", "without spaces", id="spaces"),
        pytest.param("ein-schl\u00fcssel-mit-umlaut", "or accents", id="no ASCII"),
    ],
)
def test_a_weak_plain_key_is_refused_without_showing_it(text, key):
    with pytest.raises(ServiceError, match=r"^SERINUS_API_KEY: key . has .* expected 20 or more") as refused:
        plain(text, "SERINUS_API_KEY")
    assert key in str(refused.value)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(KEY, id="the key itself"),
        pytest.param(f"lab:{KEY}", id="a key and no hash"),
        pytest.param(f"Lab 7:{hashed(KEY).hex()}", id="a name in capitals"),
        pytest.param(f":{hashed(KEY).hex()}", id="no name"),
        pytest.param(f"lab:{hashed(KEY).hex()}0", id="too long"),
        pytest.param(f"lab:{hashed(KEY).hex().upper()}", id="capitals"),
    ],
)
def test_a_wrong_line_is_refused_by_its_number_and_never_shown(tmp_path, text):
    file = tmp_path / "keys.txt"
    file.write_text(f"{line('clinic-7', OTHER)}\n{text}\n")
    with pytest.raises(ServiceError, match=f"^{file} line 2: expected name:sha256, as ") as refused:
        read(file)
    assert KEY not in str(refused.value)


def test_a_file_without_keys_is_refused(tmp_path):
    file = tmp_path / "keys.txt"
    file.write_text("# none yet\n")
    with pytest.raises(ServiceError, match="holds no API key"):
        read(file)


@pytest.mark.parametrize("contents", [None, b"\xff\xfe"], ids=["absent", "no text"])
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, contents):
    file = tmp_path / "keys.txt"
    if contents is not None:
        file.write_bytes(contents)
    with pytest.raises(ServiceError, match=f"^cannot read the API keys in {file}: "):
        read(file)


def run(*arguments: str, key: str = "") -> str:
    result = CliRunner().invoke(app, ["keys", *arguments], input=key, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_created_key_fits_the_line_that_is_created_with_it(tmp_path):
    made = json.loads(run("create", "clinic-7", "--json"))
    file = tmp_path / "keys.txt"
    file.write_text(made["line"])
    assert run("check", str(file), "--whose", key=made["key"]) == "clinic-7\n"


def test_a_created_key_is_printed_once_with_the_line_of_its_hash():
    _, key, _, hashed_line = run("create", "clinic-7").splitlines()
    assert hashed_line == line("clinic-7", key)


def test_a_file_of_keys_is_checked_and_its_owners_named(file):
    assert run("check", str(file)) == "clinic-7\nlab\n"


def test_a_key_of_nobody_is_said_to_be_one(file):
    with pytest.raises(ServiceError, match="this key is in no line of"):
        run("check", str(file), "--whose", key="serinus_of_somebody_else")


def test_a_name_that_logs_could_not_carry_is_refused():
    with pytest.raises(ServiceError, match="a letter first; got 'Clinic 7'"):
        run("create", "Clinic 7")
