"""An alias of a Lambda function in memory, as strict as Lambda, that can fail as Lambda does.

AWS (Lambda API reference, UpdateAlias, AliasRoutingConfiguration, PutProvisionedConcurrencyConfig; developer guide,
"Implement Lambda canary deployments using a weighted alias"): two versions at most, both published, different, and with
the same execution role and dead-letter queue; a weight from 0 to 1; RevisionId is a condition; no provisioned
concurrency on an alias with weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from serinus.errors import ReleaseError
from serinus.release.routing import PUBLISHED, Pointed, Routing
from serinus.release.shifting import NotMade

LATEST = "$LATEST"


@dataclass(frozen=True)
class Version:
    """What the versions of a weighted alias must have in common."""

    role: str = "predict"
    dead_letters: str = ""


@dataclass
class FakeAlias:
    """versions: that are published; throttled: how many shifts more are refused for the account's limits; unanswered:
    how many after those are made, but the answer is lost; provisioned: concurrency"""

    versions: Mapping[str, Version]
    routing: Routing
    throttled: int = 0
    unanswered: int = 0
    provisioned: int = 0
    changes: int = 0

    @property
    def revision(self) -> str:
        return f"revision {self.changes}"

    def get(self) -> Pointed:
        return Pointed(self.routing, self.revision)

    def shift(self, routing: Routing, seen: str) -> None:
        if self.throttled:
            self.throttled -= 1
            raise ReleaseError("cannot move the alias: TooManyRequestsException: Rate exceeded")
        if seen != self.revision:
            raise NotMade(f"nothing was changed: expected {self.revision}, got {seen}: somebody else moved the alias")
        self._check(routing)
        self.routing, self.changes = routing, self.changes + 1
        if self.unanswered:
            self.unanswered -= 1
            raise ReleaseError("cannot move the alias: the connection was closed before an answer came")

    def provision(self, executions: int) -> None:
        if executions < 1:
            raise ReleaseError(f"expected 1 or more executions, got {executions}")
        if self.routing.candidate is not None:
            raise ReleaseError("an alias with weights cannot have provisioned concurrency")
        if self.routing.version == LATEST:
            raise ReleaseError("provisioned concurrency needs a published version, got $LATEST")
        self.provisioned = executions

    def unprovision(self) -> None:
        self.provisioned = 0

    def _check(self, routing: Routing) -> None:
        if routing.version != LATEST:
            self._find(routing.version)
        if routing.candidate is None:
            return
        if LATEST in (routing.version, routing.candidate):
            raise ReleaseError("$LATEST cannot be one of two versions of an alias")
        if routing.candidate == routing.version:
            raise ReleaseError(f"version {routing.version} is in the alias already")
        if not 0 <= routing.weight <= 1:
            raise ReleaseError(f"expected a weight from 0 to 1, got {routing.weight}")
        if self._find(routing.version) != self._find(routing.candidate):
            raise ReleaseError("both versions of an alias must have the same execution role and dead-letter queue")
        if self.provisioned:
            raise ReleaseError("an alias with provisioned concurrency cannot have weights")

    def _find(self, number: str) -> Version:
        if not PUBLISHED.fullmatch(number) or number not in self.versions:
            raise ReleaseError(f"version {number} is not published, expected one of: {', '.join(self.versions)}")
        return self.versions[number]
