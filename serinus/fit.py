"""Whether bundles are what a service.toml says, and of one mind with each other."""

from collections.abc import Iterator, Mapping, Sequence

from serinus.category import Category
from serinus.metadata import Metadata
from serinus.names import difference
from serinus.schema import InputSchema, RegressionSchema
from serinus.service import Service


def misfits(service: Service, bundles: Mapping[str, Metadata]) -> list[str]:
    """What is wrong with `bundles`, by the name the service calls them; nothing when they fit."""
    own = (misfit for name, metadata in bundles.items() for misfit in _own(service, name, metadata))
    schemas = {name: metadata.input_schema for name, metadata in bundles.items()}
    fields = (misfit for name, metadata in bundles.items() for misfit in _fields(service, name, metadata))
    return [*own, *_names(service, bundles), *_words(schemas), *(fields if service.input.fields else ())]


def agreed(service: Service, schemas: Sequence[InputSchema]) -> InputSchema:
    """What a row is to all models that fit `service` and each other; an unknown word is fine where all take one."""
    named = [schema.names for schema in schemas if schema.named]
    known = [schema.categories_by_place for schema in schemas]
    strict = {place for words in known for place, category in words.items() if category.others == "reject"}
    categories = {
        place: Category(words=category.words, others="reject" if place in strict else "unknown")
        for place, category in known[0].items()
    }
    return InputSchema.of(service.input.features, service.input.names or next(iter(named), None), categories)


def _own(service: Service, name: str, metadata: Metadata) -> Iterator[str]:
    schema = metadata.output_schema
    expected = (service.input.features, service.service.task, set(service.service.labels))
    actual = (metadata.input_schema.features, schema.task, set(getattr(schema, "labels", ())))
    for what, want, got in zip(("features", "task", "labels"), expected, actual, strict=True):
        if want != got:
            yield f"service {service.name} expects {what} {want}, model {name} has {got}"
    if isinstance(schema, RegressionSchema) and schema != RegressionSchema():
        expected_value, actual_value = (f"{what.target} in {what.unit}" for what in (service.service, schema))
        if expected_value != actual_value:
            yield f"service {service.name} predicts {expected_value}, model {name} predicts {actual_value}"
    if (metadata.model_name, metadata.version) != (name, service.models[name]):
        yield (
            f"service {service.name} names {name} {service.models[name]}, "
            f"the bundle in its place is {metadata.model_name} {metadata.version}"
        )


def _fields(service: Service, name: str, metadata: Metadata) -> Iterator[str]:
    """The service's fields must make the rows that the model was proven on."""
    schema = metadata.input_schema
    if not schema.named:
        yield f"service {service.name} has fields, model {name} has features without names"
    for field in service.input.given:
        words, known = field.values if field.is_feature else (), _of(schema.categories.get(field.name))
        if found := difference(words, known):
            yield f"service {service.name} and model {name} disagree on the words of {field.name}: {found}"
        if field.optional and field.is_feature and metadata.nan_policy == "reject":
            yield f"field {field.name} of service {service.name} is optional, model {name} takes no missing values"
    if schema.named and not schema.fields:
        yield f"model {name} does not say what its features are made of: export it with --service {service.name}"
    meanings = {field.name: field.meaning for field in schema.fields}
    for told in service.input.fields:
        if told.name in meanings and meanings[told.name] != told.meaning:
            yield f"{told.name} is {told.meaning} to service {service.name}, {meanings[told.name]} to model {name}"


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


def _words(schemas: Mapping[str, InputSchema]) -> Iterator[str]:
    """A word is one number in a row for all models."""
    lead = next(iter(schemas), "")
    for name, schema in schemas.items():
        ours, theirs = schemas[lead].categories_by_place, schema.categories_by_place
        for place in sorted(set(ours) | set(theirs)):
            found = difference(_of(ours.get(place)), _of(theirs.get(place)))
            if found:
                feature = (schema if place in theirs else schemas[lead]).names[place]
                yield f"model {lead} and model {name} disagree on the words of {feature}: {found}"


def _of(category: Category | None) -> tuple[str, ...]:
    return category.words if category else ()
