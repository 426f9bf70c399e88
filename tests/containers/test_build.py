"""What an image holds, and what cannot be built."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.engine import EngineError, build, docker
from serinus.bundle import Bundle
from tests.bundles import resigned
from tests.containers.contexts import NAME

pytestmark = pytest.mark.containers

EVENTS = Path(__file__).parents[1] / "handlers/events"

PYC = """
import json, struct, sys
from importlib.util import cache_from_source as cached
import awslambdaric.bootstrap
from functions.predict.handler import handler
class Context: aws_request_id = function_name = invoked_function_arn = memory_limit_in_mb = function_version = "1"
for path, query in (("/api/v1/models", ""), ("/api/v1/health", "deep=1"), ("/docs", ""), ("/openapi.json", "")):
    event = json.loads(sys.argv[1]) | {"rawPath": path, "rawQueryString": query}
    event["requestContext"]["http"]["path"] = path
    assert handler(event, Context())["statusCode"] == 200, path
modules = [m for m in list(sys.modules.values()) if (getattr(m, "__file__", None) or "").endswith(".py")]
flags = {}
for module in modules:
    try: flags[module.__name__] = struct.unpack("<I", open(cached(module.__file__), "rb").read(8)[4:])[0]
    except FileNotFoundError: flags[module.__name__] = None
print(json.dumps(flags))
"""


def inside(image: str, program: str, *arguments: str) -> str:
    confined = ["--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp", "--env", "AWS_LAMBDA_FUNCTION_NAME=x"]
    return docker("run", *confined, "--entrypoint", "python", image, "-c", program, *arguments)


def labels_of(image: str) -> dict[str, str]:
    return json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", image))


@pytest.mark.parametrize("image", ["online", "server", "worker", "batch"])
def test_an_image_tells_what_is_in_it(request, service, image):
    tag = request.getfixturevalue(image)
    labels = labels_of(tag)
    for name in ("linear", "bent"):
        digest = Bundle.load(service.parent / "models" / name / "v1.0.0").digest
        assert labels[f"serinus.bundle.{name}"] == f"1.0.0 sha256:{digest}"
    assert labels["serinus.service"] == NAME
    assert len(labels["org.opencontainers.image.revision"].removesuffix("-dirty")) == 40
    bill = json.loads(inside(tag, f"print(open({labels['serinus.sbom']!r}).read())"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    installed = inside(
        tag,
        "import importlib.metadata as m; print(*{d.name.lower().replace('_', '-') for d in "
        "m.distributions(path=['/opt/packages'])})",
    ).split()
    assert {one["name"] for one in bill["components"] if one["type"] == "library"} == set(installed)


def test_only_the_function_may_be_snapshotted(online, server):
    assert labels_of(online)["com.amazonaws.lambda.feature.snapstart"] == "Allow"
    assert "com.amazonaws.lambda.feature.snapstart" not in labels_of(server)


@pytest.mark.parametrize("image", ["online", "server", "worker", "batch"])
def test_an_image_runs_as_nobody(request, image):
    tag = request.getfixturevalue(image)
    assert inside(tag, "import os; print(os.getuid(), os.access('/var/task', os.W_OK))").split() == ["65534", "False"]


def test_every_module_of_a_start_and_of_a_page_is_compiled_and_not_checked(online):
    event = (EVENTS / "http_v2_get_health.json").read_text()
    flags = json.loads(inside(online, PYC, event).splitlines()[-1])
    assert {"json", "numpy", "functions.predict.handler"} <= set(flags)
    assert {name: flag for name, flag in flags.items() if flag != 0b01 and name != "__main__"} == {}


def test_what_is_never_imported_is_not_there(online):
    listed = inside(online, "import pathlib; print(*pathlib.Path('/opt/packages').rglob('*'))").split()
    assert any(name.endswith("onnxruntime_pybind11_state.so") or "pybind11_state" in name for name in listed)
    assert not [name for name in listed if "libonnxruntime.so" in name or "/tests/" in name or name.endswith(".pyi")]
    assert not [name for name in listed if "/boto" in name or "/pyarrow" in name]


def test_the_worker_knows_only_the_services_it_calls(worker):
    listed = inside(worker, "import os; print(*os.listdir('/opt/packages/botocore/data'))").split()
    assert {"s3", "dynamodb", "sqs"} <= set(listed)
    assert "ec2" not in listed


@pytest.mark.parametrize("file", ["model.onnx", "golden.npz", "metadata.json"])
def test_a_flipped_byte_stops_the_build(context, file):
    altered = context / "app/models/bent/v1.0.0" / file
    contents = bytearray(altered.read_bytes())
    contents[len(contents) // 2] ^= 1
    altered.write_bytes(contents)
    with pytest.raises(EngineError, match=rf"seal: .*{file} was altered|BundleError: .*{file} was altered"):
        build(context, "serinus-test-broken", target="online")


def test_a_model_that_answers_its_golden_rows_otherwise_stops_the_build(context):
    folder = context / "app/models/linear/v1.0.0"
    golden = dict(np.load(folder / "golden.npz"))
    golden["native"] = golden["native"][:, ::-1]
    with (folder / "forged.npz").open("wb") as file:
        np.savez(file, **golden)
    resigned(folder, "golden.npz", (folder / "forged.npz").read_bytes())
    (folder / "forged.npz").unlink()
    with pytest.raises(EngineError, match=r"seal: linear answers \d+ of 64 golden rows wrongly"):
        build(context, "serinus-test-broken", target="online")


def test_a_wheel_that_is_not_the_pinned_one_stops_the_build(context):
    [wheel] = (context / "wheelhouse").glob("mangum-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(EngineError, match="DO NOT MATCH THE HASHES"):
        build(context, "serinus-test-broken", target="online")
