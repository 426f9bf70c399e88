"""`serinus up --containers`: the stack on this machine, its function in containers of the built image."""

import json

import pytest

from benchmarks.engine import BASE_IMAGE, docker
from tests.e2e.laptop import Laptop, Up

pytestmark = pytest.mark.containers


def test_a_service_is_up_in_containers_of_its_image(service, wheelhouse, tmp_path, body):
    laptop = Laptop(tmp_path, {"SERINUS_BASE_IMAGE": BASE_IMAGE, "SERINUS_WHEELHOUSE": str(wheelhouse.resolve())})
    up = Up(json.loads(laptop.run("up", service, "--containers", "--detach", "--json")))
    try:
        assert up["predicted"]
        assert up.ask(json.loads(body)).status_code == 200
        assert ours() >= 1
    finally:
        laptop.run("down", service)
    assert ours() == 0


def ours() -> int:
    """Containers of the image that the function is of."""
    images = docker("images", "--quiet", "--filter", "reference=localaws:*").split()
    return sum(len(docker("ps", "--quiet", "--filter", f"ancestor={image}").split()) for image in set(images))
