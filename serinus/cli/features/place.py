"""The service and the store that the commands are about."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from serinus.features.store import FeatureStore
    from serinus.sections import FeaturesSection
    from serinus.service import Service
    from serinus.stored import StoredForm

PATIENCE_MS = 10_000  # nobody waits for an answer within a request here

AddressOption = Annotated[
    str, typer.Option("--address", help="The store, instead of [features] address and SERINUS_FEATURES_ADDRESS.")
]


@dataclass(frozen=True)
class Place:
    """form: what the store may hold; section: which store, and where it is, which may hold a password."""

    service: "Service"
    section: "FeaturesSection"
    form: "StoredForm"

    @property
    def shown(self) -> str:
        """The address without what may be secret."""
        url = urlsplit(self.section.address)
        return url._replace(netloc=url.netloc.rpartition("@")[2], query="").geturl()

    def store(self) -> "FeatureStore":
        from serinus.stores import open_store

        return open_store(self.service, self.section.address, timeout_ms=PATIENCE_MS)


def place(name: str, address: str) -> Place:
    from serinus import service as services
    from serinus.settings import FeatureSettings
    from serinus.stored import StoredForm, elsewhere, features_of

    service = services.load(services.find(name))
    section = elsewhere(features_of(service), address or FeatureSettings.from_env(os.environ).features_address)
    return Place(service, section, StoredForm.of(service))
