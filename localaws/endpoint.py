"""moto's server in this process, patched: the endpoint of every AWS service but the gateways."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer

from localaws import patches


@contextmanager
def serving() -> Iterator[str]:
    """Its URL, on a free port of loopback; what it is asked is not logged."""
    patches.apply()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    before = os.environ.get("MOTO_PORT")
    try:
        host, port = server.get_host_and_port()
        os.environ["MOTO_PORT"] = str(port)  # moto's own state machines call AWS there, and so does CloudFormation
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        default_user_config["stepfunctions"]["execute_state_machine"] = False
        os.environ.pop("MOTO_PORT", None)
        if before is not None:
            os.environ["MOTO_PORT"] = before
