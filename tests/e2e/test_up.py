"""`serinus up`: the stack that is deployed to AWS, on this machine, with real runtimes."""

import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from tests.bundles import write_service
from tests.e2e.laptop import JWT, KEYS, PREDICT, ROOT, Laptop, Up, is_alive
from tests.records import PLOTS, write_record_service

BODY = {"features": [0.5] * 784}
STORED = """plot_id,altitude,precip_total,gdd_sum,variety,irrigated
1,1252.0,450.25,1200.5,DK8031,true
"""
PLOT = {
    "plot_id": 1,
    "latitude": -0.5,
    "longitude": 37.0,
    "planting_date": "2021-10-07",
    "season": "Long Rains",
}


@pytest.fixture(scope="module")
def laptop(tmp_path_factory) -> Laptop:
    return Laptop(tmp_path_factory.mktemp("laptop"))


@pytest.fixture(scope="module")
def files(laptop):
    """Three services: tokens, keys, stored features."""
    folder = laptop.folder
    for name in ("hawk", "robin"):
        (folder / name).mkdir()
    stored = PLOTS.replace('store = "parquet"\naddress = "features"', 'store = "dynamodb"')
    assert "dynamodb" in stored
    return {
        "hawk": write_service(folder / "hawk", "linear", "bent", features=784, extra=JWT),
        "robin": write_service(folder / "robin", "linear", features=784, extra=KEYS),
        "plots": write_record_service(folder / "plots", stored),
    }


@pytest.fixture(scope="module")
def running(laptop, files) -> Iterator[dict[str, Up]]:
    """All three at the same time."""
    processes = []
    try:
        with ThreadPoolExecutor(3) as pool:
            ups = dict(zip(files, pool.map(laptop.up, files.values()), strict=True))
        yield ups
        processes = [process for up in ups.values() for process in up.processes()]
    finally:
        with ThreadPoolExecutor(3) as pool:
            ended = list(pool.map(lambda file: laptop.run("down", file), files.values()))
    assert ended == [f"{name} has ended\n" for name in files]
    assert not [process for process in processes if is_alive(process)]
    assert not list((laptop.folder / ".serinus").glob("*.json"))


@pytest.fixture(scope="module")
def hawk(running) -> Up:
    return running["hawk"]


@pytest.fixture(scope="module")
def robin(running) -> Up:
    return running["robin"]


def test_an_http_api_answers_who_brings_a_token(hawk):
    answer = hawk.ask(BODY)
    assert answer.status_code == 200
    assert answer.json()["model"]["name"] == "linear"
    assert answer.headers["x-serinus-release"] == "1"
    assert hawk["authorization"] == hawk["headers"]["authorization"]


@pytest.mark.parametrize("token", ["", "Bearer nonsense"])
def test_an_http_api_refuses_who_brings_none(hawk, token):
    assert requests.post(hawk["url"] + PREDICT, json=BODY, headers={"authorization": token}).status_code == 401


def test_a_token_of_one_service_does_not_open_another(hawk):
    other = hawk["authorization"][:-8] + "AAAAAAAA"
    assert hawk.ask(BODY, authorization=other).status_code == 401


def test_a_rest_api_answers_who_brings_a_key_under_its_stage(robin):
    assert robin["url"].endswith("/prod")
    assert robin.ask(BODY).status_code == 200


@pytest.mark.parametrize("key", [None, "no-such-key-as-this-one-here"])
def test_a_rest_api_refuses_who_brings_none(robin, key):
    answer = requests.post(robin["url"] + PREDICT, json=BODY, headers={"x-api-key": key} if key else {})
    assert answer.status_code == 403


def test_a_key_may_ask_so_often_and_no_more(robin):
    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(answer.status_code for answer in pool.map(lambda _: robin.ask(BODY), range(60)))
    assert set(statuses) == {200, 429}
    assert statuses[429] >= 10


def test_services_that_are_up_together_are_worlds_apart(hawk, robin):
    for up in (hawk, robin):
        stacks = up.client("cloudformation").list_stacks()["StackSummaries"]
        assert [(one["StackName"], one["StackStatus"]) for one in stacks] == [(up["stack"], "CREATE_COMPLETE")]
    assert hawk["aws_endpoint_url"] != robin["aws_endpoint_url"]


def test_other_programs_find_this_aws_by_the_environment(hawk, monkeypatch):
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", hawk["aws_endpoint_url"])
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    [function] = boto3.client("lambda", region_name="us-east-1").list_functions()["Functions"]
    assert function["FunctionName"] == hawk["function"] == hawk["outputs"]["FunctionName"]
    tables = boto3.client("dynamodb", region_name="us-east-1").list_tables()["TableNames"]
    assert hawk["outputs"]["HistoryTable"] in tables


def test_what_the_function_says_is_in_its_log_group_and_its_metrics(hawk):
    for _ in range(3):
        hawk.ask(BODY)
    metrics = hawk.client("cloudwatch")
    wanted = {"Namespace": "Serinus", "MetricName": "predictions_total"}
    assert eventually(lambda: metrics.list_metrics(**wanted)["Metrics"])
    logs = hawk.client("logs")
    groups = {one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]}
    [group] = [one for one in groups if "PredictLogs" in one]
    assert eventually(lambda: "REPORT RequestId" in json.dumps(logs.filter_log_events(logGroupName=group)["events"]))


def test_a_worker_that_dies_costs_the_request_it_had(hawk):
    assert eventually(lambda: lost_with_its_worker(hawk) in (500, 502), seconds=40)
    assert hawk.ask(BODY).status_code == 200


def test_a_worker_that_dies_unneeded_costs_nobody_anything(hawk):
    hawk.ask(BODY)
    workers = [one for one in hawk.processes() if "awslambdaric" in one.cmdline()]
    for worker in workers:
        worker.kill()
    assert eventually(lambda: not any(is_alive(worker) for worker in workers))
    assert hawk.ask(BODY).status_code == 200


def test_features_are_pushed_to_the_table_of_the_stack_and_looked_up(running, laptop, files):
    up, table = running["plots"], running["plots"]["outputs"]["FeatureTable"]
    assert up.ask(PLOT).status_code == 404
    (laptop.folder / "plots.csv").write_text(STORED)
    env = {
        "AWS_ENDPOINT_URL": up["aws_endpoint_url"],
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = ["features", "push", "plots.csv", "--service", str(files["plots"]), "--address", f"dynamodb://{table}"]
    pushed = subprocess.run(
        [sys.executable, "-m", "serinus.cli", *command],
        cwd=laptop.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert pushed.returncode == 0, pushed.stderr
    answer = up.ask(PLOT)
    assert answer.status_code == 200, answer.text
    assert answer.json()["features_used"]["gdd_sum"] == 1200.5


def test_the_same_service_again_changes_nothing_and_its_curl_works(hawk, laptop, files):
    page = laptop.run("up", files["hawk"])
    assert "nothing changed" in page
    [curl] = re.findall(r"^curl .*$", page, re.MULTILINE)
    asked = subprocess.run([*shlex.split(curl), "-s"], cwd=laptop.folder, capture_output=True, text=True, check=True)
    assert json.loads(asked.stdout)["model"]["name"] == "linear"
    assert hawk["aws_endpoint_url"] in page


def test_a_changed_service_is_published_beside_the_one_that_answers(hawk, laptop, files):
    """Then some of the traffic goes to it, as much as is asked; and the old version stays what it was."""
    lambdas = hawk.client("lambda")
    before = invoked(lambdas, hawk, "1")
    files["hawk"].write_text(files["hawk"].read_text().replace("[models]", '[auto]\nby = "accuracy"\n[models]'))
    changed = json.loads(laptop.run("up", files["hawk"], "--json"))
    assert (changed["version"], changed["live"], changed["url"]) == ("2", "1", hawk["url"])
    assert hawk.ask(BODY).headers["x-serinus-release"] == "1"

    said = {"FunctionName": hawk["function"], "Name": "live", "FunctionVersion": "1"}
    lambdas.update_alias(**said, RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}})
    releases = asked_often(hawk, 1000)
    assert set(releases) == {"1", "2"}
    low, high = band(1000, 0.1, 0.999)
    assert low <= releases["2"] <= high
    assert invoked(lambdas, hawk, "1") == before
    assert invoked(lambdas, hawk, "2")["release"] == "2"
    lambdas.update_alias(**said, RoutingConfig={"AdditionalVersionWeights": {}})


def test_ctrl_c_leaves_nothing_behind(laptop, tmp_path):
    (tmp_path / "wren").mkdir()
    file = write_service(tmp_path / "wren", "linear", features=784, extra=KEYS)
    process = laptop.start("up", file, "--json")
    assert process.stdout is not None
    up = Up(json.loads(process.stdout.readline()))
    assert up.ask(BODY).status_code == 200
    processes = [*up.processes(), psutil.Process(process.pid)]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert not [one for one in processes if is_alive(one)]
    assert [one.name for one in (laptop.folder / ".serinus").glob("wren*")] == ["wren.log"]
    with pytest.raises(requests.ConnectionError):
        up.ask(BODY)
    assert "nothing runs for wren" in laptop.run("down", file)


def test_a_state_file_of_a_process_that_is_gone_is_no_obstacle(laptop, files):
    folder = laptop.folder / "elsewhere"
    (folder / ".serinus").mkdir(parents=True)
    (folder / ".serinus" / "robin.json").write_text(json.dumps({"pid": os.getpid(), "started": 1.0}))
    assert "nothing runs for robin" in Laptop(folder).run("down", files["robin"])
    assert not (folder / ".serinus" / "robin.json").exists()


def test_without_bundles_it_says_how_to_make_them(laptop, files):
    said = laptop.run("up", files["robin"], "--models", str(laptop.folder / "none"), code=1)
    assert "no bundle of linear" in said
    assert "serinus export" in said


def eventually(holds, seconds: float = 15):
    deadline = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def lost_with_its_worker(up: Up) -> int:
    """What is answered to a request whose worker stops in the middle of it, and is killed; if it came to it in time."""
    up.ask(BODY)
    workers = [one for one in up.processes() if "awslambdaric" in one.cmdline()]
    for worker in workers:
        worker.suspend()
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(up.ask, BODY)
        time.sleep(0.5)
        for worker in workers:
            worker.kill()
        return lost.result().status_code


def invoked(lambdas, up: Up, qualifier: str):
    """What a version answers to one and the same event, without what is of the moment."""
    event = json.loads((ROOT / "tests/handlers/events/http_v2_predict.json").read_text())
    event |= {"rawPath": PREDICT, "body": json.dumps(BODY), "isBase64Encoded": False}
    answer = lambdas.invoke(FunctionName=up["function"], Qualifier=qualifier, Payload=json.dumps(event).encode())
    payload = json.loads(answer["Payload"].read())
    assert payload["statusCode"] == 200, payload
    body = json.loads(payload["body"])
    return {
        "release": payload["headers"]["x-serinus-release"],
        "prediction": body["prediction"],
        "model": body["model"]["name"],
        "version": answer["ExecutedVersion"],
    }


def asked_often(up: Up, times: int) -> Counter:
    """The releases that answered, by how often."""

    def ask(share: range) -> list[str]:
        with requests.Session() as session:
            session.headers.update(up["headers"])
            return [session.post(up["url"] + PREDICT, json=BODY).headers["x-serinus-release"] for _ in share]

    with ThreadPoolExecutor(4) as pool:
        return Counter(release for part in pool.map(ask, [range(times // 4)] * 4) for release in part)


def band(times: int, share: float, probability: float) -> tuple[int, int]:
    """The counts between which a fair split stays with this probability."""
    chances = [math.comb(times, n) * share**n * (1 - share) ** (times - n) for n in range(times + 1)]
    rest, low, high, below, above = (1 - probability) / 2, 0, times, chances[0], chances[times]
    while below < rest:
        low += 1
        below += chances[low]
    while above < rest:
        high -= 1
        above += chances[high]
    return low, high
