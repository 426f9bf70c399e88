"""Close a dispatcher while two functions run for ever, and tell how that went: one answer, and the seconds it took."""

import json
import sys
import threading
import time

from moto.server import ThreadedMotoServer

from localaws import patches
from localaws.dispatch import Dispatcher, Limits
from tests.localaws.lambdas.conftest import Plain, archive

FOR_EVER = "import time\ndef handler(event, context): time.sleep(600)"


def main() -> None:
    patches.apply()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    plain = Plain("http://{}:{}".format(*server.get_host_and_port()))
    said = {"Runtime": "python3.13", "Handler": "tiny.handler", "Timeout": 900, "Role": plain.role("any")}
    plain.client("lambda").create_function(FunctionName="long", Code={"ZipFile": archive(FOR_EVER)}, **said)
    answers = []
    with Dispatcher(plain.url, limits=Limits(grace_s=0.2)) as dispatcher:
        dispatcher.submit("long", None, b"{}")
        waiting = threading.Thread(target=lambda: answers.append(dispatcher.invoke("long", None, b"{}").payload))
        waiting.start()
        time.sleep(2)
        closing = time.monotonic()
    waiting.join()
    server.stop()
    sys.stdout.write("\n" + json.dumps({"answers": answers, "closing_s": time.monotonic() - closing}))


if __name__ == "__main__":
    main()
