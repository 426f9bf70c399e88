"""The function that predicts: what a deployment publishes, what it keeps, and what it leaves alone."""

from pathlib import Path
from typing import Any

import pytest

from serinus.settings import AuditSettings, FeatureSettings, PredictSettings, Settings
from tests.infra.conftest import SERVICES, Synth, Template, name_of, of_type, only

PROVISIONED = "[function]\nsnapstart = false\nprovisioned = 3\nreserved = 6\n"


@pytest.mark.parametrize("service", SERVICES)
def test_the_alias_is_made_once_and_then_left_to_releases(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    assert only(template, "AWS::Lambda::Alias") == {
        "FunctionName": {"Ref": name_of(template, "AWS::Lambda::Function")},
        "FunctionVersion": {"Ref": "LiveVersion"},
        "Name": "live",
    }
    assert template["Parameters"]["LiveVersion"]["Default"] == "1"


def test_the_alias_waits_for_the_version_it_begins_with(templates: dict[str, Template]) -> None:
    alias = templates["kepler"]["Resources"][name_of(templates["kepler"], "AWS::Lambda::Alias")]
    assert alias["DependsOn"] == [name_of(templates["kepler"], "AWS::Lambda::Version")]


@pytest.mark.parametrize("service", SERVICES)
def test_versions_outlive_the_deployment_that_published_them(templates: dict[str, Template], service: str) -> None:
    version = templates[service]["Resources"][name_of(templates[service], "AWS::Lambda::Version")]
    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize("service", SERVICES)
def test_the_function_is_as_service_toml_says(templates: dict[str, Template], service: str) -> None:
    function = only(templates[service], "AWS::Lambda::Function")
    assert "FunctionName" not in function  # AWS would never give a recreated one its version 1 again
    assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert function["ImageConfig"] == {"Command": ["functions.predict.handler.handler"]}
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function["LoggingConfig"]["LogGroup"]["Ref"] in of_type(templates[service], "AWS::Logs::LogGroup")
    assert function["KmsKeyArn"]["Fn::GetAtt"][0] == name_of(templates[service], "AWS::KMS::Key")
    assert (function["MemorySize"], function["Timeout"], function["Architectures"]) == (1769, 10, ["x86_64"])
    assert "ReservedConcurrentExecutions" not in function


def test_sandboxes_are_kept_ready_for_the_version_and_never_for_the_alias(synth: Synth) -> None:
    template = synth(PROVISIONED)
    ready = {"ProvisionedConcurrentExecutions": 3}
    assert only(template, "AWS::Lambda::Version")["ProvisionedConcurrencyConfig"] == ready
    assert "ProvisionedConcurrencyConfig" not in only(template, "AWS::Lambda::Alias")
    assert only(template, "AWS::Lambda::Function")["ReservedConcurrentExecutions"] == 6
    assert "SnapStart" not in only(template, "AWS::Lambda::Function")


def test_another_image_publishes_another_version_and_leaves_the_rest(synth: Synth) -> None:
    before, after = (synth(image=f"serinus/tiny@sha256:{digit * 64}") for digit in "ab")
    versions = [name_of(template, "AWS::Lambda::Version") for template in (before, after)]
    assert versions[0] != versions[1]
    changed = {name for name in before["Resources"] if before["Resources"][name] != after["Resources"].get(name)}
    kinds = {before["Resources"][name]["Type"] for name in changed}
    assert kinds == {"AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias"}
    assert only(before, "AWS::Lambda::Alias") == only(after, "AWS::Lambda::Alias")  # it only waits for another one


def test_the_same_image_publishes_nothing(synth: Synth) -> None:
    assert synth() == synth()


def test_a_baked_folder_is_built_when_it_is_deployed(synth: Synth, tmp_path: Path) -> None:
    (tmp_path / "baked").mkdir()
    (tmp_path / "baked" / "Dockerfile").write_text("FROM scratch AS online\n")
    names = []
    for content in ("one", "other"):
        (tmp_path / "baked" / "app").write_text(content)
        template = synth(image=str(tmp_path / "baked"))
        names.append(name_of(template, "AWS::Lambda::Version"))
        assert "cdk-hnb659fds-container-assets" in str(only(template, "AWS::Lambda::Function")["Code"])
    assert names[0] != names[1]


def test_without_an_image_the_deployment_names_one_and_that_publishes_a_version(
    node: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = unbaked(tmp_path, monkeypatch)
    assert template["Parameters"]["ImageDigest"]["AllowedPattern"] == "^sha256:[0-9a-f]{64}$"
    *_, repository, digest = only(template, "AWS::Lambda::Function")["Code"]["ImageUri"]["Fn::Join"][1]
    assert (repository, digest) == ("/serinus/tiny@", {"Ref": "ImageDigest"})
    # CloudFormation replaces a version when its description changes, and the one before is retained
    assert only(template, "AWS::Lambda::Version")["Description"] == {"Ref": "ImageDigest"}


def unbaked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Template:
    import json

    from infra.cdk.app import synth
    from tests.infra.conftest import TINY

    (tmp_path / "service.toml").write_text(TINY)
    monkeypatch.chdir(tmp_path)  # where nothing is baked
    template: dict[str, Any] = json.loads(synth("service.toml", outdir=tmp_path / "out").read_text())
    return template


@pytest.mark.parametrize("service", SERVICES)
def test_the_environment_is_what_settings_read(templates: dict[str, Template], service: str) -> None:
    variables = only(templates[service], "AWS::Lambda::Function").get("Environment", {}).get("Variables", {})
    kinds: tuple[type[Settings], ...] = (PredictSettings, FeatureSettings, AuditSettings)
    read = {f"SERINUS_{field.upper()}" for kind in kinds for field in kind.model_fields}
    assert set(variables) <= read


@pytest.mark.parametrize(
    ("features", "variable"),
    [
        pytest.param('store = "redis"\naddress = "redis://127.0.0.1:6379/0"', True, id="redis-on-the-laptop"),
        pytest.param('store = "redis"\naddress = "rediss://cache.example.org:6379"', False, id="redis-elsewhere"),
        pytest.param('store = "parquet"\naddress = "demo/features"', True, id="a-folder"),
        pytest.param('store = "parquet"\naddress = "s3://features/tiny"', False, id="a-bucket"),
        pytest.param('store = "dynamodb"', True, id="a-table-nobody-named"),
        pytest.param('store = "dynamodb"\naddress = "mine"', False, id="a-table-of-ones-own"),
    ],
)
def test_features_come_from_the_stacks_table_where_aws_cannot_reach_the_store(
    node: str, tmp_path: Path, features: str, variable: bool
) -> None:
    template = with_features(tmp_path, features)
    variables = only(template, "AWS::Lambda::Function").get("Environment", {}).get("Variables", {})
    table = {"Ref": next(name for name in of_type(template, "AWS::DynamoDB::Table") if "Features" in name)}
    expected = {"SERINUS_FEATURES_ADDRESS": {"Fn::Join": ["", ["dynamodb://", table]]}} if variable else {}
    assert variables == expected


def with_features(tmp_path: Path, features: str) -> Template:
    import json

    from infra.cdk.app import synth
    from tests.infra.conftest import IMAGE

    (tmp_path / "service.toml").write_text(f"""
[service]
name = "tiny"
task = "classification"
labels = ["YES", "NO"]
[[input.fields]]
name = "plot"
type = "integer"
feature = false
[[input.fields]]
name = "rain"
type = "float"
source = "store"
[models]
linear = "1.0.0"
[features]
entity = "plot"
{features}
""")
    template: dict[str, Any] = json.loads(synth(str(tmp_path / "service.toml"), IMAGE, tmp_path / "out").read_text())
    return template


def test_pseudonyms_are_made_with_a_secret_that_stays(templates: dict[str, Template]) -> None:
    template = templates["iit"]
    name = name_of(template, "AWS::SecretsManager::Secret")
    variables = only(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert variables["SERINUS_AUDIT_SECRET"] == {"Ref": name}
    assert template["Resources"][name]["DeletionPolicy"] == "Retain"
    assert not of_type(templates["kepler"], "AWS::SecretsManager::Secret")
