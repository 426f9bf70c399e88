"""AWS for tests in a process of its own: moto as localaws mends it, with real runtimes; `python -m tests.laptop`.

In its own, as the patches stay in a process, and it has one dispatcher.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from localaws.dispatch import Dispatcher, Limits
from localaws.endpoint import serving
from localaws.images import Images

ROOT = Path(__file__).parents[1]


@contextmanager
def laptop(images: Mapping[str, Path]) -> Iterator[str]:
    """The address of an AWS whose images of these tags are these folders."""
    told = json.dumps({tag: str(folder) for tag, folder in images.items()})
    command = [sys.executable, "-m", "tests.laptop", told]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()  # it ends with us, however we end


def main() -> None:
    images = Images()
    for tag, folder in json.loads(sys.argv[1]).items():
        images.register(tag, Path(folder))
    with serving() as url, Dispatcher(url, images, limits=Limits(concurrency=2), seed=7):
        sys.stdout.write(url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
