"""What the feature store of a service may hold of an entity: the fields whose source is the store, checked."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from serinus.category import REFUSED
from serinus.errors import InputError, Problem, ServiceError
from serinus.features.address import is_in_aws_reach, kind_at
from serinus.features.store import Value
from serinus.fields import GivenField
from serinus.sections import FeaturesSection
from serinus.service import Service


@dataclass(frozen=True)
class StoredForm:
    """missing: texts that mean that there is no value."""

    entity: GivenField
    fields: tuple[GivenField, ...]
    missing: frozenset[str]

    @classmethod
    def of(cls, service: Service) -> Self:
        name = features_of(service).entity
        [entity] = (field for field in service.input.given if field.name == name)
        fields = tuple(field for field in service.input.given if field.source != "request")
        return cls(entity, fields, service.input.missing)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def entity_in(self, row: Mapping[str, object], *, as_text: bool) -> str:
        """As requests are looked up: plot 1 is "1", however a file writes that number."""
        value = self._value(self.entity, row, as_text=as_text)
        if value is None or self.entity.number_of(value) == REFUSED:
            raise InputError([self.entity.problem(value, self.entity.name)])
        return str(int(value)) if isinstance(value, float) else str(value)

    def values_in(self, row: Mapping[str, object], *, as_text: bool) -> dict[str, Value]:
        """The values to store, without the missing ones; InputError names those that no request could use."""
        values = {field.name: self._value(field, row, as_text=as_text) for field in self.fields}
        if problems := list(self.problems(values)):
            raise InputError(problems)
        return {field.name: _kept(field, value) for field in self.fields if (value := values[field.name]) is not None}

    def problems(self, values: Mapping[str, object]) -> Iterator[Problem]:
        for field in self.fields:
            value = values.get(field.name)
            if is_wrong(field, value) or (value is None and is_required(field)):
                yield field.problem(value, field.name)

    def lacking(self, names: Sequence[str]) -> list[GivenField]:
        """The fields a file with columns of these `names` has no column for."""
        return [field for field in (self.entity, *self.fields) if field.name not in names]

    def _value(self, field: GivenField, row: Mapping[str, object], *, as_text: bool) -> object:
        value = row.get(field.name)
        if isinstance(value, float) and math.isnan(value):
            return None
        if isinstance(value, str):
            if value in self.missing or (as_text and not value):
                return None
            return field.parsed(value) if as_text else value
        return value


def is_wrong(field: GivenField, value: object) -> bool:
    """Whether a value that is there is none the field can have."""
    return value is not None and field.number_of(value) == REFUSED


def is_required(field: GivenField) -> bool:
    """Whether nothing but the store can say it: without it there is no prediction."""
    return field.source == "store" and field.missing == REFUSED


def features_of(service: Service) -> FeaturesSection:
    if service.features is None:
        raise ServiceError(f"service {service.name} has no [features]: its requests carry everything")
    return service.features


def elsewhere(section: FeaturesSection, address: str) -> FeaturesSection:
    """The same features at another `address`, which also tells the kind of store; where `section` says if it is empty.
    ServiceError when it is no address."""
    if not address:
        return section
    return section.model_copy(update={"address": address, "store": kind_at(address, section.store)})


def is_reachable_from_aws(section: FeaturesSection) -> bool:
    """Whether what service.toml says is where a function on AWS could ask: not on a laptop, nor left open."""
    return is_in_aws_reach(section.address, section.store)


def _kept(field: GivenField, value: object) -> Value:
    """A good value as a store keeps it."""
    if field.type == "integer" and isinstance(value, float):
        return int(value)
    return value if isinstance(value, float | int | bool | str) else str(value)
