"""`serinus serve` as a real process."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import requests

from tests.bundles import write_service

ROOT = Path(__file__).parents[2]
SERINUS = [sys.executable, "-m", "serinus.cli"]
START_S, STOP_S = 20, 15


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stopped(self) -> tuple[str, str]:
        """End it as an orchestrator would, and return what it wrote."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=STOP_S)


def command(service: Path, port: int, *options: str) -> list[str]:
    return [*SERINUS, "serve", str(service), "--models", str(service.parent / "models"), "--port", str(port), *options]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/health").status_code == 200
    except requests.ConnectionError:
        return False


@contextmanager
def serving(service: Path, *options: str) -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        command(service, port, *options), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    server = Server(process, port)
    try:
        wait_until(lambda: is_up(server.url) or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        yield server
    finally:
        process.terminate()
        process.communicate(timeout=STOP_S)


def wait_until(holds: Callable[[], bool], seconds: float = START_S) -> None:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert holds()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return write_service(tmp_path_factory.mktemp("serve") / "tiny", "linear", "bent")


@pytest.fixture(scope="module")
def server(tiny) -> Iterator[Server]:
    with serving(tiny) as running:
        yield running


def test_it_answers_a_prediction(server):
    answer = requests.post(f"{server.url}/api/v1/predict", json={"features": [1, 2, 3]})
    assert answer.status_code == 200
    assert answer.json()["model"]["name"] == "linear"


def test_it_is_healthy_when_it_looks_closely(server):
    assert requests.get(f"{server.url}/api/v1/health?deep=1").json()["status"] == "healthy"


@pytest.mark.parametrize("path", ["/api/v1/predict", "/api/v1/predict/batch"])
def test_a_body_of_10_mb_is_refused_and_the_connection_is_of_use_after(server, path):
    with httpx.Client(base_url=server.url) as client:
        refused = client.post(path, content=b" " * 10_000_000)
        streamed = client.post(path, content=(b" " * 100_000 for _ in range(100)))
        after = client.post("/predict", json={"features": [1, 2, 3]})
    assert (refused.status_code, streamed.status_code, after.status_code) == (413, 413, 200)
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", id="length"),
        pytest.param("POST /pre\u00e9dict HTTP/1.1\r\nHost: x\r\n\r\n", id="path of bytes"),
        pytest.param("nonsense\r\n\r\n", id="no request"),
    ],
)
def test_what_is_no_http_gets_a_4xx(server, head):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head.encode("latin-1"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 4")
    assert is_up(server.url)


def test_callers_at_once_all_get_their_own_answer(server):
    def ask(number: int) -> tuple[str, str]:
        headers = {"x-request-id": f"id-{number}"}
        answer = requests.post(f"{server.url}/predict", json={"features": [number, 0, 0]}, headers=headers)
        return answer.headers["x-request-id"], answer.json()["metadata"]["request_id"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(50))) == [(f"id-{number}",) * 2 for number in range(50)]


def test_it_finishes_the_request_in_flight_before_it_stops(tiny):
    body = b'{"features": [1, 2, 3]}'
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(tiny) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(head.encode() + body[:5])
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not is_up(server.url))
            connection.sendall(body[5:])
            answer = connection.makefile("rb").read()
        out, err = server.process.communicate(timeout=STOP_S)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"prediction"' in answer
    assert server.process.returncode in (0, -signal.SIGTERM)
    assert json.loads(out.splitlines()[-1])["status"] == 200
    assert "Traceback" not in err


def test_standard_output_is_one_line_of_json_a_request(tiny):
    with serving(tiny) as server:
        requests.post(f"{server.url}/predict", json={"features": [1, 2, 3]}, headers={"x-request-id": "mine"})
        out, err = server.stopped()
    assert json.loads(out.splitlines()[-1])["request_id"] == "mine"
    assert f"serving tiny at http://127.0.0.1:{server.port}" in err


def counted(metrics: str, name: str) -> float:
    return sum(float(line.split()[-1]) for line in metrics.splitlines() if line.startswith(name))


def test_several_workers_count_together(tiny):
    asked = 40
    with serving(tiny, "--workers", "2") as server:
        for _ in range(asked):  # a connection each, so that both workers get some
            assert requests.post(f"{server.url}/predict", json={"features": [1, 2, 3]}).status_code == 200
        texts = [requests.get(f"{server.url}/metrics").text for _ in range(6)]
        server.stopped()
    assert [counted(text, "predictions_total{") for text in texts] == [asked] * 6
    assert {counted(text, "cache_hits_total{") for text in texts} == {asked}
    assert {counted(text, "active_models_count") for text in texts} == {2}
    assert server.process.returncode in (0, -signal.SIGTERM)


def refused_start(service: Path, *options: str) -> str:
    run = subprocess.run(
        command(service, free_port(), *options), cwd=ROOT, capture_output=True, text=True, timeout=START_S, check=False
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    return run.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_broken_bundle_stops_the_start(tmp_path, workers):
    service = write_service(tmp_path / "tiny", "linear")
    broken = tmp_path / "tiny" / "models" / "linear" / "v1.0.0" / "golden.npz"
    broken.write_bytes(broken.read_bytes()[:-1])
    message = refused_start(service, "--workers", workers)
    assert f"serinus: {broken} was altered: expected sha256 " in message


def test_a_service_that_contradicts_its_bundles_stops_the_start(tmp_path):
    service = write_service(tmp_path / "tiny", "linear")
    service.write_text(service.read_text().replace("features = 3", "features = 4"))
    assert "serinus: service tiny expects features 4, model linear has 3" in refused_start(service)


def test_an_unknown_service_stops_the_start():
    run = subprocess.run([*SERINUS, "serve", "nowhere"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("serinus: no service 'nowhere': expected a path to a service.toml or one of: ")


def test_a_taken_port_stops_the_start(tiny, server):
    run = subprocess.run(command(tiny, server.port), cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "address already in use" in run.stderr


@pytest.fixture
def examples(shared_data) -> str:
    """The three Python examples of Kepler's documents, one after the other as a reader would run them."""
    readme = shared_data.parent / "requirements" / "kepler-readme.md"
    if not readme.is_file():
        pytest.skip(f"REQUIREMENTS MISSING: no file {readme.resolve()}; set SERINUS_DATA to the data folder beside it")
    usage = readme.read_text().partition("## API Usage\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", usage, re.DOTALL)
    assert len(blocks) == 3
    return "".join(blocks)


def test_the_examples_of_keplers_documents_run_as_they_stand(tmp_path, examples):
    service = write_service(tmp_path / "kepler", "keras_cnn", "xgboost", "random_forest", features=784)
    with serving(service) as server:
        script = examples.replace("localhost:8000", f"127.0.0.1:{server.port}")
        run = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env=os.environ, check=False
        )
    assert run.returncode == 0, run.stderr
    label = r"(CONFIRMED|CANDIDATE|FALSE_POSITIVE)"
    expected = [f"Prediction: {label}", r"Confidence: [\d.]+%", f"Ensemble: {label}", r"Agreement: [\d.]+%"]
    expected += [rf"{name}: {label} \([\d.]+%\)" for name in ("keras_cnn", "xgboost", "random_forest")]
    expected += [rf"Sample {number}: {label} \([\d.]+%\)" for number in range(10)]
    assert re.fullmatch("\n".join(expected) + "\n", run.stdout), run.stdout
