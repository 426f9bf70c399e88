"""Rules of good practice, checked on the stack as it is synthesised; and why some of them are not followed."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks
from constructs import Construct

PACKS = (AwsSolutionsChecks, ServerlessChecks)


def add_packs(app: App) -> None:
    """From then on `app.synth()` fails where a rule is neither followed nor acknowledged."""
    Validations.of(app).add_plugins(*(pack(app) for pack in PACKS))


def acknowledge(construct: Construct, reasons: Mapping[str, str]) -> None:
    """reasons: for each finding, by its whole name: PACK::RULE, with what it is about in brackets where it says so."""
    for finding, reason in reasons.items():
        Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))
