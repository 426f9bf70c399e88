"""Settings of entry points, from and to their environment."""

from pathlib import Path

import pytest

from serinus.errors import ServiceError
from serinus.settings import PredictSettings


def test_settings_come_from_the_environment():
    settings = PredictSettings.from_env({"SERINUS_SERVICE": "a.toml", "SERINUS_RELEASE": "7", "HOME": "/root"})
    assert settings == PredictSettings(service=Path("a.toml"), models=Path("models"), release="7")


def test_a_missing_setting_is_named_as_the_environment_names_it():
    with pytest.raises(ServiceError, match=r"^SERINUS_SERVICE: Field required$"):
        PredictSettings.from_env({})


def test_settings_survive_the_environment():
    settings = PredictSettings(service=Path("a.toml"), models=Path("m"), release="7")
    assert PredictSettings.from_env(settings.as_env()) == settings
