"""Synthesises the stack of one service: `npx cdk synth -c service=NAME`, or without the cdk tool
`python -m infra.cdk.app -c service=NAME`. Neither needs docker, an account or the network."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App, AssetStaging

from infra.cdk.guard import check_template
from infra.cdk.images import image_of
from infra.cdk.nag import add_packs
from infra.cdk.stack import ServiceStack
from serinus import service as services
from serinus.errors import SerinusError, ServiceError

SETTINGS = Path(__file__).parents[2] / "cdk.json"
PATHS = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}  # as the cdk tool, and for sam
REGION = "us-east-1"


def synth(service: str, image: str | None = None, outdir: Path = Path("cdk.out"), *, region: str = REGION) -> Path:
    """The template of `service`, in `outdir`. image: see infra.cdk.images."""
    return synthesised(app({"service": service, "region": region, "image": image}, outdir))


def app(said: Mapping[str, object], outdir: Path | None) -> App:
    """Knows what cdk.json and `said` say. outdir: None leaves it to the cdk tool."""
    context = json.loads(SETTINGS.read_text())["context"]
    given = {name: value for name, value in said.items() if value is not None}
    return App(
        context={**context, **PATHS, **given},
        outdir=str(outdir) if outdir else None,
        analytics_reporting=False,
        builtin_cloud_formation_validation="nag" in given,  # takes longer than all the rest
    )


def synthesised(app: App) -> Path:
    """The template of the service that the context names; with nag = true, held against rules of good practice."""
    AssetStaging.clear_asset_hash_cache()  # else a folder that changed since is taken for what it was
    stack = _stack(app)
    if app.node.try_get_context("nag"):
        add_packs(app)
    template = Path(app.synth().directory) / stack.template_file
    check_template(json.loads(template.read_text()))
    return template


def _stack(app: App) -> ServiceStack:
    named, image, region, base_image = map(app.node.try_get_context, ("service", "image", "region", "base_image"))
    if not named:
        raise ServiceError("which service? Say -c service=NAME, a folder in services/ or a service.toml")
    service = services.load(services.find(named))
    architecture = service.function.architecture
    source = image_of(image, service=service.name, architecture=architecture, base_image=base_image)
    where = region or os.environ.get("CDK_DEFAULT_REGION") or REGION
    return ServiceStack(app, service=service, image=source, region=where)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.cdk.app", description=__doc__)
    parser.add_argument("-c", "--context", action="append", default=[], metavar="NAME=VALUE", type=_pair)
    parser.add_argument("--out", type=Path, default=None if "CDK_OUTDIR" in os.environ else Path("cdk.out"))
    given = parser.parse_args()
    try:
        print(synthesised(app(dict(given.context), given.out)))
    except SerinusError as error:
        sys.exit(f"serinus: {error}")


def _pair(said: str) -> tuple[str, str]:
    name, _, value = said.partition("=")
    return name, value


if __name__ == "__main__":
    main()
