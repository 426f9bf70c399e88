"""Dynamic references in a template: `{{resolve:ssm:name}}` and `{{resolve:secretsmanager:id:SecretString:key}}`."""

import json

from localaws.formation import calls
from localaws.formation.intrinsics import TemplateError


def dynamic_value(reference: str, region: str) -> str:
    service, _, rest = reference.partition(":")
    if service == "secretsmanager":
        return _secret(rest, region)
    if service in ("ssm", "ssm-secure"):
        answer = calls.client("ssm", region).get_parameter(Name=rest.split(":")[0], WithDecryption=True)
        value: str = answer["Parameter"]["Value"]
        return value
    raise TemplateError(f"Template error: unknown service of a dynamic reference: {service}")


def _secret(rest: str, region: str) -> str:
    """The id may be an ARN, which has six colons of its own."""
    parts = rest.split(":")
    length = 7 if parts[0] == "arn" else 1
    [secret, (_, key, *_version)] = ":".join(parts[:length]), [*parts[length:], "", ""][:3]
    text: str = calls.client("secretsmanager", region).get_secret_value(SecretId=secret)["SecretString"]
    return str(json.loads(text)[key]) if key else text
