"""Where the service is released that the commands are about, and what they say of it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serinus.release.history import Entry
    from serinus.release.routing import Decision, Routing
    from serinus.release.shifting import Place

Json = dict[str, object]


def place(name: str) -> "Place":
    """By the outputs of the service's stack."""
    from serinus import service as services
    from serinus.aws.alias import lambda_alias
    from serinus.aws.release_history import table_history
    from serinus.aws.stack import outputs_of
    from serinus.aws.versions import lambda_versions
    from serinus.release.shifting import Place

    service = services.load(services.find(name)).name
    outputs = outputs_of(service)
    function = outputs["FunctionName"]
    alias = lambda_alias(function, outputs["AliasName"])
    return Place(service, alias, lambda_versions(function), table_history(outputs["HistoryTable"], service))


def decided(service: str, decision: "Decision", *, dry_run: bool) -> Json:
    """What is to be done, as facts for programs."""
    shift = decision.shift
    return {
        "service": service,
        "action": shift.action,
        "changed": shift.is_change and not dry_run,
        "dry_run": dry_run,
        "from": routed(shift.before),
        "to": routed(shift.after),
        "models": dict(decision.models),
    }


def recorded(entry: "Entry") -> Json:
    """Of an entry of the history, what the decision does not tell."""
    told = {"entry": entry.number, "at": entry.at.isoformat(), "by": entry.by, "notes": entry.notes}
    return {**told, "revision": entry.revision}


def routed(routing: "Routing") -> Json:
    return {"version": routing.version, "candidate": routing.candidate, "weight": routing.weight}
