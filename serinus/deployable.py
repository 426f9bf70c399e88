"""What a service.toml may not say together, because AWS would refuse it, or worse, take it and not do it."""

from collections.abc import Iterator

from serinus.errors import ServiceError
from serinus.policy import policy_of
from serinus.sections import Function, Gateway
from serinus.service import Service

HTTP_LIMIT_S, REST_LIMIT_S = 30, 29  # a gateway gives up on the function after this long
INSPECTED_KB = 64  # of a body: AWS WAF looks at no more of it
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def contradictions(service: Service) -> tuple[str, ...]:
    """A sentence of each: the values, why they do not go together, and what to say instead."""
    function, gateway = service.function, service.gateway
    return (*_readiness(function), *_times(function, gateway), *_kinds(gateway), *_logs(function), *_rollout(service))


def check(service: Service) -> None:
    """ServiceError that tells every contradiction."""
    if found := contradictions(service):
        raise ServiceError(f"{service.name} cannot be deployed: {'; '.join(found)}")


def _readiness(function: Function) -> Iterator[str]:
    kept = function.provisioned
    if kept and function.snapstart:
        yield (
            f"[function] provisioned = {kept} and snapstart = true: Lambda takes one or the other; "
            "say snapstart = false, or provisioned = 0"
        )
    if kept and function.reserved is not None and function.reserved < 2 * kept:
        yield (
            f"[function] provisioned = {kept} and reserved = {function.reserved}: while a release replaces another, "
            f"both are kept ready, out of what is reserved; say reserved = {2 * kept} or more, or leave it out"
        )


def _rollout(service: Service) -> Iterator[str]:
    try:
        policy_of(service.rollout)
    except ServiceError as error:
        yield str(error)


def _times(function: Function, gateway: Gateway) -> Iterator[str]:
    limit_s = REST_LIMIT_S if gateway.kind == "rest" else HTTP_LIMIT_S
    if function.timeout_s > limit_s:
        yield (
            f'[function] timeout_s = {function.timeout_s} and [gateway] kind = "{gateway.kind}": the gateway gives up '
            f"after {limit_s} seconds while the function goes on; say timeout_s = {limit_s} or less"
        )


def _kinds(gateway: Gateway) -> Iterator[str]:
    if gateway.kind == "http":
        yield from _only_rest(gateway)
    elif gateway.auth == "jwt":
        yield (
            '[gateway] kind = "rest" and auth = "jwt": only an HTTP API checks tokens by itself; '
            'say kind = "http", or auth = "api_key"'
        )
    if gateway.auth == "jwt" and not (gateway.issuer and gateway.audience):
        yield '[gateway] auth = "jwt" needs issuer and audience: whose tokens, and meant for whom'
    if gateway.auth != "api_key" and gateway.rate_per_minute is not None and gateway.kind == "rest":
        yield (
            f'[gateway] rate_per_minute = {gateway.rate_per_minute} and auth = "{gateway.auth}": a REST API tells '
            'clients apart by their keys; say auth = "api_key", or leave rate_per_minute out'
        )
    if gateway.max_body_kb is not None and gateway.max_body_kb > INSPECTED_KB:
        yield (
            f"[gateway] max_body_kb = {gateway.max_body_kb}: the firewall sees the first {INSPECTED_KB} KB of a body; "
            f"say {INSPECTED_KB} or less, or leave it out: the function itself refuses more than 6 MB"
        )


def _only_rest(gateway: Gateway) -> Iterator[str]:
    said = {
        'auth = "api_key"': gateway.auth == "api_key",
        f"rate_per_minute = {gateway.rate_per_minute}": gateway.rate_per_minute is not None,
        f"max_body_kb = {gateway.max_body_kb}": gateway.max_body_kb is not None,
    }
    for entry in (entry for entry, is_said in said.items() if is_said):
        yield f'[gateway] kind = "http" and {entry}: an HTTP API cannot do that; say kind = "rest", or leave it out'


def _logs(function: Function) -> Iterator[str]:
    if function.log_days not in LOG_DAYS:
        near = min((days for days in LOG_DAYS if days >= function.log_days), default=LOG_DAYS[-1])
        yield f"[function] log_days = {function.log_days}: CloudWatch Logs keeps them for {near} days, not that"
