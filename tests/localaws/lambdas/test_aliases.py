"""Weighted aliases: https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html"""

from collections import Counter
from math import comb

import pytest
from botocore.exceptions import ClientError

from localaws import dispatch
from tests.localaws.lambdas.conftest import answer

INVOCATIONS = 1000


def band(share: float, n: int, *, confidence: float) -> tuple[int, int]:
    """The counts between which a binomial count lies with this probability."""
    chances = [comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    tail = (1 - confidence) / 2
    low = next(k for k in range(n) if sum(chances[: k + 1]) > tail)
    high = next(k for k in reversed(range(n)) if sum(chances[k:]) > tail)
    return low, high


@pytest.fixture
def weighted(aws, published):
    def make(weight: float) -> str:
        name = published()
        aws.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": weight}})
        return name

    return make


def test_a_tenth_of_a_thousand_invocations_goes_to_the_additional_version(weighted):
    name = weighted(0.1)
    invocations = [dispatch.invoke(name, "live", b"{}") for _ in range(INVOCATIONS)]
    assert all(invocation.payload["version"] == invocation.version for invocation in invocations)
    counted = Counter(invocation.version for invocation in invocations)
    low, high = band(0.1, INVOCATIONS, confidence=0.999)
    assert (low, high) == (70, 132)
    assert low <= counted["2"] <= high
    assert counted["1"] + counted["2"] == INVOCATIONS


@pytest.mark.parametrize(("weight", "versions"), [(0.0, {"1"}), (1.0, {"2"}), (0.5, {"1", "2"})])
def test_the_weight_goes_from_none_to_all(aws, weighted, weight, versions):
    name = weighted(weight)
    ran = {aws.invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] for _ in range(40)}
    assert ran == versions


def test_the_handler_sees_the_alias_it_was_called_by(aws, weighted):
    name = weighted(1.0)
    response = aws.invoke(FunctionName=f"{name}:live")
    assert (response["ExecutedVersion"], answer(response)["arn"].rpartition(":")[2]) == ("2", "live")


def test_an_update_keeps_what_it_does_not_name(aws, weighted):
    name = weighted(0.25)
    aws.update_alias(FunctionName=name, Name="live", Description="said")
    alias = aws.get_alias(FunctionName=name, Name="live")
    assert alias["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.25}}
    assert (alias["FunctionVersion"], alias["Description"]) == ("1", "said")


@pytest.mark.parametrize("empty", [{}, {"AdditionalVersionWeights": {}}])
def test_an_empty_routing_ends_the_weights(aws, weighted, empty):
    name = weighted(1.0)
    aws.update_alias(FunctionName=name, Name="live", RoutingConfig=empty)
    assert aws.invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] == "1"


def test_the_weights_of_a_promoted_version_can_be_dropped_in_one_update(aws, weighted):
    name = weighted(0.9)
    made = aws.update_alias(FunctionName=name, Name="live", FunctionVersion="2", RoutingConfig={})
    assert made["FunctionVersion"] == "2"
    assert aws.invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] == "2"


def test_the_revision_of_an_alias_lets_one_of_two_updates_through(aws, published):
    name = published()
    revision = aws.get_alias(FunctionName=name, Name="live")["RevisionId"]
    first = aws.update_alias(FunctionName=name, Name="live", FunctionVersion="2", RevisionId=revision)
    with pytest.raises(ClientError, match="PreconditionFailedException"):
        aws.update_alias(FunctionName=name, Name="live", FunctionVersion="1", RevisionId=revision)
    assert first["RevisionId"] != revision


def test_an_alias_may_point_to_latest(aws, function):
    name = function()
    aws.create_alias(FunctionName=name, Name="edge", FunctionVersion="$LATEST")
    assert aws.invoke(FunctionName=name, Qualifier="edge")["ExecutedVersion"] == "$LATEST"


def test_a_deleted_alias_is_gone_and_can_be_deleted_again(aws, published):
    name = published()
    for _ in range(2):
        aws.delete_alias(FunctionName=name, Name="live")
    assert aws.list_aliases(FunctionName=name)["Aliases"] == []


def test_provisioned_concurrency_is_kept_and_deleted(aws, published):
    name = published()
    said = {"FunctionName": name, "Qualifier": "live"}
    aws.put_provisioned_concurrency_config(**said, ProvisionedConcurrentExecutions=2)
    kept = aws.get_provisioned_concurrency_config(**said)
    assert (kept["Status"], kept["AllocatedProvisionedConcurrentExecutions"]) == ("READY", 2)
    listed = aws.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
    assert [config["FunctionArn"].rpartition(":")[2] for config in listed] == ["live"]
    aws.delete_provisioned_concurrency_config(**said)
    with pytest.raises(ClientError, match="ProvisionedConcurrencyConfigNotFoundException"):
        aws.get_provisioned_concurrency_config(**said)
    aws.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}})
