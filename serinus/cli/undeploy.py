"""`serinus undeploy`: a stack goes away, what it kept stays."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from serinus.cli.cdk_tool import run, tool
from serinus.cli.deploy import REGION, RegionOption
from serinus.cli.options import ServiceArgument


def undeploy(
    service: ServiceArgument,
    *,
    region: RegionOption = REGION,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Take a service off AWS: nobody is answered any more, its versions are deleted.

    Tables, buckets, keys, secrets and the logs of services about people stay in the account, and are listed first.

    Try: serinus undeploy kepler
    """
    from infra.cdk.app import synth
    from infra.cdk.changes import retained
    from serinus import service as services

    tool()
    file = services.find(service).resolve()
    with tempfile.TemporaryDirectory() as folder:
        template = synth(str(file), None, Path(folder), region=region)
        stack = template.name.removesuffix(".template.json")
        kept = retained(json.loads(template.read_text()))
    print(f"{stack} in {region} goes. In the account stay:")
    for name, kind in sorted(kept, key=lambda one: one[::-1]):
        if kind != "AWS::Lambda::Version":  # they go with their function
            print(f"  {kind} {name}")
    if not yes:
        typer.confirm("Go on?", abort=True)
    run(["destroy", stack, "--force"], {"service": str(file), "region": region})
