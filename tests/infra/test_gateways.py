"""What stands in front of the alias, by what service.toml says of it; and what it writes down of callers."""

import json
import re

import pytest

from serinus.deployable import REST_LIMIT_S
from tests.infra.conftest import SERVICES, Synth, Template, name_of, of_type, only

REST = '[gateway]\nkind = "rest"\n'
JWT = '[gateway]\nauth = "jwt"\nissuer = "https://auth.example.org"\naudience = ["tiny", "other"]\n'
PERSONAL = re.compile(
    r"\$context\.(identity|authorizer|path\b|domain|customDomain|accountId|apiKey|requestOverride|protocol)",
    re.IGNORECASE,
)


@pytest.mark.parametrize("service", SERVICES)
def test_requests_go_to_the_alias(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    alias = name_of(template, "AWS::Lambda::Alias")
    for permission in of_type(template, "AWS::Lambda::Permission").values():
        assert permission["FunctionName"] == {"Ref": alias}
    http = [one["IntegrationUri"] for one in of_type(template, "AWS::ApiGatewayV2::Integration").values()]
    rest = [one["Integration"]["Uri"] for one in of_type(template, "AWS::ApiGateway::Method").values()]
    assert http or rest
    assert all(alias in json.dumps(uri) for uri in (*http, *rest))


@pytest.mark.parametrize("service", SERVICES)
def test_access_logs_tell_nothing_of_who_asked(templates: dict[str, Template], service: str) -> None:
    template = templates[service]
    stages = {**of_type(template, "AWS::ApiGatewayV2::Stage"), **of_type(template, "AWS::ApiGateway::Stage")}
    (stage,) = stages.values()
    said = (stage.get("AccessLogSettings") or stage["AccessLogSetting"])["Format"]
    assert not PERSONAL.search(said)
    assert {"requestId", "status", "responseLatency", "errorType"} <= json.loads(said).keys()


def test_an_http_api_takes_the_tokens_of_the_issuer(synth: Synth) -> None:
    template = synth(JWT)
    authorizer = only(template, "AWS::ApiGatewayV2::Authorizer")
    assert authorizer["JwtConfiguration"] == {"Audience": ["tiny", "other"], "Issuer": "https://auth.example.org"}
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    route = only(template, "AWS::ApiGatewayV2::Route")
    assert (route["RouteKey"], route["AuthorizationType"]) == ("$default", "JWT")


def test_a_browser_may_ask_first_without_a_token(synth: Synth) -> None:
    template = synth(JWT + 'cors = ["https://app.example.org"]\n')
    routes = {
        one["RouteKey"]: one.get("AuthorizationType") for one in of_type(template, "AWS::ApiGatewayV2::Route").values()
    }
    assert routes == {"$default": "JWT", "OPTIONS /{proxy+}": "NONE"}
    assert only(template, "AWS::ApiGatewayV2::Api")["CorsConfiguration"]["AllowOrigins"] == ["https://app.example.org"]


def test_an_open_http_api_lets_everybody_in_so_often(synth: Synth) -> None:
    template = synth()
    assert only(template, "AWS::ApiGatewayV2::Route")["AuthorizationType"] == "NONE"
    settings = only(template, "AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (1000, 2000)


def test_a_rest_api_wants_a_key_of_everything_but_preflights(templates: dict[str, Template]) -> None:
    methods = of_type(templates["iit"], "AWS::ApiGateway::Method").values()
    wanted = {(one["HttpMethod"], one.get("ApiKeyRequired", False)) for one in methods}
    assert wanted == {("ANY", True), ("OPTIONS", False)}
    assert all(one["Integration"]["TimeoutInMillis"] == REST_LIMIT_S * 1000 for one in methods)


def test_a_rest_api_without_keys_has_no_plan(synth: Synth) -> None:
    template = synth(REST)
    assert not of_type(template, "AWS::ApiGateway::UsagePlan")
    assert "ApiKeyId" not in template["Outputs"]
    assert {one["HttpMethod"] for one in of_type(template, "AWS::ApiGateway::Method").values()} == {"ANY"}


def test_one_client_may_ask_as_often_as_service_toml_says(synth: Synth) -> None:
    template = synth(REST + 'auth = "api_key"\nrate_per_minute = 90\nburst = 7\n')
    plan = only(template, "AWS::ApiGateway::UsagePlan")
    assert plan["Throttle"] == {"BurstLimit": 7, "RateLimit": 1.5}
    assert plan["ApiStages"][0]["Stage"] == {"Ref": name_of(template, "AWS::ApiGateway::Stage")}


def test_all_clients_together_may_ask_as_often_as_one(templates: dict[str, Template]) -> None:
    (settings,) = only(templates["iit"], "AWS::ApiGateway::Stage")["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (2000, 4000)
    assert settings["DataTraceEnabled"] is False


@pytest.mark.parametrize(
    ("most_kb", "inspected"), [(8, None), (16, "KB_16"), (17, "KB_32"), (48, "KB_48"), (64, "KB_64")]
)
def test_the_firewall_stops_bodies_that_are_too_large(synth: Synth, most_kb: int, inspected: str | None) -> None:
    acl = only(synth(REST + f"max_body_kb = {most_kb}\n"), "AWS::WAFv2::WebACL")
    rules = {rule["Name"]: rule["Statement"] for rule in acl["Rules"]}
    size = rules["body-size"]["SizeConstraintStatement"]
    assert (size["ComparisonOperator"], size["Size"]) == ("GT", most_kb * 1024)
    assert size["FieldToMatch"] == {"Body": {"OversizeHandling": "MATCH"}}
    limit = {"RequestBody": {"API_GATEWAY": {"DefaultSizeInspectionLimit": inspected}}}
    assert acl.get("AssociationConfig") == (limit if inspected else None)


def test_the_firewall_stops_floods_and_known_attacks(templates: dict[str, Template]) -> None:
    acl = only(templates["iit"], "AWS::WAFv2::WebACL")
    rules = {rule["Name"]: rule["Statement"] for rule in acl["Rules"]}
    assert set(rules) == {"rate", "known-bad-inputs"}  # iit says nothing of sizes
    rate = rules["rate"]["RateBasedStatement"]
    assert (rate["Limit"], rate["EvaluationWindowSec"]) == (240_000, 60)  # twice one client's
    assert only(templates["iit"], "AWS::WAFv2::WebACLAssociation")["WebACLArn"]["Fn::GetAtt"][1] == "Arn"


def test_answers_in_gzip_reach_callers_of_a_rest_api(templates: dict[str, Template]) -> None:
    assert only(templates["iit"], "AWS::ApiGateway::RestApi")["BinaryMediaTypes"] == ["*/*"]


def test_a_rest_api_refuses_in_the_words_of_the_service(templates: dict[str, Template]) -> None:
    answers = {
        one["ResponseType"]: one for one in of_type(templates["iit"], "AWS::ApiGateway::GatewayResponse").values()
    }
    throttled = answers["THROTTLED"]
    problem = json.loads(throttled["ResponseTemplates"]["application/json"])
    assert (problem["status"], problem["title"], problem["errors"]) == (429, "Too Many Requests", [])
    assert throttled["StatusCode"] == "429"
    headers = {name.rpartition(".")[2]: value for name, value in throttled["ResponseParameters"].items()}
    assert headers["Retry-After"] == "'1'"
    assert headers["Access-Control-Allow-Origin"] == "'https://emr.example.org'"
