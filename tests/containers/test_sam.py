"""AWS SAM on the very template that `cdk synth` writes: another emulator runs the image behind both gateways."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from benchmarks.engine import BASE_IMAGE
from serinus.baking.context import put_wheels
from tests.bundles import write_service
from tests.containers.conftest import needed, without_time_and_ids
from tests.containers.contexts import FEATURES, NAME, ROOT, baked
from tests.e2e.test_serve import free_port, is_up, serving, wait_until

pytestmark = pytest.mark.containers

EVENTS = Path(__file__).parents[1] / "handlers/events"
GATEWAYS = {"http": '[gateway]\nkind = "http"\n', "rest": '[gateway]\nkind = "rest"\nauth = "api_key"\n'}
START_S = 90
ENV = {
    "SAM_CLI_TELEMETRY": "0",
    "AWS_ACCESS_KEY_ID": "of-tests",
    "AWS_SECRET_ACCESS_KEY": "of-tests",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass(frozen=True)
class Built:
    """What `sam build` made of a template, in `folder`. function: its name in the template."""

    sam: str
    folder: Path
    function: str

    def command(self, *arguments: str) -> list[str]:
        return [self.sam, "local", *arguments]

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        (self.folder / "event.json").write_text(json.dumps(event))
        said = run(self.command("invoke", self.function, "--event", "event.json"), self.folder)
        answer: dict[str, Any] = json.loads(said.splitlines()[-1])
        return answer


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, env={**os.environ, **ENV}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.fixture(scope="session")
def sam() -> str:
    found = os.environ.get("SERINUS_SAM") or shutil.which("sam")
    if found is None:
        needed("NO SAM", "scripts/test-containers installs it")
    if shutil.which("node") is None:
        needed("NODE.JS MISSING", "stacks cannot be synthesised without it")
    return str(found)


@pytest.fixture(scope="module", params=GATEWAYS)
def built(request, sam, wheelhouse, tmp_path_factory) -> Built:
    folder = tmp_path_factory.mktemp(request.param)
    file = write_service(folder / NAME, "linear", "bent", features=FEATURES, extra=GATEWAYS[request.param])
    context = baked(file, folder / "build")["online"].folder
    put_wheels(context, wheelhouse)
    said = [f"service={file}", f"image={context}", f"base_image={BASE_IMAGE}"]
    options = [part for one in said for part in ("-c", one)]
    run([sys.executable, "-m", "infra.cdk.app", *options, "--out", str(folder / "cdk.out")], ROOT)
    template = folder / "cdk.out" / f"serinus-{NAME}.template.json"
    run([sam, "build", "--template", str(template)], folder)
    resources = json.loads(template.read_text())["Resources"]
    [function] = [name for name, one in resources.items() if one["Type"] == "AWS::Lambda::Function"]
    return Built(sam, folder, function)


@contextmanager
def started(built: Built) -> Iterator[str]:
    """`sam local start-api`, once it answers; its address."""
    port = str(free_port())
    command = built.command("start-api", "--host", "127.0.0.1", "--port", port, "--warm-containers", "EAGER")
    with (built.folder / "sam.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=built.folder, env={**os.environ, **ENV}, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_up(url) or process.poll() is not None, START_S)
        assert process.poll() is None, (built.folder / "sam.log").read_text()[-3000:]
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(START_S)


@pytest.mark.parametrize("recorded", ["http_v2_predict", "rest_v1_predict"])
def test_sam_invokes_the_function_with_recorded_events(built, recorded, body):
    event = {**json.loads((EVENTS / f"{recorded}.json").read_text()), "body": body.decode(), "isBase64Encoded": False}
    answer = built.invoke(event)
    assert answer["statusCode"] == 200
    assert len(json.loads(answer["body"])["individual_predictions"]) == 2


def test_sam_serves_the_example_request_like_the_server(built, body):
    headers = {"content-type": "application/json"}
    with started(built) as url:
        through_sam = requests.post(f"{url}/api/v1/predict", data=body, headers=headers, timeout=30)
        wrong = requests.post(f"{url}/api/v1/predict", data=b'{"features": [1]}', headers=headers, timeout=30)
    with serving(built.folder / NAME / "service.toml", "--no-auth") as server:
        served = requests.post(f"{server.url}/api/v1/predict", data=body, headers=headers, timeout=30)
    assert (through_sam.status_code, wrong.status_code) == (200, 422)
    assert without_time_and_ids(through_sam.content) == without_time_and_ids(served.content)
