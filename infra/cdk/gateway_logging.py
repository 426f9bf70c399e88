"""The right of REST APIs to write logs, which AWS gives the whole account in this region, not one API."""

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

ACTIONS = (
    *("CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams"),
    *("PutLogEvents", "GetLogEvents", "FilterLogEvents"),
)


class GatewayLogging(Construct):
    """It outlives the stack: other APIs of the account may write by it."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        groups = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:*"
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"))
        role.apply_removal_policy(RemovalPolicy.RETAIN)
        rights = iam.PolicyStatement(actions=[f"logs:{action}" for action in ACTIONS], resources=[groups])
        policy = iam.Policy(self, "Policy", roles=[role], statements=[rights])
        policy.apply_removal_policy(RemovalPolicy.RETAIN)
        self.account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        self.account.apply_removal_policy(RemovalPolicy.RETAIN)
        self.account.add_resource_dependency(policy.node.default_child)  # type: ignore[arg-type]  # a resource, as CDK types it
