"""The predict handler imports what its budget lists, no more and no less."""

import sys
import tomllib

import pytest

from benchmarks.imports import BUDGET, loaded, sections
from tests.bundles import write_service

LISTED = tomllib.loads(BUDGET.read_text())
HOW = f"python -m benchmarks.imports --write puts it into {BUDGET.name}, once you know what it costs and why"


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> dict[str, list[str]]:
    service = write_service(tmp_path_factory.mktemp("budget") / "tiny", "linear")
    env = {"SERINUS_SERVICE": str(service), "SERINUS_MODELS": str(service.parent / "models")}
    return sections(loaded(env))


@pytest.mark.parametrize("section", ["ours", "packages", "standard_library"])
def test_every_import_of_the_handler_is_in_its_budget(imported, section):
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if section == "standard_library" and running != LISTED["python"]:
        pytest.skip(f"the standard library imports itself otherwise in {running}; the budget is of {LISTED['python']}")
    names = set(imported[section])
    assert sorted(names - set(LISTED[section])) == [], f"imported, and not listed: {HOW}"
    assert sorted(set(LISTED[section]) - names) == [], f"listed, and imported no more: {HOW}"


def test_every_listed_import_says_what_it_costs():
    for section in ("ours", "packages", "standard_library"):
        for costs in LISTED[section].values():
            assert set(costs) == {"ms", "mb"}
            assert min(costs.values()) >= 0


def test_a_module_counts_where_it_belongs():
    assert sections(["numpy.linalg", "numpy", "serinus.schema", "json.decoder", "_json", "_cffi_backend"]) == {
        "ours": ["serinus.schema"],
        "packages": ["numpy"],
        "standard_library": ["json"],
    }
