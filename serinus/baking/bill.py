"""The bill of materials of an image, in CycloneDX 1.6: its packages and its models, each with its digests."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from serinus.baking.locked import Pin
from serinus.bundle import MODEL, Bundle

OWN = "serinus:digest"  # of a bundle: what SHA256SUMS hashes to


def bill(image: str, pins: Sequence[Pin], bundles: Mapping[str, Bundle]) -> str:
    """The same image has the same bill: its time is that of the newest model, its number made of what is in it."""
    packages = {pin.name: _package(pin) for pin in pins}
    models = [_model(bundle) for bundle in bundles.values()]
    root = Component(name=image, type=ComponentType.CONTAINER, bom_ref=image)
    made = Bom(components=[*packages.values(), *models], metadata=_about(root, bundles.values()))
    for pin in pins:
        made.register_dependency(packages[pin.name], [packages[need] for need in pin.needs])
    made.register_dependency(root, [*packages.values(), *models])
    written = "".join(f"{pin.name} {pin.version} {pin.digests}" for pin in pins)
    made.serial_number = uuid5(NAMESPACE_URL, image + written + "".join(one.digest for one in bundles.values()))
    return JsonV1Dot6(made).output_as_string(indent=1) + "\n"


def _about(root: Component, bundles: Iterable[Bundle]) -> BomMetaData:
    newest: datetime = max(bundle.metadata.created_at for bundle in bundles)
    return BomMetaData(component=root, timestamp=newest)


def _package(pin: Pin) -> Component:
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{pin.name}=={pin.version}",
        purl=PackageURL("pypi", name=pin.name, version=pin.version),
        properties=[Property(name="serinus:wheel", value=digest) for digest in pin.digests],
    )


def _model(bundle: Bundle) -> Component:
    metadata = bundle.metadata
    return Component(
        name=metadata.model_name,
        version=metadata.version,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"model:{metadata.model_name}@{metadata.version}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=bundle.files[MODEL])],
        properties=[Property(name=OWN, value=bundle.digest)],
    )
