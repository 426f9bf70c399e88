"""API keys and usage plans: who may ask a method that needs a key, how often, and how many times."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from localaws.buckets import Limit, Meters, Quota
from localaws.exchange import Request
from localaws.rest_api.deployed import Stage
from localaws.rest_api.refusals import NO_KEY, NO_QUOTA, THROTTLED, Refusal
from localaws.rest_api.resources import Match

HEADER = "x-api-key"


@dataclass(frozen=True)
class Key:
    id: str
    value: str


@dataclass(frozen=True)
class Plan:
    """A usage plan as far as it is about one stage. methods: limits of single methods, by path and method."""

    id: str
    limit: Limit | None
    methods: Mapping[str, Limit]
    quota: Quota | None

    def limit_of(self, match: Match) -> tuple[Hashable, Limit | None]:
        own = f"{match.resource.path}/{match.method_name}"
        return (own, self.methods[own]) if own in self.methods else ("", self.limit)


def admitted(request: Request, stage: Stage, match: Match, backend: Any, meters: Meters) -> Key | Refusal:
    """The key of a request that its usage plan lets in."""
    key = next((one for one in list(backend.keys.values()) if one.value == request.header(HEADER)), None)
    plan = _plan(backend, stage, key.id) if key and key.enabled else None
    if key is None or plan is None:
        return NO_KEY
    where, limit = plan.limit_of(match)
    if limit and not meters.takes((plan.id, key.id, where), limit):
        return THROTTLED
    if plan.quota and not meters.counts((plan.id, key.id), plan.quota):
        return NO_QUOTA
    return Key(key.id, key.value)


def _plan(backend: Any, stage: Stage, key_id: str) -> Plan | None:
    """A key is in one plan of a stage at most."""
    for plan in list(backend.usage_plans.values()):
        about = next((one for one in plan.api_stages if _is_about(one, stage)), None)
        if about is not None and key_id in backend.usage_plan_keys.get(plan.id, {}):
            methods = {path: _limit(throttle) for path, throttle in (about.get("throttle") or {}).items()}
            known = {path: limit for path, limit in methods.items() if limit}
            return Plan(plan.id, _limit(plan.throttle), known, _quota(plan.quota))
    return None


def _is_about(api_stage: Mapping[str, Any], stage: Stage) -> bool:
    return (api_stage.get("apiId"), api_stage.get("stage")) == (stage.api_id, stage.name)


def _limit(throttle: Mapping[str, Any] | None) -> Limit | None:
    rate, burst = (throttle or {}).get("rateLimit"), (throttle or {}).get("burstLimit")
    return None if rate is None or burst is None else Limit(float(rate), int(burst))


def _quota(quota: Mapping[str, Any] | None) -> Quota | None:
    return Quota(int(quota["limit"]), quota["period"]) if quota else None
