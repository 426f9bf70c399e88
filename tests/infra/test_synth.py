"""What comes out of a synthesis: the same by both ways, small, sound, and with nothing but Node.js at hand."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.cdk.guard import check_template
from serinus.errors import ServiceError
from tests.infra.conftest import IMAGE, SERVICES, Synth, Template

ROOT = Path(__file__).parents[2]
LONGEST_S = 30
LARGEST = 500_000
OUTPUTS = {"Url", "FunctionName", "AliasName", "LatestVersion", "HistoryTable", "RegistryTable", "DataBucket", "Topic"}
MORE = {"kepler": set(), "nuru": {"FeatureTable"}, "iit": {"FeatureTable", "ApiKeyId"}}
ALONE = {  # no docker, no account, no way out
    "CDK_DOCKER": "/nonexistent",
    "DOCKER_HOST": "tcp://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def cdk(node: str) -> Path:
    tool = ROOT / "node_modules" / ".bin" / "cdk"
    if not tool.exists():
        pytest.skip("CDK MISSING: run npm ci")
    return tool


@pytest.mark.parametrize("service", SERVICES)
def test_the_cdk_tool_makes_the_same_template_alone_and_in_time(
    cdk: Path, synthesised: Callable[[str], Path], tmp_path: Path, service: str
) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))} | ALONE
    app = f"{sys.executable} -m infra.cdk.app"
    command = [
        cdk,
        "synth",
        "--quiet",
        "--app",
        app,
        "--output",
        tmp_path,
        "-c",
        f"service={service}",
        "-c",
        f"image={IMAGE}",
    ]
    before = cpu_s()
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    took_s = cpu_s() - before
    assert run.returncode == 0, run.stderr
    made = tmp_path / synthesised(service).name
    assert json.loads(made.read_text()) == json.loads(synthesised(service).read_text())
    assert took_s < LONGEST_S


def cpu_s() -> float:
    """What processes started from here have computed: how long they took says more of what else runs meanwhile."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("service", SERVICES)
def test_a_template_is_small_enough(synthesised: Callable[[str], Path], service: str) -> None:
    assert synthesised(service).stat().st_size < LARGEST
    assert synthesised(service).name == f"serinus-{service}.template.json"


@pytest.mark.parametrize("service", SERVICES)
def test_cfn_lint_finds_nothing_that_is_not_explained(synthesised: Callable[[str], Path], service: str) -> None:
    command = [Path(sys.executable).with_name("cfn-lint"), synthesised(service)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_good_practice_is_followed_or_there_is_a_reason(synthesised: Callable[[str], Path], service: str) -> None:
    report = json.loads((synthesised(service).parent / "validation-report.json").read_text())
    packs = {one["pluginName"]: one for one in report["pluginReports"]}
    assert {"AwsSolutions", "Serverless"} <= set(packs)
    for one in packs.values():
        assert one["violations"] == []
        assert all(len(known["reason"].split()) >= 4 for known in one.get("suppressedViolations", []))


@pytest.mark.parametrize("service", SERVICES)
def test_a_stack_tells_what_others_need_to_know(templates: dict[str, Template], service: str) -> None:
    assert set(templates[service]["Outputs"]) == OUTPUTS | MORE[service]


def test_a_contradiction_is_refused_before_anything_is_written(synth: Synth, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="provisioned = 1 and snapstart = true"):
        synth("[function]\nprovisioned = 1\n")
    assert not list((tmp_path / "out").glob("*.template.json"))


def test_an_alias_with_provisioned_concurrency_is_refused() -> None:
    template = {"Resources": {"Live": lambda_resource("Alias", ProvisionedConcurrencyConfig={})}}
    with pytest.raises(ServiceError, match="alias Live has provisioned concurrency"):
        check_template(template)


def test_a_provisioned_version_of_a_function_with_snapstart_is_refused() -> None:
    resources = {
        "Function": lambda_resource("Function", SnapStart={"ApplyOn": "PublishedVersions"}),
        "One": lambda_resource("Version", FunctionName={"Ref": "Function"}, ProvisionedConcurrencyConfig={}),
    }
    with pytest.raises(ServiceError, match="version One has provisioned concurrency"):
        check_template({"Resources": resources})
    resources["Function"] = lambda_resource("Function")
    check_template({"Resources": resources})


def lambda_resource(kind: str, **properties: object) -> dict[str, object]:
    return {"Type": f"AWS::Lambda::{kind}", "Properties": properties}


def test_an_image_that_is_none_is_refused(synth: Synth) -> None:
    with pytest.raises(ServiceError, match="expected a folder with a Dockerfile, or REPOSITORY@sha256:DIGEST"):
        synth(image="serinus/tiny:latest")


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/aws-cdk"]["version"] == "2.1148.1"  # 3.0.0 is older, and cannot read ours
    assert not [name for name, one in lock["packages"].items() if "resolved" in one]
