"""Settings of entry points, from and to their environment."""

from pathlib import Path

import pytest

from serinus.errors import ServiceError
from serinus.settings import AccessSettings, PredictSettings


def test_settings_come_from_the_environment():
    settings = PredictSettings.from_env({"SERINUS_SERVICE": "a.toml", "SERINUS_RELEASE": "7", "HOME": "/root"})
    assert settings == PredictSettings(service=Path("a.toml"), models=Path("models"), release="7")


def test_a_wrong_setting_is_named_as_the_environment_names_it():
    with pytest.raises(ServiceError, match=r"^SERINUS_NO_AUTH: Input should be a valid boolean"):
        AccessSettings.from_env({"SERINUS_NO_AUTH": "perhaps"})


def test_what_a_service_is_made_of_lies_where_the_process_starts():
    assert PredictSettings.from_env({}) == PredictSettings(service=Path("service.toml"), models=Path("models"))


def test_settings_survive_the_environment():
    settings = PredictSettings(service=Path("a.toml"), models=Path("m"), release="7")
    assert PredictSettings.from_env(settings.as_env()) == settings
