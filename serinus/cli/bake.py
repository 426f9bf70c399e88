"""`serinus bake`: the build contexts of a service's images."""

import json
from pathlib import Path
from typing import Annotated

import typer

from serinus.cli.options import JsonOption, ModelsOption, ServiceArgument

ROOT = Path(__file__).parents[2]


def bake(
    service: ServiceArgument,
    models: ModelsOption = Path("models"),
    *,
    out: Annotated[Path, typer.Option(help="Where to write, in a folder of the service's name.")] = Path("build"),
    wheelhouse: Annotated[
        Path | None,
        typer.Option(envvar="SERINUS_WHEELHOUSE", help="A folder of wheels: the images build without a network."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write what an engine builds a service's images from: code, bundles, pinned packages, bill of materials.

    The same input gives the same digest. Then:

        serinus bake kepler

        docker build --target online --tag kepler build/kepler/online
    """
    from serinus import service as services
    from serinus.baking import context
    from serinus.baking.bake import bake as baked
    from serinus.baking.bake import gather

    ingredients = gather(ROOT, services.find(service), models)
    contexts = baked(ingredients, out)
    if wheelhouse is not None:
        for one in contexts:
            context.put_wheels(one.folder, wheelhouse)
    if as_json:
        images = {
            one.image: {"folder": str(one.folder), "digest": one.digest, "revision": one.revision} for one in contexts
        }
        bundles = {
            name: {"version": bundle.metadata.version, "digest": bundle.digest}
            for name, bundle in ingredients.bundles.items()
        }
        print(json.dumps({"service": ingredients.service.name, **images, "bundles": bundles}))
        return
    for one in contexts:
        print(f"{one.folder}  {one.digest}")
