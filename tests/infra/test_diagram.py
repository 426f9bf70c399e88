"""The picture in the documentation is the one of the template."""

import itertools
from pathlib import Path

import pytest

from infra.cdk.architecture import architecture
from infra.cdk.diagram import drawn
from tests.infra.conftest import Template

PICTURES = Path(__file__).parents[2] / "docs" / "images"
RENEW = ".venv/bin/python -m infra.cdk.diagram cdk.out/serinus-{}.template.json --out docs/images/{}"


@pytest.mark.parametrize(("service", "picture"), [("kepler", "architecture.svg"), ("iit", "architecture-rest.svg")])
def test_the_committed_picture_is_of_this_template(templates: dict[str, Template], service: str, picture: str) -> None:
    made = drawn(architecture(f"serinus-{service}", templates[service]))
    assert (PICTURES / picture).read_text() == made, RENEW.format(service, picture)


def test_a_request_goes_through_the_gateway_to_what_answers(templates: dict[str, Template]) -> None:
    arrows = architecture("any", templates["iit"]).arrows
    way = ["Firewall (WAF)", "API Gateway", "Alias live", "Version n, immutable", "Lambda function", "Feature table"]
    assert set(itertools.pairwise(way)) <= set(arrows)


def test_what_is_predicted_goes_from_the_log_to_the_bucket(templates: dict[str, Template]) -> None:
    arrows = architecture("any", templates["kepler"]).arrows
    way = ["Lambda function", "Function's log", "Prediction log", "Data bucket"]
    assert set(itertools.pairwise(way)) <= set(arrows)


def test_callers_are_drawn_with_what_lets_them_in(templates: dict[str, Template]) -> None:
    told = {service: architecture("any", template).callers for service, template in templates.items()}
    assert told == {"kepler": "with a token (JWT)", "nuru": "anybody", "iit": "with an API key"}
