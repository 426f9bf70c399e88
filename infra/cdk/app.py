"""Synthesises the stack of one service: `npx cdk synth -c service=NAME`, or without Node's tool
`python -m infra.cdk.app -c service=NAME`. Neither needs docker, an account or the network."""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App

from infra.cdk.images import image_of
from infra.cdk.stack import ServiceStack, stack_name
from serinus import service as services
from serinus.errors import ServiceError

PATHS = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}  # as the cdk tool, and for sam
SETTINGS = Path(__file__).parents[2] / "cdk.json"
REGION = "us-east-1"


def synth(service: str, image: str | None = None, outdir: Path = Path("cdk.out"), *, region: str = REGION) -> Path:
    """The template of `service`, in `outdir`. image: see infra.cdk.images."""
    said = {"service": service, "region": region} | ({"image": image} if image else {})
    return _synthesised(_app(said, outdir))


def _app(said: Mapping[str, object], outdir: Path | None) -> App:
    context = json.loads(SETTINGS.read_text())["context"]
    return App(context={**context, **PATHS, **said}, outdir=str(outdir) if outdir else None, analytics_reporting=False)


def _synthesised(app: App) -> Path:
    asked = {name: app.node.try_get_context(name) for name in ("service", "image", "region", "base_image")}
    if not asked["service"]:
        raise ServiceError("which service? Say -c service=NAME, the folder of one in services/, or a service.toml")
    service = services.load(services.find(asked["service"]))
    image = image_of(
        asked["image"],
        service=service.name,
        architecture=service.function.architecture,
        base_image=asked["base_image"],
    )
    region = asked["region"] or os.environ.get("CDK_DEFAULT_REGION") or REGION
    ServiceStack(app, service=service, image=image, region=region)
    return Path(app.synth().directory) / f"{stack_name(service)}.template.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.cdk.app", description=__doc__)
    parser.add_argument("-c", "--context", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    said = dict(one.split("=", 1) for one in given.context)
    print(_synthesised(_app(said, given.out or (None if "CDK_OUTDIR" in os.environ else Path("cdk.out")))))


if __name__ == "__main__":
    main()
