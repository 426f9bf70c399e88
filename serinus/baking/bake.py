"""Write the build contexts of a service's images: its bundles, the code, and what uv.lock pins, once all of it fits.

Dockerfile             with the labels of this service
requirements*.txt      one for each target, pinned, with digests
wheelhouse/            empty; wheels that lie there are used instead of an index
steps/                 what the build runs
sbom/                  the bill of materials of each target
app/                   /var/task of the image: service.toml, models/, serinus/, functions/
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serinus import service as services
from serinus.baking import context
from serinus.baking.bill import bill
from serinus.baking.extras import extras
from serinus.baking.images import IMAGES, STEPS, Image
from serinus.baking.locked import Lock, Pin, Platform, requirements
from serinus.baking.revision import revision
from serinus.bundle import FILES, REFERENCE, SUMS, Bundle
from serinus.ensemble import Ensemble
from serinus.errors import BundleError, ServiceError
from serinus.predictor import Predictor
from serinus.service import Service

LABELS = "# labels\n"
LOCK = "uv.lock"


@dataclass(frozen=True)
class Ingredients:
    """root: of the checkout; file: its service.toml."""

    root: Path
    file: Path
    service: Service
    bundles: Mapping[str, Bundle]


@dataclass(frozen=True)
class Baked:
    """A build context. digest: of every file in it."""

    image: str
    folder: Path
    digest: str
    revision: str


def bake(ingredients: Ingredients, out: Path) -> list[Baked]:
    """Write `out`/SERVICE/IMAGE for each image; the same ingredients give the same digests."""
    return [_written(ingredients, image, out / ingredients.service.name / image.name) for image in IMAGES]


def gather(root: Path, file: Path, models: Path) -> Ingredients:
    """What is to be baked; BundleError or ServiceError when it is not there, was altered, or does not fit together."""
    service = services.load(file)
    bundles = {name: _bundle(file, name, folder) for name, folder in service.bundles(models).items()}
    Ensemble.of(service, {name: Predictor(bundle) for name, bundle in bundles.items()})
    return Ingredients(root, file, service, bundles)


def _bundle(file: Path, name: str, folder: Path) -> Bundle:
    if not folder.is_dir():
        train = file.parent / "train.py"
        how = f"python -m services.{file.parent.name}.train" if train.is_file() else "serinus export"
        raise BundleError(f"no bundle of {name} in {folder}: make it with `{how}`, or say --models where it lies")
    return Bundle.load(folder)


def _written(ingredients: Ingredients, image: Image, folder: Path) -> Baked:
    files = dict(_files(ingredients, image))
    context.write(folder, files)
    return Baked(image.name, folder, context.digest(files), _revision(ingredients, image))


def _files(ingredients: Ingredients, image: Image) -> Iterator[tuple[str, bytes]]:
    service, bundles = ingredients.service, ingredients.bundles
    yield "Dockerfile", _dockerfile(ingredients, image).encode()
    for name, step in STEPS.items():
        yield f"steps/{name}", (ingredients.root / step).read_bytes()
    for target, (file, pins) in _pins(ingredients, image).items():
        yield file, requirements(pins).encode()
        yield f"sbom/{target}.cdx.json", bill(f"serinus-{service.name}-{target}", pins, bundles).encode()
    yield "app/service.toml", ingredients.file.read_bytes()
    for source in _sources(ingredients.root, image):
        yield f"app/{source.relative_to(ingredients.root).as_posix()}", source.read_bytes()
    for bundle in bundles.values():
        place = services.bundle_folder(Path("app/models"), bundle.metadata.model_name, bundle.metadata.version)
        for name in (*FILES, SUMS, *({REFERENCE} & set(bundle.files))):
            yield f"{place.as_posix()}/{name}", (bundle.folder / name).read_bytes()


def _pins(ingredients: Ingredients, image: Image) -> dict[str, tuple[str, Sequence[Pin]]]:
    """By target: the name of its requirements, and what they are."""
    service = ingredients.service
    try:
        parsed = tomllib.loads((ingredients.root / LOCK).read_text())
    except OSError as error:
        raise ServiceError(f"cannot read {error.filename}: bake works in a checkout of this project") from error
    lock = Lock(parsed["package"], Platform(service.function.architecture))
    more = extras(service)
    return {
        name: (target.requirements, lock.pins({*target.extras, *more}, without=target.without))
        for name, target in image.targets.items()
    }


def _dockerfile(ingredients: Ingredients, image: Image) -> str:
    source = (ingredients.root / image.dockerfile).read_text()
    if source.count(LABELS) != len(image.targets):
        raise ServiceError(
            f"{image.dockerfile}: expected a line {LABELS.strip()!r} in each of {', '.join(image.targets)}"
        )
    return source.replace(LABELS, "".join(f'LABEL {name}="{text}"\n' for name, text in _labels(ingredients, image)))


def _labels(ingredients: Ingredients, image: Image) -> Iterator[tuple[str, str]]:
    yield "org.opencontainers.image.title", f"serinus-{ingredients.service.name}-{image.name}"
    yield "org.opencontainers.image.revision", _revision(ingredients, image)
    yield "serinus.service", ingredients.service.name
    yield "serinus.sbom", "/var/task/sbom.cdx.json"
    for name, bundle in ingredients.bundles.items():
        yield f"serinus.bundle.{name}", f"{bundle.metadata.version} sha256:{bundle.digest}"


def _revision(ingredients: Ingredients, image: Image) -> str:
    root = ingredients.root
    own = [image.dockerfile, LOCK, *STEPS.values()]
    return revision(root, [ingredients.file, *(root / name for name in own), *_sources(root, image)])


def _sources(root: Path, image: Image) -> list[Path]:
    left_out = [root / part for part in image.left_out]
    found = (file for source in image.sources for file in _modules(root / source))
    return sorted(file for file in found if not any(file.is_relative_to(part) for part in left_out))


def _modules(source: Path) -> list[Path]:
    return [source] if source.is_file() else list(source.rglob("*.py"))
