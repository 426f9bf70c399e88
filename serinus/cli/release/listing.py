"""`serinus release list`: the published versions of a service."""

import json
from typing import TYPE_CHECKING

from serinus.cli.options import JsonOption, ServiceArgument
from serinus.cli.release.place import place

if TYPE_CHECKING:
    from serinus.release.routing import Routing
    from serinus.release.versions import Version


def listing(service: ServiceArgument, as_json: JsonOption = False) -> None:
    """List the published versions, the newest first: when, which image, and the share of the traffic each has.

    Try: serinus release list kepler
    """
    where = place(service)
    routing, versions = where.alias.get().routing, where.versions.all()
    if as_json:
        print(json.dumps([_facts(version, routing) for version in versions]))
    else:
        _show(where.service, versions, routing)


def _facts(version: "Version", routing: "Routing") -> dict[str, object]:
    return {
        "version": version.number,
        "published_at": version.published_at.isoformat(),
        "image": version.image,
        "description": version.description,
        "state": version.state,
        "share": routing.share(version.number),
    }


def _show(service: str, versions: "list[Version]", routing: "Routing") -> None:
    from rich.table import Table

    from serinus.cli.models.options import console

    table = Table("version", "published", "image", "", "state", title=f"Versions of {service}")
    table.add_column("traffic", justify="right")
    for version in versions:
        share = routing.share(version.number)
        told = (version.number, f"{version.published_at:%Y-%m-%d %H:%M:%S}", version.image[:12], version.description)
        table.add_row(*told, version.state, f"{100 * share:.4g} %" if share else "-")
    console().print(table)
