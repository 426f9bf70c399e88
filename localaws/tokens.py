"""The stand-in for every issuer of JSON Web Tokens: signs as any of them, and verifies as API Gateway does."""

import json
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

ALGORITHM = "RS256"
RSA_ONLY = ["RS256", "RS384", "RS512"]
DAY_S = 86_400.0

Claims = Mapping[str, Any]


class BadToken(ValueError):
    """The token is none that this API takes; the text goes to the client."""


def bearer(issuer: str, audience: str, *, subject: str = "local", lifetime_s: float = DAY_S, scope: str = "") -> str:
    """A token as `issuer` would give it; a lifetime below zero makes one that has expired."""
    now = int(time.time())
    claims = {"iss": issuer, "aud": audience, "sub": subject, "iat": now, "nbf": now, "exp": now + int(lifetime_s)}
    return sign(claims | ({"scope": scope} if scope else {}))


def sign(claims: Claims) -> str:
    return str(jwt.encode({"alg": ALGORITHM, "kid": _key().kid}, dict(claims), _key()))


def jwks() -> Mapping[str, object]:
    """The public half of the key, in the form an issuer publishes."""
    return {"keys": [{**_key().as_dict(private=False), "alg": ALGORITHM, "use": "sig"}]}


def verified(token: str, issuer: str, audiences: Sequence[str], now_s: float) -> Claims:
    """The claims of a token that API Gateway would let in, or BadToken."""
    claims = _signed(token)
    if claims.get("iss") != issuer:
        raise BadToken("the token does not have a valid issuer")
    _check_audience(claims, audiences)
    _check_times(claims, now_s)
    return claims


def scopes(claims: Claims) -> set[str]:
    """A token says them in `scope` or `scp`, as words or as a list."""
    said = claims.get("scope", claims.get("scp", ()))
    return set(said.split() if isinstance(said, str) else said)


@cache
def _key() -> RSAKey:
    """One for the life of the process: whoever verifies a token is the process that signed it."""
    return RSAKey.generate_key(2048, auto_kid=True)


def _signed(token: str) -> Claims:
    try:
        decoded = jwt.decode(token, _key(), algorithms=RSA_ONLY)
    except (JoseError, ValueError, json.JSONDecodeError) as error:
        raise BadToken("the token is not signed by the issuer") from error
    if decoded.header.get("kid") != _key().kid:
        raise BadToken("the token names a key that its issuer does not have")
    return decoded.claims


def _check_audience(claims: Claims, audiences: Sequence[str]) -> None:
    """`client_id` counts only where there is no `aud`."""
    said = claims.get("aud", claims.get("client_id"))
    if not set([said] if isinstance(said, str) else said or []) & set(audiences):
        raise BadToken("the token does not have a valid audience")


def _check_times(claims: Claims, now_s: float) -> None:
    if not now_s < _moment(claims, "exp", missing=0.0):
        raise BadToken("the token has expired")
    for name in ("nbf", "iat"):
        if _moment(claims, name, missing=now_s) > now_s:
            raise BadToken(f"the token has {name} in the future")


def _moment(claims: Claims, name: str, missing: float) -> float:
    value = claims.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"the token has no number in {name}")
    return value
