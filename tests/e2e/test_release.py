"""`serinus release` on a function of real runtimes, whose versions hold bundles that are right or broken."""

import itertools
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from typer.testing import CliRunner

from serinus.cli import app
from serinus.cli.release.place import place
from serinus.errors import ReleaseError
from serinus.release.shifting import NotMade, promote, promotion
from tests.bundles import resigned, write_bundle, write_service
from tests.laptop import laptop
from tests.releases import ADA

ROOT = Path(__file__).parents[2]
EVENT = json.loads((ROOT / "tests/handlers/events/http_v2_predict.json").read_text())
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/serinus/tiny"
REQUESTS = 300
BAND_999 = (14, 48)  # of 300 at 10 %; 1,000 are tests/localaws's and test_up.py's
EXTRA = "[privacy]\npersonal = false\n"


def baked(folder: Path) -> Path:
    """What `serinus bake` would lay out, the files of an image in `app`; returns its bundle."""
    code = folder / "app"
    write_service(code / "tiny", "linear", extra=EXTRA)
    for part in ("service.toml", "models"):
        (code / "tiny" / part).rename(code / part)
    for package in ("serinus", "functions"):
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "Dockerfile").write_text('CMD ["functions.predict.handler.handler"]\n')
    return code / "models" / "linear" / "v1.0.0"


def with_other_answers(bundle: Path) -> None:
    """Golden rows that the native library never answered, signed by somebody careful."""
    with np.load(bundle / "golden.npz") as golden:
        rows, native = golden["rows"], golden["native"]
    np.savez(bundle.parent / "forged.npz", rows=rows, native=native[:, ::-1])
    resigned(bundle, "golden.npz", (bundle.parent / "forged.npz").read_bytes())


def with_a_flipped_byte(bundle: Path) -> None:
    model = bytearray((bundle / "model.onnx").read_bytes())
    model[-1] ^= 1
    (bundle / "model.onnx").write_bytes(model)


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    """AWS with images of the service: two that are right, one of other answers, one of a broken file."""
    folder = tmp_path_factory.mktemp("images")
    images = {tag: folder / tag for tag in ("one", "two", "forged", "flipped")}
    bundles = {tag: baked(image) for tag, image in images.items()}
    write_bundle(bundles["two"].parents[1], "linear", f1_score=0.95, version="1.1.0")
    toml = images["two"] / "app" / "service.toml"
    toml.write_text(toml.read_text().replace('linear = "1.0.0"', 'linear = "1.1.0"'))
    with_other_answers(bundles["forged"])
    with_a_flipped_byte(bundles["flipped"])
    with laptop(images) as address:
        yield address


@pytest.fixture
def cloud(url, monkeypatch) -> None:
    for name, value in (
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", "of-tests"),
        ("AWS_SECRET_ACCESS_KEY", "of-tests"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_CONFIG_FILE", "/dev/null"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@dataclass(frozen=True)
class Deployed:
    """A service of its own: versions 1 and 2 are right, 3 has other answers, 4 cannot start."""

    service: Path
    function: str
    table: str

    def run(self, command: str, *arguments: str) -> Any:
        asked = ["release", command, str(self.service), *arguments, "--json"]
        result = CliRunner().invoke(app, asked, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def told(self, command: str, *arguments: str) -> str:
        return str(CliRunner().invoke(app, ["release", command, str(self.service), *arguments]).stdout)

    @property
    def live(self) -> tuple[str, dict[str, float]]:
        alias = boto3.client("lambda").get_alias(FunctionName=self.function, Name="live")
        return alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}


names = (f"tiny{number}" for number in itertools.count())


@pytest.fixture
def deployed(cloud, tmp_path) -> Deployed:
    function = next(names)
    made = Deployed(tmp_path / "service.toml", function, f"history-{function}")
    write_service(tmp_path / "tiny", "linear", extra=EXTRA).rename(made.service)
    make_table(made.table)
    make_function(function, "one", "two", "forged", "flipped")
    make_stack(FunctionName=function, AliasName="live", HistoryTable=made.table)
    return made


def make_table(name: str) -> None:
    keys = {"service": "HASH", "entry": "RANGE"}
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
    )


def make_function(name: str, first: str, *others: str) -> None:
    role = boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client, code = boto3.client("lambda"), {"ImageUri": f"{REPOSITORY}:{first}"}
    client.create_function(
        FunctionName=name, PackageType="Image", Code=code, Role=role, MemorySize=1769, Timeout=10, Description=first
    )
    client.publish_version(FunctionName=name)
    for tag in others:
        client.update_function_code(FunctionName=name, ImageUri=f"{REPOSITORY}:{tag}")
        client.publish_version(FunctionName=name, Description=tag)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")


def make_stack(**outputs: str) -> None:
    told = {name: {"Value": value} for name, value in outputs.items()}
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": told})
    client = boto3.client("cloudformation")
    client.delete_stack(StackName="serinus-tiny")
    client.create_stack(StackName="serinus-tiny", TemplateBody=template)


def asked(function: str, times: int) -> Counter[tuple[str, str]]:
    """Which versions requests to the alias came to, and which models they told."""
    event, client = json.dumps(EVENT | {"body": '{"features": [1, 2, 3]}'}), boto3.client("lambda")

    def came() -> tuple[str, str]:
        response = client.invoke(FunctionName=function, Qualifier="live", Payload=event)
        answer = json.loads(json.loads(response["Payload"].read())["body"])
        return response["ExecutedVersion"], answer["model"]["version"]

    return Counter(came() for _ in range(times))


def test_a_share_is_given_counted_and_taken_back(deployed):
    given = deployed.run("promote", "2", "--weight", "0.1", "--by", "ada", "--notes", "new forest")
    assert given["changed"]
    assert given["to"] == {"version": "1", "candidate": "2", "weight": 0.1}
    assert given["models"] == {"linear": "1.1.0"}
    assert deployed.live == ("1", {"2": 0.1})
    came = asked(deployed.function, REQUESTS)
    assert set(came) == {("1", "1.0.0"), ("2", "1.1.0")}
    assert BAND_999[0] <= came["2", "1.1.0"] <= BAND_999[1]
    assert deployed.run("back", "--by", "grace")["to"] == {"version": "1", "candidate": None, "weight": 0.0}
    assert deployed.live == ("1", {})
    assert asked(deployed.function, 50) == {("1", "1.0.0"): 50}
    second, first = deployed.run("history")
    assert (first["by"], first["action"], first["outcome"], first["notes"]) == ("ada", "promote", "made", "new forest")
    assert (second["by"], second["action"], second["outcome"]) == ("grace", "back", "made")


def test_all_of_the_traffic_is_given_and_taken_back_once(deployed):
    deployed.run("promote", "2")
    assert deployed.live == ("2", {})
    assert asked(deployed.function, 1) == {("2", "1.1.0"): 1}
    deployed.run("back")
    assert deployed.live == ("1", {})
    assert not deployed.run("back")["changed"]
    assert "nothing to take back, the last promotion was taken back already" in deployed.told("back")
    assert deployed.live == ("1", {})
    assert len(deployed.run("history")) == 2


def test_golden_rows_refuse_a_version_that_answers_otherwise(deployed):
    with pytest.raises(ReleaseError, match=r"golden rows of version 3 are not right \(status 503\): linear: off by up"):
        deployed.run("promote", "3", "--weight", "0.1")
    assert deployed.live == ("1", {})
    assert deployed.run("history") == []


def test_a_version_that_cannot_start_is_refused(deployed):
    with pytest.raises(
        ReleaseError, match=r"version 4 fails: BundleError: models/linear/v1\.0\.0/model\.onnx was altered"
    ):
        deployed.run("promote", "4")
    assert deployed.live == ("1", {})


def test_a_version_that_was_never_published_is_refused(deployed):
    with pytest.raises(ReleaseError, match=f"{deployed.function} has no version 9; there are '4', '3', '2', '1'"):
        deployed.run("promote", "9")


def test_a_rehearsal_replays_golden_rows_and_changes_nothing(deployed):
    rehearsed = deployed.run("promote", "2", "--dry-run")
    assert (rehearsed["changed"], rehearsed["dry_run"], rehearsed["models"]) == (False, True, {"linear": "1.1.0"})
    assert deployed.live == ("1", {})
    assert deployed.run("history") == []


def test_what_is_live_already_is_not_promoted_again(deployed):
    assert not deployed.run("promote", "1")["changed"]
    assert "all traffic to version 1 already: nothing to do" in deployed.told("promote", "1")
    assert deployed.run("history") == []


def test_there_is_nothing_before_the_first_version(deployed):
    with pytest.raises(ReleaseError, match="nothing was live before version 1, says the history"):
        deployed.run("back")


def test_versions_are_listed_with_their_shares(deployed):
    deployed.run("promote", "2", "--weight", "0.25")
    listed = deployed.run("list")
    shares = [(version["version"], version["description"], version["share"]) for version in listed]
    assert shares == [("4", "flipped", 0.0), ("3", "forged", 0.0), ("2", "two", 0.25), ("1", "one", 0.75)]
    shown = deployed.told("list")
    assert "75 %" in shown
    assert "25 %" in shown
    assert "1 and 0.25 of 2" in deployed.told("history")


def test_a_weight_that_lambda_refuses_changes_nothing(deployed):
    """Provisioned concurrency on the alias and weights exclude each other."""
    client = boto3.client("lambda")
    client.put_provisioned_concurrency_config(
        FunctionName=deployed.function, Qualifier="live", ProvisionedConcurrentExecutions=1
    )
    with pytest.raises(NotMade, match=r"nothing was changed: cannot move alias live .*Provisioned"):
        deployed.run("promote", "2", "--weight", "0.1")
    [entry] = deployed.run("history")
    assert (entry["state"], entry["outcome"]) == ("refused", "not made")
    assert deployed.live == ("1", {})


def test_whoever_moves_the_alias_during_the_check_wins(deployed):
    where = place(str(deployed.service))
    decision = promotion(where, "2", 0.1)
    boto3.client("lambda").update_alias(FunctionName=deployed.function, Name="live", FunctionVersion="2")
    with pytest.raises(NotMade, match="somebody else moved alias live meanwhile"):
        promote(where, decision, ADA)
    assert deployed.live == ("2", {})
