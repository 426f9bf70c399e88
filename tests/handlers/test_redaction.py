"""What may be told of a request to a service about people, one thing at a time."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.predict.problems import Refusal
from functions.predict.redaction import PLAIN, Personal, redaction
from serinus.errors import Problem
from serinus.service import Service

PATHS = ("/predict", "/models/{name}/info")


@pytest.fixture
def personal() -> Personal:
    return Personal.of(service(personal=True), PATHS)


def service(*, personal: bool) -> Service:
    fields: list[dict[str, Any]] = [
        {"name": "patient_id", "type": "string", "feature": False},
        {"name": "weight_kg", "type": "float"},
        {"name": "visit.date", "type": "date", "feature": False},
    ]
    return Service.model_validate(
        {
            "service": {"name": "clinic", "task": "regression"},
            "input": {"rows": "patients", "fields": fields},
            "models": {"linear": "1.0.0"},
            "gateway": {"max_batch_size": 5},
            "privacy": {"personal": personal},
        }
    )


def test_only_services_about_people_are_redacted():
    assert redaction(service(personal=False), PATHS) is PLAIN
    assert isinstance(redaction(service(personal=True), PATHS), Personal)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "body",
            "patient_id",
            "visit.date",
            "patients",
            "patients[4].weight_kg",
            "samples[0]",
            "samples[0].visit.date",
        ),
        *("features[1]", "samples[2][1]", "model_name", "patients[1].an unknown member", "an unknown member"),
    ],
)
def test_names_that_the_service_knows_are_told(personal, name):
    assert personal.member(name) == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Amina Bello", "an unknown member"),
        ("patients[2].Amina Bello", "patients[2].an unknown member"),
        ("patients[2].\nAmina", "patients[2].an unknown member"),
        ("features[48213]", "an unknown member"),
        ("amina[2]", "an unknown member"),
        ("patients[2]Amina", "an unknown member"),
        ("patients.amina[3]", "patients.an unknown member"),
        ("", "an unknown member"),
    ],
)
def test_names_that_it_does_not_know_are_the_callers(personal, name, told):
    assert personal.member(name) == told


@given(st.text(min_size=1), st.sampled_from(["{}", "patients[3].{}", "features.{}", "{}[2]", "patients[{}]"]))
def test_no_text_of_a_caller_passes_for_a_name(text, pattern):
    known = Personal.of(service(personal=True), PATHS)
    told = known.member(pattern.format(text))
    assert set(re.split(r"[.\[\]]+", told)) <= {*known.members, "an unknown member", "date", "visit", "", *"01234"}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/predict", "/predict"),
        ("/models/amina/info", "/models/{name}/info"),
        ("/models/amina/info/x", "an-unknown-path"),
        ("/patients/48213", "an-unknown-path"),
    ],
)
def test_a_path_is_told_as_its_route_says_it(personal, path, told):
    assert personal.path(path) == told


def test_methods_that_nobody_knows_are_not_told(personal):
    assert (personal.method("POST"), personal.method("AMINA")) == ("POST", "an unknown method")


def test_the_callers_request_id_is_replaced(personal):
    asked = {"headers": [(b"x-request-id", b"patient-48213")]}
    assert PLAIN.request_id(asked) == "patient-48213"
    assert personal.request_id(asked).startswith("req_")
    assert personal.request_id(asked) != personal.request_id(asked)


def test_a_refusal_keeps_what_is_expected_and_loses_what_was_there(personal):
    problems = [Problem("weight_kg", 73.190482, "a number"), Problem("Amina Bello", "x", "one of the fields")]
    told = personal.refusal(Refusal(422, "got 73.190482, Amina Bello", problems, {"retry-after": "1"}))
    assert told.problems == [
        Problem("weight_kg", "withheld", "a number"),
        Problem("an unknown member", "withheld", "one of the fields"),
    ]
    assert told.detail == "weight_kg: expected a number; an unknown member: expected one of the fields"
    assert (told.status, told.headers) == (422, {"retry-after": "1"})


@pytest.mark.parametrize("status", [400, 500, 503])
def test_a_refusal_without_problems_says_no_more_than_its_status(personal, status):
    told = personal.refusal(Refusal(status, "Amina Bello"))
    assert told.detail
    assert "Amina" not in told.detail


def test_a_trace_says_which_error_where_and_no_message(personal):
    try:
        try:
            raise ZeroDivisionError("Amina Bello")
        except ZeroDivisionError as error:
            raise KeyError("48213") from error
    except KeyError as error:
        told, plain = personal.trace(error), PLAIN.trace(error)
    assert ("Amina Bello" in plain, "48213" in plain) == (True, True)
    assert "Amina" not in told
    assert "48213" not in told
    assert "builtins.KeyError\n  " in told
    assert "builtins.ZeroDivisionError\n  " in told
    assert "test_redaction.py:" in told


def test_errors_that_cause_each_other_have_an_end(personal):
    error = SimpleNamespace(first=ValueError(), second=TypeError())
    error.first.__cause__, error.second.__cause__ = error.second, error.first
    assert personal.trace(error.first) == "builtins.ValueError\nbuiltins.TypeError"
