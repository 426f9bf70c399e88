"""What a template deploys, as boxes in groups and arrows between them: by the constructs its resources came from.

An arrow is a reference: who names another resource uses it. Rights, which name nearly everything, are left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Template = Mapping[str, Any]
FRONT, ANSWERS, KEEPS, WATCHES = "In front", "Answers", "Keeps", "Watches"
GROUPS = (FRONT, ANSWERS, KEEPS, WATCHES)
BOXES = {  # by the path of a construct, the longest that fits: which group it is in, and what it is called
    "Gateway/Firewall": (FRONT, "Firewall (WAF)"),
    "Gateway": (FRONT, "API Gateway"),
    "Gateway/Api/Plan": (FRONT, "Keys and usage plan"),
    "Gateway/Api/Key": (FRONT, "Keys and usage plan"),
    "Predict/Alias": (ANSWERS, "Alias live"),
    "Predict/Function/CurrentVersion": (ANSWERS, "Version n, immutable"),
    "Predict/Function": (ANSWERS, "Lambda function"),
    "Predict/DeadLetters": (ANSWERS, "Dead letters (SQS)"),
    "Tables/Features": (KEEPS, "Feature table"),
    "Tables/Registry": (KEEPS, "Registry table"),
    "Tables/History": (KEEPS, "History table"),
    "Buckets/Data": (KEEPS, "Data bucket"),
    "Buckets/AccessLogs": (KEEPS, "Bucket of access logs"),
    "Pseudonyms": (KEEPS, "Pseudonym secret"),
    "AccessLogs": (WATCHES, "Access log"),
    "Predict/Logs": (WATCHES, "Function's log"),
    "PredictionLog": (WATCHES, "Prediction log"),
    "Alarms": (WATCHES, "Alarms"),
    "Notices": (WATCHES, "Topic (SNS)"),
    "Dashboard": (WATCHES, "Dashboard"),
}
RIGHTS = (
    "AWS::IAM::",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
)
TURNED = ("AWS::Logs::SubscriptionFilter",)  # what it takes from comes before it
EVERYWHERE = {"Alarms": ("Topic (SNS)",), "Dashboard": ()}  # they look at all the others: only what they tell is drawn


@dataclass(frozen=True)
class Box:
    group: str
    title: str
    about: tuple[str, ...]


@dataclass(frozen=True)
class Architecture:
    """callers: how they are let in."""

    name: str
    callers: str
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]


def architecture(name: str, template: Template) -> Architecture:
    held: dict[str, list[str]] = {}
    for resource, said in template["Resources"].items():
        if title := _title(said):
            held.setdefault(title, []).append(resource)
    groups = {title: group for group, title in BOXES.values()}
    boxes = [Box(groups[title], title, _about(template, held[title])) for title in groups if title in held]
    arrows = sorted({*_arrows(template, {one: title for title, those in held.items() for one in those})})
    return Architecture(name, _callers(template), tuple(boxes), tuple(arrows))


def _title(said: Template) -> str | None:
    path = said.get("Metadata", {}).get("aws:cdk:path", "").partition("/")[2]
    fits = [known for known in BOXES if path == known or path.startswith(f"{known}/")]
    if not fits or said["Type"].startswith(RIGHTS):
        return None
    return BOXES[max(fits, key=len)][1]


def _about(template: Template, resources: list[str]) -> tuple[str, ...]:
    """How many of which type, shortest first; a function with what it is given."""
    kinds = [template["Resources"][one]["Type"].removeprefix("AWS::").replace("::", " ") for one in resources]
    counted = sorted({(kinds.count(kind), kind) for kind in kinds})
    told = [kind if count == 1 else f"{count} x {kind}" for count, kind in counted]
    for one in resources:
        told += _sizes(template["Resources"][one])
    return tuple(told)


def _sizes(said: Template) -> Iterator[str]:
    if said["Type"] == "AWS::Lambda::Function":
        has = said["Properties"]
        yield f"{has['MemorySize']} MB, {has['Timeout']} s, {has['Architectures'][0]}"
        if "SnapStart" in has:
            yield "SnapStart"


def _arrows(template: Template, title_of: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, title in title_of.items():
        said = template["Resources"][name]
        for other in {title_of[named] for named in _named(said) if named in title_of} - {title}:
            if other in EVERYWHERE.get(title, (other,)):
                yield (other, title) if said["Type"] in TURNED else (title, other)


def _named(said: Template) -> Iterator[str]:
    """The resources that one names in its properties; an alias names its version only by waiting for it."""
    if said["Type"] == "AWS::Lambda::Alias":
        yield from said.get("DependsOn", [])
    yield from _references(said.get("Properties", {}))


def _references(value: Any) -> Iterator[str]:
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case dict():
            for part in value.values():
                yield from _references(part)
        case list():
            for part in value:
                yield from _references(part)


def _callers(template: Template) -> str:
    kinds = {said["Type"] for said in template["Resources"].values()}
    if "AWS::ApiGatewayV2::Authorizer" in kinds:
        return "with a token (JWT)"
    return "with an API key" if "AWS::ApiGateway::ApiKey" in kinds else "anybody"
