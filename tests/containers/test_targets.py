"""The targets without Lambda's runtime client."""

import csv
import json
import time

import pytest
import requests

from benchmarks.engine import EngineError, docker, port_of, running
from tests.containers.conftest import without_time_and_ids
from tests.e2e.test_serve import is_up, serving, wait_until

pytestmark = pytest.mark.containers


def test_the_server_answers_what_serinus_serve_does(server, service, body):
    asked = {"data": body, "headers": {"content-type": "application/json"}}
    with serving(service) as local, running(server, ["--publish", "127.0.0.1::8000"]) as container:
        url = f"http://127.0.0.1:{port_of(container, 8000)}"
        wait_until(lambda: is_up(url))
        ours, boxed = (requests.post(f"{where}/api/v1/predict", **asked) for where in (local.url, url))
        assert requests.get(f"{url}/health?deep=1").json()["status"] == "healthy"
    assert boxed.status_code == 200
    assert without_time_and_ids(boxed.content) == without_time_and_ids(ours.content)


def test_the_server_ends_when_it_is_told_to(server):
    with running(server, ["--publish", "127.0.0.1::8000"]) as container:
        url = f"http://127.0.0.1:{port_of(container, 8000)}"
        wait_until(lambda: is_up(url))
        started = time.monotonic()
        docker("stop", "--time", "20", container)
        assert time.monotonic() - started < 10
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container).strip() in ("0", "143")


@pytest.mark.parametrize("image", ["server", "batch"])
def test_what_is_not_on_lambda_has_no_runtime_client(request, image):
    tag = request.getfixturevalue(image)
    find = "from importlib.util import find_spec as f; print([n for n in ('awslambdaric', 'mangum') if f(n)])"
    assert docker("run", "--rm", "--entrypoint", "python", tag, "-c", find).strip() == "[]"


def test_a_batch_job_scores_a_file(batch, row, tmp_path):
    rows = tmp_path / "rows.csv"
    with rows.open("w", newline="") as file:
        written = csv.writer(file)
        written.writerow([f"f{place}" for place in range(len(row))])
        written.writerows([row, row[::-1]])
    tmp_path.chmod(0o777)
    volume, place = ["--volume", f"{tmp_path}:/data"], ["/data/rows.csv", "--out", "/data/out", "--format", "csv"]
    said = docker("run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp", *volume, batch, *place)
    assert json.loads(said.splitlines()[-1])["rows_ok"] == 2
    assert (tmp_path / "out/_SUCCESS.json").is_file()


def test_a_batch_job_that_cannot_be_done_says_why(batch):
    confined = ["--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp"]
    with pytest.raises(EngineError, match=r"exit status 1: score: .*nowhere\.csv"):
        docker("run", *confined, batch, "/nowhere.csv", "--out", "/tmp/out")
