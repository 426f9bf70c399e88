"""The service that the tests build images of: two small models of 784 features. `python -m tests.containers.contexts
FOLDER` bakes it, so that its wheels can be fetched."""

import sys
from pathlib import Path

from serinus.baking.bake import Baked, bake, gather
from tests.bundles import write_service

ROOT = Path(__file__).parents[2]
FEATURES = 784
NAME = "boxed"


def written(folder: Path) -> Path:
    """Its service.toml, with the bundles in ./models."""
    return write_service(folder / NAME, "linear", "bent", features=FEATURES)


def baked(file: Path, out: Path) -> dict[str, Baked]:
    ingredients = gather(ROOT, file, file.parent / "models")
    return {one.image: one for one in bake(ingredients, out)}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    baked(written(place / "source"), place / "contexts")
