"""`serinus models`, as people and programs use it, on both kinds of registry."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from serinus.bundle import Bundle
from serinus.cli import app
from serinus.errors import RegistryError
from tests.bundles import write_bundle
from tests.shelves import TABLE, URL, FolderPlace, Place

COMMANDS = (
    "list info compare validate register push pull promote deprecate archive restore history init".split()  # noqa: SIM905
)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two versions as exports have left them."""
    for version, score in (("1.0.0", 0.9), ("1.1.0", 0.91)):
        write_bundle(tmp_path / "exported", version=version, f1_score=score)
    return tmp_path / "exported"


@pytest.fixture
def registry(place: Place, monkeypatch: pytest.MonkeyPatch) -> str:
    where = str(place.root) if isinstance(place, FolderPlace) else URL
    for name, value in (("SERINUS_REGISTRY", where), ("SERINUS_REGISTRY_TABLE", TABLE), ("SERINUS_USER", "ada")):
        monkeypatch.setenv(name, value)
    return where


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["models", *map(str, arguments)], catch_exceptions=False)


def run(*arguments: object) -> str:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--json"))


def pushed(models: Path, *versions: str) -> None:
    for version in versions:
        run("push", "linear", version, "--models", models)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_is_for(command: str) -> None:
    assert "Try" in run(command, "--help")


def test_a_pushed_version_is_listed_and_shown(registry: str, models: Path) -> None:
    assert told("push", "linear", "1.0.0", "--models", models)["new"]
    [version] = told("list")["versions"]
    assert (version["version"], version["latest"], version["stable"], version["runs_in"]) == ("1.0.0", True, False, [])
    assert "latest" in run("list")
    assert "f1_score 0.9" in run("info", "linear")
    assert told("info", "linear", "1.0.0") == version
    assert "nothing to do" in run("push", "linear", "1.0.0", "--models", models)


def test_an_empty_registry_is_said_to_be_so(registry: str) -> None:
    assert run("list") == f"no version is registered in {registry}\n"
    assert told("list") == {"registry": registry, "versions": [], "unregistered": []}
    with pytest.raises(RegistryError, match="no model 'forest' is registered"):
        run("list", "forest")


@pytest.mark.parametrize("command", ["info", "history", "promote", "pull", "validate"])
def test_an_unknown_model_is_named(registry: str, command: str) -> None:
    with pytest.raises(RegistryError, match="no model 'forest' is registered"):
        run(command, "forest")


def test_a_rehearsed_push_writes_nothing(registry: str, models: Path) -> None:
    assert told("push", "linear", "1.0.0", "--models", models, "--dry-run")["new"]
    assert "would be registered" in run("push", "linear", "1.0.0", "--models", models, "--dry-run")
    assert told("list")["versions"] == []


def test_a_folder_that_holds_another_version_is_not_pushed(registry: str, models: Path) -> None:
    (models / "linear" / "v1.1.0").rename(models / "linear" / "v1.2.0")
    with pytest.raises(RegistryError, match=r"holds linear 1\.1\.0, expected linear 1\.2\.0"):
        run("push", "linear", "1.2.0", "--models", models)


def test_promotions_are_history(registry: str, models: Path) -> None:
    pushed(models, "1.0.0", "1.1.0")
    assert told("promote", "linear", "--dry-run")["stable"] == "1.1.0"
    assert "after it: linear 1.1.0 runs in production" in run("promote", "linear", "--dry-run")
    assert told("history", "linear")["deployments"] == []
    assert told("promote", "linear", "--notes", "better")["stable"] == "1.1.0"
    assert not told("promote", "linear")["changed"]
    assert "already: nothing to do" in run("promote", "linear")
    run("promote", "linear", "1.0.0", "--by", "grace", "--environment", "staging")
    run("promote", "linear", "1.0.0", "--by", "grace", "--notes", "worse [/] :worse:")
    history = told("history", "linear")
    assert [
        (row["environment"], row["version"], row["deployed_by"], row["notes"]) for row in history["deployments"]
    ] == [
        ("production", "1.1.0", "ada", "better"),
        ("staging", "1.0.0", "grace", ""),
        ("production", "1.0.0", "grace", "worse [/] :worse:"),
    ]
    assert history["deployments"][0]["rollback_at"] is not None
    assert [entry["action"] for entry in history["audit"]] == ["register", "register", "promote", "promote", "promote"]
    assert "grace" in run("history", "linear")
    assert "worse [/] :worse:" in run("history", "linear")


def test_a_version_is_deprecated_archived_and_restored(registry: str, models: Path) -> None:
    pushed(models, "1.0.0", "1.1.0")
    assert told("deprecate", "linear", "latest")["status"] == "deprecated"
    assert "1.1.0 is deprecated" in invoke("pull", "linear", "1.1.0", "--models", models).stderr
    assert "would make linear 1.1.0 active" in run("restore", "linear", "1.1.0", "--dry-run")
    assert told("archive", "linear", "1.1.0", "--dry-run")["status"] == "archived"
    assert told("archive", "linear", "1.1.0")["changed"]
    assert told("restore", "linear", "1.1.0")["status_before"] == "archived"
    assert told("info", "linear", "1.1.0")["status"] == "active"
    assert "whole and active: nothing to do" in run("restore", "linear", "1.1.0", "--dry-run")


def test_a_pulled_version_lies_where_exports_do(registry: str, models: Path, tmp_path: Path) -> None:
    pushed(models, "1.0.0")
    run("promote", "linear")
    assert told("pull", "linear", "--models", tmp_path / "here")["new"]
    assert Bundle.load(tmp_path / "here/linear/v1.0.0").digest == Bundle.load(models / "linear/v1.0.0").digest
    assert "nothing to do" in run("pull", "linear", "--models", tmp_path / "here")


def test_damage_is_found_and_mended(registry: str, place: Place, models: Path) -> None:
    pushed(models, "1.0.0", "1.1.0")
    run("promote", "linear", "1.0.0")
    assert run("validate") == f"2 versions in {registry} are what was registered\n"
    record = place.shelf().ledger.model("linear").record("1.0.0")
    place.alter(record, "golden.npz", b"other")
    found = invoke("validate", "linear", "stable")
    assert found.exit_code == 1
    assert "golden.npz was altered" in found.stdout
    report = json.loads(invoke("validate", "--json").stdout)
    assert (report["versions"], report["ok"], len(report["problems"])) == (2, False, 1)
    assert "would bring back golden.npz" in run("restore", "linear", "stable", "--dry-run")
    assert "came back from" in run("restore", "linear", "stable", "--from", models / "linear" / "v1.0.0")
    assert told("validate")["ok"]


def test_two_versions_are_compared_on_a_screen_and_in_a_picture(registry: str, models: Path, tmp_path: Path) -> None:
    pushed(models, "1.0.0", "1.1.0")
    np.save(tmp_path / "rows.npy", np.eye(3))
    picture = tmp_path / "compare.svg"
    options = ("--rows", tmp_path / "rows.npy", "--svg", picture)
    text = run("compare", "linear@1.0.0", "linear@latest", *options)
    assert "3 rows of rows.npy: 100.00 % the same label" in text
    assert "256 rows at once" in text
    assert picture.read_text().startswith("<svg")
    facts = told("compare", "linear@1.0.0", models / "linear" / "v1.1.0", "--no-speed")
    assert facts["predictions"]["agreement"] == 1
    assert facts["second"]["metadata"]["performance"]["f1_score"] == 0.91
    assert facts["first"]["speed"] is None


def test_what_is_no_registry_is_said_to_be_none(models: Path) -> None:
    with pytest.raises(RegistryError, match="'s3:///x' names no registry: expected s3://bucket or s3://bucket/prefix"):
        run("list", "--registry", "s3:///x")
    with pytest.raises(RegistryError, match="serinus models push brings one there"):
        run("register", "linear", "1.0.0", "--registry", "s3://bucket")


def test_a_bundle_in_the_folder_is_registered_where_it_lies(models: Path) -> None:
    at = ("--registry", models)
    listed = invoke("list", *at, "--json")
    assert json.loads(listed.stdout)["unregistered"] == [["linear", "1.0.0"], ["linear", "1.1.0"]]
    assert "serinus models register linear 1.0.0" in invoke("list", *at).stderr
    before = sorted((models / "linear" / "v1.0.0").iterdir())
    assert told("register", "linear", "1.0.0", *at)["new"]
    assert sorted((models / "linear" / "v1.0.0").iterdir()) == before
    assert sorted(path.name for path in (models / "linear").iterdir()) == ["latest", "registry", "v1.0.0", "v1.1.0"]
    assert (models / "linear" / "latest").resolve() == (models / "linear" / "v1.0.0").resolve()
    assert not (models / "linear" / "latest").readlink().is_absolute()
    assert json.loads(run("list", *at, "--json"))["unregistered"] == [["linear", "1.1.0"]]


def test_an_account_without_a_name_is_asked_for_one(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SERINUS_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    with pytest.raises(RegistryError, match="the audit log needs a name, and this account has none: say --by NAME"):
        run("register", "linear", "1.0.0", "--registry", models)
    assert told("register", "linear", "1.0.0", "--registry", models, "--by", "ada")["new"]


def test_a_folder_needs_no_preparation(models: Path) -> None:
    assert told("init", "--registry", models) == {"registry": str(models), "done": []}
