"""The firewall of a REST API: bodies that are too large, clients that ask too often, and known attacks."""

from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.cdk.gateways import ALL_RATE
from serinus.sections import Gateway

WINDOW_S = 60
INSPECTED_KB = (16, 32, 48, 64)  # how much of a body can be looked at; more costs more
Statement = waf.CfnWebACL.StatementProperty


class Firewall(Construct):
    def __init__(self, scope: Construct, id: str, *, gateway: Gateway, stage_arn: str) -> None:
        super().__init__(scope, id)
        rules = [_rate(gateway), _known_bad_inputs()]
        if gateway.max_body_kb is not None:
            rules.append(_body_size(gateway.max_body_kb))
        self.acl = waf.CfnWebACL(
            self,
            "Acl",
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow=waf.CfnWebACL.AllowActionProperty()),
            visibility_config=_seen("firewall"),
            association_config=_inspected(gateway.max_body_kb),
            rules=rules,
        )
        waf.CfnWebACLAssociation(self, "Stage", resource_arn=stage_arn, web_acl_arn=self.acl.attr_arn)


def _rate(gateway: Gateway) -> waf.CfnWebACL.RuleProperty:
    """Of one address, twice what one client may: several clients can share it. It stops floods, keys do the rest."""
    one_client = gateway.rate_per_minute or ALL_RATE * 60
    limited = waf.CfnWebACL.RateBasedStatementProperty(
        limit=max(2 * one_client, 10), aggregate_key_type="IP", evaluation_window_sec=WINDOW_S
    )
    return _blocking("rate", 1, Statement(rate_based_statement=limited))


def _body_size(most_kb: int) -> waf.CfnWebACL.RuleProperty:
    body = waf.CfnWebACL.BodyProperty(oversize_handling="MATCH")
    size = waf.CfnWebACL.SizeConstraintStatementProperty(
        comparison_operator="GT",
        size=most_kb * 1024,
        field_to_match=waf.CfnWebACL.FieldToMatchProperty(body=body),
        text_transformations=[waf.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")],
    )
    return _blocking("body-size", 0, Statement(size_constraint_statement=size))


def _known_bad_inputs() -> waf.CfnWebACL.RuleProperty:
    group = waf.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS", name="AWSManagedRulesKnownBadInputsRuleSet"
    )
    return waf.CfnWebACL.RuleProperty(
        name="known-bad-inputs",
        priority=2,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=Statement(managed_rule_group_statement=group),
        visibility_config=_seen("known-bad-inputs"),
    )


def _blocking(name: str, priority: int, statement: waf.CfnWebACL.StatementProperty) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(block=waf.CfnWebACL.BlockActionProperty()),
        statement=statement,
        visibility_config=_seen(name),
    )


def _inspected(most_kb: int | None) -> waf.CfnWebACL.AssociationConfigProperty | None:
    """As much of a body as it takes to tell that it is too large; the least that can be said is the default."""
    if most_kb is None or most_kb < INSPECTED_KB[0]:
        return None
    enough = next(size for size in INSPECTED_KB if size >= most_kb)
    limit = waf.CfnWebACL.RequestBodyAssociatedResourceTypeConfigProperty(default_size_inspection_limit=f"KB_{enough}")
    return waf.CfnWebACL.AssociationConfigProperty(request_body={"API_GATEWAY": limit})


def _seen(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    """Counted, and never sampled: a sample keeps parts of a request."""
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
