"""AWS::ApiGatewayV2::*: HTTP APIs."""

from collections.abc import Callable

from localaws.formation.resources import Kind, Made, Resource, Wanted

ID = {"Route": "RouteId", "Integration": "IntegrationId", "Authorizer": "AuthorizerId", "Deployment": "DeploymentId"}


def create_api(wanted: Wanted) -> Made:
    answer = wanted.call("apigatewayv2", "create_api", wanted.properties)
    return Made(answer["ApiId"], {"ApiId": answer["ApiId"], "ApiEndpoint": answer["ApiEndpoint"]})


def update_api(wanted: Wanted, before: Resource) -> Made:
    wanted.call("apigatewayv2", "update_api", wanted.but("ProtocolType", "Tags"), ApiId=before.made.ref)
    return before.made


def create_stage(wanted: Wanted) -> Made:
    wanted.call("apigatewayv2", "create_stage", wanted.properties)
    return Made(wanted["StageName"])


def update_stage(wanted: Wanted, before: Resource) -> Made:
    """moto has no update of a stage; made anew it is the same to its callers."""
    delete_stage(wanted, before.made)
    return create_stage(wanted)


def delete_stage(wanted: Wanted, made: Made) -> None:
    wanted.client("apigatewayv2").delete_stage(ApiId=wanted["ApiId"], StageName=made.ref)


def part(noun: str, *fixed: str) -> Kind:
    """A kind of which an API has many, each with an id."""
    identity, verb = ID[noun], noun.lower()

    def create(wanted: Wanted) -> Made:
        number = str(wanted.call("apigatewayv2", f"create_{verb}", wanted.properties)[identity])
        return Made(number, {identity: number})

    def update(wanted: Wanted, before: Resource) -> Made:
        wanted.call("apigatewayv2", f"update_{verb}", wanted.properties, **{identity: before.made.ref})
        return before.made

    def delete(wanted: Wanted, made: Made) -> None:
        operation: Callable[..., object] = getattr(wanted.client("apigatewayv2"), f"delete_{verb}")
        operation(ApiId=wanted["ApiId"], **{identity: made.ref})

    return Kind(f"AWS::ApiGatewayV2::{noun}", create, delete, update, frozenset({"ApiId", *fixed}))


KINDS = (
    Kind(
        "AWS::ApiGatewayV2::Api",
        create_api,
        lambda wanted, made: wanted.client("apigatewayv2").delete_api(ApiId=made.ref),
        update_api,
        frozenset({"ProtocolType"}),
    ),
    Kind(
        "AWS::ApiGatewayV2::Stage",
        create_stage,
        delete_stage,
        update_stage,
        frozenset({"ApiId", "StageName"}),
    ),
    part("Route"),
    part("Integration"),
    part("Authorizer"),
)
