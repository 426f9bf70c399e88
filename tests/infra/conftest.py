"""Templates of the services as CDK makes them: one JavaScript process for all tests, started once."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("CDK_VALIDATION", "false")  # cfn-lint and cdk-nag have tests of their own; it takes seconds

SERVICES = ("kepler", "nuru", "iit")
IMAGE = "serinus/any@sha256:" + "a" * 64
TINY = """
[service]
name = "tiny"
task = "classification"
labels = ["YES", "NO"]
[input]
features = 3
[models]
linear = "1.0.0"
"""

Template = dict[str, Any]
Synth = Callable[..., Template]


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("NODE.JS MISSING: stacks cannot be synthesised; install Node.js 22 or later")
    return found


@pytest.fixture(scope="session")
def synthesised(node: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The file of a service's template, made with the rules of good practice on."""
    from infra.cdk.app import app
    from infra.cdk.app import synthesised as made

    made_once: dict[str, Path] = {}

    def template(service: str) -> Path:
        if service not in made_once:
            said = {"service": service, "image": IMAGE, "region": "us-east-1", "nag": "true"}
            made_once[service] = made(app(said, tmp_path_factory.mktemp(service)))
        return made_once[service]

    return template


@pytest.fixture(scope="session")
def templates(synthesised: Callable[[str], Path]) -> dict[str, Template]:
    import json

    return {service: json.loads(synthesised(service).read_text()) for service in SERVICES}


@pytest.fixture
def synth(node: str, tmp_path: Path) -> Synth:
    """The template of a tiny service with more in its service.toml."""
    import json

    from infra.cdk.app import synth as made

    def template(more: str = "", *, image: str = IMAGE) -> Template:
        file = tmp_path / "service.toml"
        file.write_text(TINY + more)
        return json.loads(made(str(file), image, tmp_path / "out").read_text())  # type: ignore[no-any-return]

    return template


def of_type(template: Template, kind: str) -> dict[str, Template]:
    """The properties of each resource of a kind, by name."""
    return {name: one["Properties"] for name, one in template["Resources"].items() if one["Type"] == kind}


def only(template: Template, kind: str) -> Template:
    (properties,) = of_type(template, kind).values()
    return properties


def name_of(template: Template, kind: str) -> str:
    (name,) = of_type(template, kind)
    return name
