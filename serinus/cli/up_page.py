"""What `serinus up` prints: where a service answers, and how to ask it."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serinus.cli.laptop import STATE

if TYPE_CHECKING:
    from rich.console import Group

    from serinus.service import Service

ANSWER_S = 150
LONGEST_SHOWN = 300
PREDICT, HEALTH = "/api/v1/predict", "/api/v1/health?deep=1"


def example(service: "Service", models: Path) -> Mapping[str, Any]:
    """A request that this service answers, made of its best model's golden rows."""
    from functions.predict.examples import examples
    from serinus.ensemble import Ensemble

    return examples(Ensemble.load(service, models)).request


def asked(answer: Mapping[str, Any], path: str, body: Mapping[str, Any] | None = None) -> tuple[int, str]:
    """The status of the answer, and what it says; a function that is cold may take its time."""
    headers = {"content-type": "application/json", **answer["headers"]}
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(answer["url"] + path, data=sent, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def page(answer: Mapping[str, Any], service: "Service", models: Path) -> "Group":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{answer['service']} on this machine", show_header=False)
    for name, value in _rows(answer).items():
        table.add_row(name, Text(value, overflow="fold"))
    lines = [*_notices(answer), "", "Ask it:", "", _curl(answer, example(service, models)), ""]
    lines += ["Let other programs find this AWS:", "", *_exports(answer), ""]
    return Group(table, Text("\n".join(lines)))


def _rows(answer: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        "API": answer["url"],
        **({} if answer["headers"] else {"documentation": f"{answer['url']}/docs"}),  # a browser brings no token or key
        "AWS endpoint": answer["aws_endpoint_url"],
        "stack": answer["stack"],
        "function": answer["function"],
        "live": f"version {answer['live']}",
        "log": str(STATE / f"{answer['service']}.log"),
        "ends with": f"Ctrl-C or serinus down {answer['service']}",
    }


def _notices(answer: Mapping[str, Any]) -> list[str]:
    if not answer["changed"]:
        return ["", "nothing changed"]
    if not answer.get("predicted", True):
        table = answer["outputs"]["FeatureTable"]
        push = f"serinus features push FILE --service {answer['service']} --address dynamodb://{table}"
        return ["", f"nothing is stored yet that the example could look up; with the exports below: {push}"]
    if answer["version"] == answer["live"]:
        return []
    moved = f"serinus release promote {answer['service']} {answer['version']}"
    return [
        "",
        f"version {answer['version']} is published; the alias live stays at version {answer['live']}: {moved} moves it",
    ]


def _curl(answer: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """What is long goes to files: a token has hundreds of characters, a body may have hundreds of numbers."""
    headers = {"content-type": "application/json", **answer["headers"]}
    said = "\n".join(f"{name}: {value}" for name, value in headers.items())
    options = f"-H @{_kept(answer, 'headers', said)}"
    text = json.dumps(body)
    if len(text) > LONGEST_SHOWN or "'" in text:
        text = f"@{_kept(answer, 'example.json', text)}"
    return f"curl {answer['url']}{PREDICT} {options} -d '{text}'"


def _kept(answer: Mapping[str, Any], name: str, text: str) -> Path:
    """Only the owner may read it; goes with the stack."""
    file = STATE / f"{answer['service']}.{name}"
    file.touch(mode=0o600)
    file.write_text(text + "\n")
    return file


def _exports(answer: Mapping[str, Any]) -> list[str]:
    return [
        f"export AWS_ENDPOINT_URL={answer['aws_endpoint_url']}",
        "export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1",
    ]
