"""Whether bundles are what a service.toml says, and of one mind with each other."""

from collections.abc import Iterator, Mapping

from serinus.metadata import Metadata
from serinus.names import difference
from serinus.service import Service


def misfits(service: Service, bundles: Mapping[str, Metadata]) -> list[str]:
    """What is wrong with `bundles`, by the name the service calls them; nothing when they fit."""
    own = (misfit for name, metadata in bundles.items() for misfit in _own(service, name, metadata))
    return [*own, *_names(service, bundles)]


def _own(service: Service, name: str, metadata: Metadata) -> Iterator[str]:
    schema = metadata.output_schema
    expected = (service.input.features, service.service.task, set(service.service.labels))
    actual = (metadata.input_schema.features, schema.task, set(getattr(schema, "labels", ())))
    for what, want, got in zip(("features", "task", "labels"), expected, actual, strict=True):
        if want != got:
            yield f"service {service.name} expects {what} {want}, model {name} has {got}"
    if (metadata.model_name, metadata.version) != (name, service.models[name]):
        yield (
            f"service {service.name} names {name} {service.models[name]}, "
            f"the bundle in its place is {metadata.model_name} {metadata.version}"
        )


def _names(service: Service, bundles: Mapping[str, Metadata]) -> Iterator[str]:
    """A row is one list of numbers for all models: where its places have names, all must mean the same ones."""
    told = {f"model {name}": m.input_schema.names for name, m in bundles.items() if m.input_schema.named}
    if service.input.names:
        told = {f"service {service.name}": service.input.names} | told
    if not told:
        return
    (first, expected), *others = told.items()
    for source, names in others:
        if found := difference(expected, names):
            yield f"{first} and {source} disagree on the features: {found}"
