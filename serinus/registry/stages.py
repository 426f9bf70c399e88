"""A version on its way: promoted, deprecated, archived."""

from serinus.registry import rules
from serinus.registry.rules import Deploy, Signature
from serinus.registry.shelf import Settled, Shelf
from serinus.registry.validation import check_whole


def promote(shelf: Shelf, name: str, deploy: Deploy, signature: Signature) -> Settled:
    """Make the version what runs in the environment, if all of its files are what was registered."""
    record = shelf.ledger.model(name).record(deploy.version)
    check_whole(shelf.store, record)
    meant = Deploy(record.version, deploy.environment)
    return shelf.settle(name, lambda model: rules.promoted(model, meant, signature))


def deprecate(shelf: Shelf, name: str, version: str, signature: Signature) -> Settled:
    meant = shelf.ledger.model(name).record(version).version
    return shelf.settle(name, lambda model: rules.deprecated(model, meant, signature))


def archive(shelf: Shelf, name: str, version: str, signature: Signature) -> Settled:
    meant = shelf.ledger.model(name).record(version).version
    return shelf.settle(name, lambda model: rules.archived(model, meant, signature))
