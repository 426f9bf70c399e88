"""Types that do nothing on a laptop. They are taken as they are: what a template holds of them is not checked."""

from collections.abc import Mapping

from localaws.formation.resources import Kind, Made, Resource, Wanted

DOES_NOTHING: Mapping[str, str] = {
    "AWS::CDK::Metadata": "tells AWS which constructs a template was made with, and has no meaning in it",
    "AWS::WAFv2::WebACL": "the firewall is AWS's own: no request passes one here",
    "AWS::WAFv2::WebACLAssociation": "of a firewall",
    "AWS::WAFv2::LoggingConfiguration": "of a firewall",
    "AWS::ApplicationAutoScaling::ScalableTarget": "nothing scales here: sandboxes are started when they are needed",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "nothing scales here",
    "AWS::XRay::Group": "there are no traces here",
    "AWS::XRay::SamplingRule": "there are no traces here",
}


def _take(wanted: Wanted) -> Made:
    """Ref and the attributes that templates ask of these types."""
    name = wanted.name(64)
    arn = wanted.arn(wanted.stack, name)
    return Made(name, {"Arn": arn, "Id": name})


def _keep(_wanted: Wanted, before: Resource) -> Made:
    return before.made


def _forget(_wanted: Wanted, _made: Made) -> None:
    """There is nothing to forget."""


KINDS = tuple(Kind(type_, _take, _forget, _keep) for type_ in DOES_NOTHING)
