"""The process that hosts the stack of one service until it is told to end: `python -m localaws SERVICE`.

`serinus up` starts it. Its state and what it says lie in `.serinus`; deployments come through `localaws.control`.
"""

import argparse
import logging
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from localaws.assets import NotBuilt
from localaws.cloud import Cloud, Deployed, DeployFailed
from localaws.control import Address, Declined, listening
from localaws.runtime import Invocation
from localaws.state import StateFile

SWITCH_S = 0.0005  # a request passes through three threads: none of them is to wait 5 ms for one that counts and logs
log = logging.getLogger("localaws")


@dataclass(frozen=True)
class Host:
    """Deploys into `cloud` and says in `state` what runs."""

    cloud: Cloud
    state: StateFile

    def deploy(self, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        log.info("deploying %s from %s", wanted["stack"], wanted["assembly"])
        try:
            deployed = self.cloud.deploy(Path(wanted["assembly"]), wanted["stack"])
        except (DeployFailed, NotBuilt, ClientError, FileNotFoundError) as failure:
            log.error("%s", failure)
            raise Declined(str(failure)) from failure
        log.info("%s serves at %s, version %s published", deployed.stack, deployed.url, deployed.version)
        return self._told(deployed)

    def _told(self, deployed: Deployed) -> Mapping[str, Any]:
        told = {**asdict(deployed), "version": deployed.version, "function": deployed.function}
        about = self.state.running() or {}
        self.state.write({**about, **told})
        return told

    def hear(self, function: str, version: str, said: str, invocation: Invocation) -> None:
        """A worker's start and its errors are worth a look; every other line is in CloudWatch Logs."""
        if invocation.function_error or invocation.cold:
            level = logging.ERROR if invocation.function_error else logging.INFO
            log.log(level, "%s version %s:\n%s", function, version, said.rstrip())


def main() -> int:
    given = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(SWITCH_S)
    state = StateFile(given.folder, given.service)
    ended = _ended(until_eof=given.until_eof)
    if not state.claim({"service": given.service}):
        log.error("another process hosts %s already", given.service)
        return 1
    try:
        with Cloud(state.shelf, region=given.region, port=given.port, containers=given.containers) as cloud:
            host = Host(cloud, state)
            cloud.dispatcher.listen(host.hear)
            with listening(host.deploy) as control:
                state.write(_about(given.service, cloud, control))
                ended.wait()
                log.info("ending %s", given.service)
    finally:
        state.remove()
        shutil.rmtree(state.shelf, ignore_errors=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localaws", description=__doc__)
    parser.add_argument("service")
    parser.add_argument("--folder", type=Path, default=Path(".serinus"))
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--containers", action="store_true")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")
    return parser.parse_args()


def _about(service: str, cloud: Cloud, control: Address) -> Mapping[str, Any]:
    return {"service": service, "aws_endpoint_url": cloud.endpoint_url, "control": asdict(control)}


def _ended(*, until_eof: bool) -> threading.Event:
    """Set by a signal, or when whoever started this process is gone."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if until_eof:
        threading.Thread(target=_until_eof, args=[ended], name="standard input", daemon=True).start()
    return ended


def _until_eof(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
