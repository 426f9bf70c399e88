"""The simulated alias refuses what Lambda refuses, and fails as Lambda fails."""

import pytest

from serinus.errors import ReleaseError
from serinus.release.routing import Routing
from serinus.release.shifting import NotMade
from serinus.simulation.alias import LATEST, FakeAlias, Version

WEIGHTED = Routing("1", "2", 0.1)


@pytest.fixture
def alias() -> FakeAlias:
    """Versions 1 to 4, of which 3 has another role and 4 another queue for what fails."""
    versions = {"1": Version(), "2": Version(), "3": Version(role="other"), "4": Version(dead_letters="queue")}
    return FakeAlias(versions, Routing("1"))


def shift(alias: FakeAlias, routing: Routing) -> None:
    alias.shift(routing, alias.get().revision)


@pytest.mark.parametrize(
    "routing",
    [
        pytest.param(WEIGHTED, id="a share"),
        pytest.param(Routing("1", "2", 0.0), id="no share"),
        pytest.param(Routing("1", "2", 1.0), id="all of it by weight"),
        pytest.param(Routing("2"), id="all of it"),
        pytest.param(Routing(LATEST), id="what is not published, alone"),
    ],
)
def test_what_lambda_allows_is_done(alias, routing):
    shift(alias, routing)
    assert alias.get().routing == routing


@pytest.mark.parametrize(
    ("routing", "message"),
    [
        pytest.param(Routing("1", "2", 1.01), "expected a weight from 0 to 1, got 1.01", id="more than all"),
        pytest.param(Routing("1", "2", -0.1), "expected a weight from 0 to 1, got -0.1", id="less than nothing"),
        pytest.param(Routing("1", "2", float("nan")), "expected a weight from 0 to 1, got nan", id="no number"),
        pytest.param(Routing("1", LATEST, 0.1), "LATEST cannot be one of two", id="latest as the candidate"),
        pytest.param(Routing(LATEST, "2", 0.1), "LATEST cannot be one of two", id="latest beside a candidate"),
        pytest.param(Routing("1", "1", 0.1), "version 1 is in the alias already", id="the same version twice"),
        pytest.param(Routing("9"), "version 9 is not published, expected one of: 1, 2, 3, 4", id="unknown"),
        pytest.param(Routing("1", "9", 0.1), "version 9 is not published", id="unknown candidate"),
        pytest.param(Routing("1", "live", 0.1), "version live is not published", id="an alias"),
        pytest.param(Routing("1", "3", 0.1), "must have the same execution role", id="another role"),
        pytest.param(Routing("1", "4", 0.1), "dead-letter queue", id="another queue"),
    ],
)
def test_what_lambda_refuses_is_refused_and_changes_nothing(alias, routing, message):
    before = alias.get()
    with pytest.raises(ReleaseError, match=message):
        shift(alias, routing)
    assert alias.get() == before


def test_every_shift_changes_the_revision(alias):
    revisions = [alias.get().revision]
    for routing in (WEIGHTED, WEIGHTED, Routing("1")):
        shift(alias, routing)
        revisions.append(alias.get().revision)
    assert len(set(revisions)) == 4


def test_who_saw_an_older_revision_is_refused(alias):
    seen = alias.get().revision
    shift(alias, WEIGHTED)
    with pytest.raises(NotMade, match="somebody else moved the alias"):
        alias.shift(Routing("2"), seen)
    assert alias.get().routing == WEIGHTED


def test_provisioned_concurrency_keeps_weights_away(alias):
    alias.provision(5)
    with pytest.raises(ReleaseError, match="with provisioned concurrency cannot have weights"):
        shift(alias, WEIGHTED)


def test_weights_keep_provisioned_concurrency_away(alias):
    shift(alias, WEIGHTED)
    with pytest.raises(ReleaseError, match="with weights cannot have provisioned concurrency"):
        alias.provision(5)


def test_a_provisioned_alias_may_point_to_another_version(alias):
    alias.provision(5)
    shift(alias, Routing("2"))
    assert alias.get().routing == Routing("2")


def test_once_it_is_taken_away_weights_are_possible_again(alias):
    alias.provision(5)
    alias.unprovision()
    shift(alias, WEIGHTED)
    assert alias.get().routing == WEIGHTED


@pytest.mark.parametrize(
    ("version", "executions", "message"),
    [
        pytest.param(LATEST, 5, "needs a published version", id="not published"),
        pytest.param("1", 0, "expected 1 or more", id="none"),
    ],
)
def test_provisioned_concurrency_that_cannot_be_is_refused(alias, version, executions, message):
    shift(alias, Routing(version))
    with pytest.raises(ReleaseError, match=message):
        alias.provision(executions)


def test_throttled_shifts_fail_so_often_and_then_are_made(alias):
    alias.throttled = 2
    for _ in range(2):
        with pytest.raises(ReleaseError, match="TooManyRequestsException"):
            shift(alias, WEIGHTED)
    assert alias.get().routing == Routing("1")
    shift(alias, WEIGHTED)
    assert alias.get().routing == WEIGHTED


def test_a_shift_may_be_made_without_an_answer(alias):
    alias.unanswered = 1
    with pytest.raises(ReleaseError, match="before an answer came"):
        shift(alias, WEIGHTED)
    assert alias.get().routing == WEIGHTED
