"""`serinus deploy`: from a service.toml and its bundles to a stack on AWS."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serinus.cli.cdk_tool import ROOT, run, tool
from serinus.cli.options import JsonOption, ModelsOption, ServiceArgument

if TYPE_CHECKING:
    from infra.cdk.changes import Change
    from serinus.baking.bake import Baked, Ingredients

REGION = "us-east-1"
RegionOption = Annotated[str, typer.Option(envvar=("AWS_REGION", "AWS_DEFAULT_REGION"), help="Where to.")]


def deploy(
    service: ServiceArgument,
    models: ModelsOption = Path("models"),
    *,
    region: RegionOption = REGION,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, not even about new rights.")] = False,
    skip_preflight: Annotated[bool, typer.Option("--skip-preflight", help="Deploy what was checked before.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check, bake and deploy a service: a new version is published, and answers when it is released.

    With --dry-run the stack that would be deployed is compared with the one that is, if there is an account to ask.

    Try: serinus deploy kepler --dry-run
    """
    from serinus import service as services
    from serinus.aws.templates import deployed_template
    from serinus.baking.bake import bake, gather
    from serinus.deployable import check

    file = services.find(service).resolve()
    named = services.load(file)
    check(named)
    if not dry_run:
        tool()  # better now than after minutes of checks, and so is the account
        deployed_template(f"serinus-{named.name}", region=region)
    if not skip_preflight:
        _preflight(file, models)
    ingredients = gather(ROOT, file, models)
    online = next(one for one in bake(ingredients, Path("build")) if one.image == "online")
    stack, template = _synthesised(file, online.folder, region)
    told, is_compared = _changes(stack, template, region)
    outputs = {}
    if not dry_run:
        outputs = _deployed(stack, {"service": str(file), "image": str(online.folder.resolve()), "region": region}, yes)
    made = {
        "service": named.name,
        "stack": stack,
        "region": region,
        "dry_run": dry_run,
        **_digests(ingredients, online),
    }
    if as_json:
        changed = [asdict(one) for one in told]
        print(json.dumps({**made, "compared": is_compared, "changes": changed, "outputs": outputs}))
    else:
        _tell(made, told, is_compared, outputs)


def _preflight(file: Path, models: Path) -> None:
    from rich.console import Console

    from serinus import service as services
    from serinus.bench import measured
    from serinus.cli.preflight import checklist, costs
    from serinus.preflight import preflight as checked

    named = services.load(file)
    console = Console(stderr=True)
    with console.status(f"checking {named.name}: files, answers, speed, cold start"):
        report = checked(named, models, measured, lambda: costs(named, file, models))
    console.print(checklist(named, report))
    if not report.is_ok:
        raise typer.Exit(1)


def _synthesised(file: Path, image: Path, region: str) -> tuple[str, dict[str, Any]]:
    from infra.cdk.app import synth

    with tempfile.TemporaryDirectory() as folder:
        made = synth(str(file), str(image), Path(folder), region=region)
        return made.name.removesuffix(".template.json"), json.loads(made.read_text())


def _changes(stack: str, template: dict[str, Any], region: str) -> tuple[list["Change"], bool]:
    """What would change; and whether that was compared with what is deployed."""
    from infra.cdk.changes import changes
    from serinus.aws.templates import NoAccount, deployed_template

    try:
        before = deployed_template(stack, region=region)
    except NoAccount:
        return changes(None, template), False
    return changes(before, template), True


def _deployed(stack: str, said: dict[str, str], yes: bool) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs.json"
        approval = "never" if yes else "broadening"
        run(["deploy", stack, "--require-approval", approval, "--outputs-file", str(outputs)], said)
        told: dict[str, str] = json.loads(outputs.read_text())[stack]
        return told


def _digests(ingredients: "Ingredients", online: "Baked") -> dict[str, Any]:
    bundles = {name: bundle.digest for name, bundle in ingredients.bundles.items()}
    return {"image": online.digest, "revision": online.revision, "bundles": bundles}


def _tell(made: dict[str, Any], told: list["Change"], is_compared: bool, outputs: dict[str, str]) -> None:
    print(f"{made['stack']} in {made['region']}")
    print(f"  image   {made['image']} of revision {made['revision']}")
    for name, digest in made["bundles"].items():
        print(f"  bundle  {digest} {name}")
    if not is_compared:
        print("  there is no account to compare with, so everything is new:")
    for one in sorted(told, key=lambda one: (one.what, one.kind, one.name)):
        about = f": {', '.join(one.about)}" if one.about else ""
        print(f"  {one.what:6}  {one.kind} {one.name}{about}")
    if not told:
        print("  nothing changes")
    for name, value in outputs.items():
        print(f"  {name:14}  {value}")
    if outputs:
        print(f"released by: serinus release promote {made['service']} {outputs['LatestVersion']}")
    elif made["dry_run"]:
        print("nothing was changed")
