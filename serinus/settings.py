"""Everything an entry point reads from its environment, and the stack writes into it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serinus.errors import ServiceError
from serinus.places import MODELS, SERVICE

PREFIX = "SERINUS_"


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        named = {name: env[PREFIX + name.upper()] for name in cls.model_fields if PREFIX + name.upper() in env}
        try:
            return cls.model_validate(named)
        except ValidationError as error:
            first = error.errors()[0]
            raise ServiceError(f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}") from error

    def as_env(self) -> dict[str, str]:
        return {PREFIX + name.upper(): str(value) for name, value in self if value is not None}


class PredictSettings(Settings):
    """service: its service.toml; models: the folder of its bundles; release: what answers call themselves.

    By default both lie where the process was started, as they do in an image."""

    service: Path = SERVICE
    models: Path = MODELS
    release: str = "local"


class AccessSettings(Settings):
    """Who may ask where no gateway decides it. api_key: keys as they are, with commas between; api_keys_file: names and
    hashes of keys; no_auth: everybody may, though service.toml asks for keys."""

    api_key: str | None = Field(default=None, repr=False)
    api_keys_file: Path | None = None
    no_auth: bool = False


class FeatureSettings(Settings):
    """features_address: of the feature store, instead of the one in service.toml; it may hold a password."""

    features_address: str = Field(default="", repr=False)


class AuditSettings(Settings):
    """For services about people. audit_key: makes pseudonyms of entities; audit_secret: the name or ARN of the secret
    of AWS Secrets Manager that it is read from where it is not said; audit_log: the file that gets the records, without
    one they go to standard output."""

    audit_key: str | None = Field(default=None, repr=False)
    audit_secret: str | None = Field(default=None, min_length=1)
    audit_log: Path | None = None
