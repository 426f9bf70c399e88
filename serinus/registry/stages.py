"""A version on its way: promoted, deprecated, archived. Each gives a decision for the shelf to settle or rehearse."""

from serinus.registry import rules
from serinus.registry.rules import Deploy, Signature
from serinus.registry.shelf import Decide, Shelf
from serinus.registry.validation import check_whole


def promotion(shelf: Shelf, name: str, deploy: Deploy, signature: Signature) -> Decide:
    """The version becomes what runs in the environment, if all of its files are what was registered."""
    record = shelf.ledger.model(name).record(deploy.version)
    check_whole(shelf.store, record)
    meant = Deploy(record.version, deploy.environment)
    return lambda model: rules.promoted(model, meant, signature)


def deprecation(shelf: Shelf, name: str, version: str, signature: Signature) -> Decide:
    meant = shelf.ledger.model(name).record(version).version
    return lambda model: rules.deprecated(model, meant, signature)


def archival(shelf: Shelf, name: str, version: str, signature: Signature) -> Decide:
    meant = shelf.ledger.model(name).record(version).version
    return lambda model: rules.archived(model, meant, signature)
