"""What moto lacks of API Gateway: each patch, and a test that fails when upstream no longer needs it."""

import json

import boto3
import pytest
from moto import mock_aws
from moto.apigateway.models import Deployment, UsagePlan
from moto.apigateway.responses import APIGatewayResponse

from localaws.rest_api import binary_types, patches, plan_rates

CHANGE = [{"op": "replace", "path": "/throttle/rateLimit", "value": "1.5"}]


@pytest.fixture
def call():
    patches.apply()
    patches.apply()  # once more changes nothing
    with mock_aws():
        yield boto3.client("apigateway", region_name="us-east-1")


def test_binary_media_types_are_kept(call):
    made = call.create_rest_api(name="tiny", binaryMediaTypes=["image/png", "*/*"])
    assert made["binaryMediaTypes"] == ["image/png", "*/*"]
    assert call.get_rest_api(restApiId=made["id"])["binaryMediaTypes"] == ["image/png", "*/*"]
    assert not call.create_rest_api(name="other").get("binaryMediaTypes")


def test_moto_still_forgets_binary_media_types(call, monkeypatch):
    """Upstream's own code, put back for this test."""
    monkeypatch.setattr(APIGatewayResponse, "create_rest_api", binary_types._create_rest_api)
    assert not call.create_rest_api(name="tiny", binaryMediaTypes=["image/png"]).get("binaryMediaTypes")


def test_a_usage_plan_may_change_to_a_fraction_of_a_request_a_second(call):
    plan = call.create_usage_plan(name="plan", throttle={"rateLimit": 2.0, "burstLimit": 3})["id"]
    throttle = call.update_usage_plan(usagePlanId=plan, patchOperations=CHANGE)["throttle"]
    assert throttle == {"rateLimit": 1.5, "burstLimit": 3}


def test_moto_still_reads_a_rate_as_a_whole_number():
    with pytest.raises(ValueError, match=r"invalid literal for int.* '1.5'"):
        plan_rates._apply_patch_operations(UsagePlan("plan"), json.loads(json.dumps(CHANGE)))


def test_moto_still_keeps_no_resources_with_a_deployment():
    """test_rest_api has the test of what a deployment serves."""
    assert set(vars(Deployment("id", "prod"))) == {"id", "stage_name", "description", "created_date"}
