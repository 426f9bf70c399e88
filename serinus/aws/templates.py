"""Templates of stacks that are deployed, as CloudFormation keeps them."""

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from serinus.aws.failures import code_of
from serinus.errors import ServiceError

CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 3})


class NoAccount(ServiceError):
    """Nothing here says which account of AWS is meant."""


def deployed_template(stack: str, *, region: str) -> dict[str, Any] | None:
    """The template of `stack`; None where there is no such stack, NoAccount where nobody can be asked."""
    try:
        client = boto3.client("cloudformation", region_name=region, config=CONFIG)
        body = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    except (NoCredentialsError, NoRegionError) as error:
        raise NoAccount(f"no account: {error}") from None
    except ClientError as error:
        if code_of(error) == "ValidationError":  # what CloudFormation calls a stack that it does not know
            return None
        raise ServiceError(f"cannot read stack {stack}: {error}") from None
    except BotoCoreError as error:
        raise ServiceError(f"cannot read stack {stack}: {error}") from None
    template: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
    return template
