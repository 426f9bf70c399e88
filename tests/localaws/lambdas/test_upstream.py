"""Each patch is needed: plain moto still does something else than AWS, and with the patch it does not."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.localaws.lambdas.probes import PROBES, make

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def plain() -> Mapping[str, bool]:
    """What moto does as it comes, in a process that knows no patch."""
    command = [sys.executable, "-m", "tests.localaws.lambdas.probes"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # moto prints there too


@pytest.mark.parametrize("patch", [*PROBES, "deliveries"])
def test_moto_still_needs_the_patch(plain, patch):
    assert not plain[patch], f"moto no longer needs localaws/{patch}.py: drop it"


@pytest.mark.parametrize("patch", PROBES)
def test_the_patch_does_what_moto_does_not(laptop, aws, patch):
    assert PROBES[patch](aws, make(aws, laptop.lambda_role, f"patched-{patch}"))
