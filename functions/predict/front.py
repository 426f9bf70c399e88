"""What stands in front of the app under uvicorn, by service.toml and the environment. On Lambda API Gateway does."""

from collections.abc import Iterator
from functools import partial

from functions.predict import keys
from functions.predict.access import Access
from functions.predict.asgi import Front, bare
from functions.predict.cors import cors
from functions.predict.keys import Key, Keys
from functions.predict.rates import Rates
from serinus.errors import ServiceError
from serinus.sections import Gateway
from serinus.service import Service
from serinus.settings import AccessSettings

KEY, FILE = "SERINUS_API_KEY", "SERINUS_API_KEYS_FILE"


def front(service: Service, settings: AccessSettings) -> Front:
    gateway = service.gateway
    known = keys_of(service, settings)
    rates = Rates(gateway.rate_per_minute, gateway.burst) if gateway.rate_per_minute else None
    access = partial(Access, keys=known, rates=rates) if known or rates else bare
    return Front(cors(gateway.cors), access)


def keys_of(service: Service, settings: AccessSettings) -> Keys:
    """The keys that open this service, none of them when it is open; ServiceError when it should not be."""
    known = Keys.of(_given(settings))
    if known and settings.no_auth:
        raise ServiceError(f"--no-auth lets everybody in, and {KEY} or {FILE} names keys: expected one or the other")
    if service.gateway.auth == "api_key" and not known and not settings.no_auth:
        raise ServiceError(
            f'{service.name} says auth = "api_key" and there is no key: set {KEY} (keys of {keys.LEAST_LENGTH} '
            f"characters or more) or {FILE} (their hashes; serinus keys create NAME draws a key), or serve it to "
            "everybody with --no-auth"
        )
    return known


def _given(settings: AccessSettings) -> list[Key]:
    plain = [] if settings.api_key is None else keys.plain(settings.api_key, KEY)
    hashed = [] if settings.api_keys_file is None else keys.read(settings.api_keys_file)
    return plain + hashed


def notices(gateway: Gateway, known: Keys, workers: int) -> Iterator[str]:
    """What whoever starts the server should know of who may ask."""
    if known:
        yield f"callers need one of {len(known)} API keys, in X-API-Key"
    if gateway.auth == "jwt":
        yield 'auth = "jwt" is for a gateway in front to check: this server takes no token for proof'
    if gateway.auth != "none" and not known:
        yield f'WARNING: whoever reaches this server is answered, though service.toml says auth = "{gateway.auth}"'
    if gateway.rate_per_minute and workers > 1:
        yield f"rate_per_minute is counted by each of the {workers} workers: a client may get up to {workers} times it"
