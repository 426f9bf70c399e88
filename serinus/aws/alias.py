"""An alias of a Lambda function: which versions answer, and in which shares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from serinus.aws.failures import code_of, told
from serinus.errors import ReleaseError
from serinus.release.routing import Pointed, Routing
from serinus.release.shifting import NotMade

OVERTAKEN = "PreconditionFailedException"
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})  # repeated, a shift that was made looks refused


@dataclass(frozen=True)
class LambdaAlias:
    """client: boto3's of Lambda, which has no types, and tries once."""

    client: Any
    function: str
    name: str

    def get(self) -> Pointed:
        with told(f"read alias {self.name} of {self.function}", ReleaseError):
            answer = self.client.get_alias(FunctionName=self.function, Name=self.name)
        return Pointed(_routing(answer), answer["RevisionId"])

    def shift(self, routing: Routing, seen: str) -> None:
        weights = {} if routing.candidate is None else {routing.candidate: routing.weight}
        with told(f"move alias {self.name} of {self.function}", ReleaseError):
            try:
                self.client.update_alias(
                    FunctionName=self.function,
                    Name=self.name,
                    FunctionVersion=routing.version,
                    RoutingConfig={"AdditionalVersionWeights": weights},
                    RevisionId=seen,
                )
            except ClientError as error:
                if code_of(error) == OVERTAKEN:
                    raise NotMade(f"nothing was changed: somebody else moved alias {self.name} meanwhile") from error
                raise


def lambda_alias(function: str, name: str) -> LambdaAlias:
    with told("reach lambda", ReleaseError):
        return LambdaAlias(boto3.client("lambda", config=ONCE), function, name)


def _routing(answer: Mapping[str, Any]) -> Routing:
    weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        raise ReleaseError(
            f"alias {answer['Name']} gives traffic to {len(weights)} other versions, expected at most one"
        )
    for candidate, weight in weights.items():
        return Routing(answer["FunctionVersion"], candidate, float(weight))
    return Routing(answer["FunctionVersion"])
