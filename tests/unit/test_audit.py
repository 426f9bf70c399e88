"""Pseudonyms, and how the records of somebody are found again."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serinus.audit import Pseudonyms, entity_of, find
from serinus.cli import app
from serinus.errors import ServiceError
from serinus.service import Service, load

KEY = "k" * 32
SERVICE = """
[service]
name = "clinic"
task = "regression"
[[input.fields]]
name = "patient_id"
type = "{type}"
feature = false
[[input.fields]]
name = "weight_kg"
type = "float"
source = "either"
[features]
entity = "patient_id"
store = "redis"
[models]
linear = "1.0.0"
[privacy]
personal = true
"""


@pytest.fixture
def file(tmp_path) -> Path:
    return written(tmp_path, "string")


def written(folder: Path, kind: str) -> Path:
    file = folder / "service.toml"
    file.write_text(SERVICE.format(type=kind))
    return file


def service(folder: Path, kind: str) -> Service:
    return load(written(folder, kind))


def test_a_pseudonym_is_a_keyed_hash_of_service_and_entity():
    expected = hmac.new(KEY.encode(), b"clinic\0IIT-000123", hashlib.sha256).hexdigest()
    assert Pseudonyms.of("clinic", KEY).of_entity("IIT-000123") == expected


def test_another_key_or_service_makes_another_pseudonym():
    made = [Pseudonyms.of(name, key) for name, key in [("clinic", KEY), ("clinic", "j" * 32), ("ward", KEY)]]
    assert len({one.of_entity("7") for one in made}) == 3
    assert len({one.key_id for one in made}) == 2


def test_an_entity_that_is_no_unicode_has_a_pseudonym_too():
    assert len(Pseudonyms.of("clinic", KEY).of_entity("\ud800")) == 64


def test_the_key_shows_in_nothing_that_is_printed():
    pseudonyms = Pseudonyms.of("clinic", KEY)
    assert KEY not in repr(pseudonyms)
    assert pseudonyms.key_id not in hashlib.sha256(KEY.encode()).hexdigest()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, "there is no key for its audit record"),
        ("short", "the key of its audit record has 5 characters"),
        ("", "has 0"),
    ],
)
def test_a_service_about_people_needs_a_key(key, message):
    with pytest.raises(ServiceError, match=message) as refused:
        Pseudonyms.of("clinic", key)
    assert "openssl rand -hex 32" in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "text", "entity"),
    [("string", "IIT-000123", "IIT-000123"), ("string", "007", "007"), ("integer", "007", "7")],
)
def test_an_entity_is_read_as_a_request_would_say_it(tmp_path, kind, text, entity):
    assert entity_of(service(tmp_path, kind), text) == entity


def test_what_is_no_entity_is_refused_without_repeating_it(tmp_path):
    with pytest.raises(ServiceError, match="no patient_id of clinic: expected a whole number") as refused:
        entity_of(service(tmp_path, "integer"), "Amina Bello")
    assert "Amina" not in str(refused.value)


def test_a_service_without_entities_has_nobody_to_find(tmp_path):
    named = service(tmp_path, "string").model_copy(update={"features": None})
    with pytest.raises(ServiceError, match="no entities"):
        entity_of(named, "7")


def line(entity: str, *, key: str = KEY, name: str = "clinic", **more: Any) -> str:
    pseudonyms = Pseudonyms.of(name, key)
    about = {"event": "audit", "service": name, "key": pseudonyms.key_id, "entity": pseudonyms.of_entity(entity)}
    said = {"when": "2026-11-21T02:00:00.000Z", "who": "clinic-7", "request_id": "req_1", "outcome": "answered"}
    return json.dumps(about | said | more)


def test_the_records_of_an_entity_are_found_among_all_others():
    lines = [line("7", sample=1), line("8"), "", '{"message": "request"}', line("7", sample=2), line("7", name="ward")]
    found = find(lines, "7", Pseudonyms.of("clinic", KEY))
    assert [record["sample"] for record in found.records] == [1, 2]
    assert (found.unreadable, dict(found.other_keys)) == (0, {})


def test_lines_that_cannot_be_read_and_other_keys_are_counted():
    old = "j" * 32
    lines = [line("7")[:40], line("7", key=old), line("8", key=old), "[]", line("7")]
    found = find(lines, "7", Pseudonyms.of("clinic", KEY))
    assert (len(found.records), found.unreadable) == (1, 1)
    assert dict(found.other_keys) == {Pseudonyms.of("clinic", old).key_id: 2}


@pytest.fixture
def log(tmp_path) -> Path:
    told = {"class": "RETAINED", "confidence": 0.91, "band": "low", "model": "lightgbm", "version": "1.0.0"}
    lines = [line("7", **told), line("8"), line("7", outcome="refused"), "{", line("7", key="j" * 32)]
    file = tmp_path / "audit.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


def asked(file: Path, log: Path, *options: str, **how: Any) -> Any:
    command = ["audit", "find", *options, "--service", str(file), "--log", str(log)]
    return CliRunner().invoke(app, command, env={"SERINUS_AUDIT_KEY": KEY}, **how)


def test_the_command_lists_records_and_says_what_may_be_missing(file, log):
    run = asked(file, log, "7")
    assert run.exit_code == 0
    assert run.stdout.splitlines() == [
        "2026-11-21T02:00:00.000Z  clinic-7  lightgbm 1.0.0  answered  RETAINED  0.91  low  req_1",
        "2026-11-21T02:00:00.000Z  clinic-7  no model  refused  req_1",
    ]
    other = Pseudonyms.of("clinic", "j" * 32).key_id
    assert run.stderr.splitlines() == [
        "serinus: 2 records",
        "serinus: 1 line could not be read: records may be missing",
        f"serinus: 1 record was written with another key, {other}: look for it with that one",
    ]


def test_the_command_reads_the_id_from_standard_input_and_prints_json(file, log):
    run = asked(file, log, "-", "--json", input="8\n")
    assert [json.loads(text)["outcome"] for text in run.stdout.splitlines()] == ["answered"]
    assert "serinus: 1 record\n" in run.stderr


def test_the_command_names_a_log_it_cannot_read(file, tmp_path):
    assert (
        str(asked(file, tmp_path / "none.jsonl", "7").exception)
        == f"cannot read {tmp_path / 'none.jsonl'}: No such file or directory"
    )
