"""The two kinds of image, each with two targets: with Lambda's runtime client, and without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

OF_LAMBDA = ("awslambdaric", "mangum", "aws-lambda-powertools")  # what only a Lambda function imports
NOTHING: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """A stage of a Dockerfile. without: what this project asks for by name, and the target has no use for."""

    requirements: str
    extras: tuple[str, ...]
    without: tuple[str, ...] = NOTHING


@dataclass(frozen=True)
class Image:
    """sources: the folders of code that go into it; left_out: parts of them that do not."""

    name: str
    dockerfile: str
    targets: Mapping[str, Target]
    sources: tuple[str, ...]
    left_out: tuple[str, ...]


ONLINE = Image(
    name="online",
    dockerfile="functions/Dockerfile",
    targets=MappingProxyType(
        {
            "online": Target("requirements.txt", ("online",)),
            "server": Target("requirements-server.txt", ("serve",), OF_LAMBDA),
        }
    ),
    sources=("serinus", "functions/__init__.py", "functions/predict"),
    left_out=("serinus/cli", "serinus/baking", "serinus/bulk", "serinus/tables"),
)
WORKER = Image(
    name="worker",
    dockerfile="batch_jobs/Dockerfile",
    targets=MappingProxyType(
        {
            "worker": Target("requirements.txt", ("online", "bulk", "aws")),
            "batch": Target("requirements-batch.txt", ("online", "bulk", "aws"), OF_LAMBDA),
        }
    ),
    sources=("serinus", "functions", "batch_jobs"),
    left_out=("serinus/cli", "serinus/baking", "serinus/tables"),
)
IMAGES = (ONLINE, WORKER)
STEPS = {"install": "scripts/image/install", "prune": "scripts/image/prune"}
