"""A setting that cannot be read names itself and what it takes, in plain words."""
from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tandem.settings import SettingsError, load


@pytest.mark.parametrize("value", ["abc", "0", "65536", "-1", "5005.0", "٥٠٠٥", "5_005"])
def test_a_port_is_a_number_from_1_to_65535(value: str) -> None:
    with pytest.raises(SettingsError, match="TANDEM_RASA_PORT must be a port from 1 to 65535"):
        load({"TANDEM_RASA_PORT": value})


def test_what_the_compose_file_of_an_earlier_version_still_sets_is_no_error() -> None:
    assert load({"TANDEM_FAULTS": "", "TANDEM_FAULTS_SEED": "0"}) == load({})


@pytest.mark.parametrize(("name", "value", "told"), [
    ("TANDEM_RASA_PROT", "5005", "is not known, did you mean TANDEM_RASA_PORT?"),
    ("TANDEM_RASA_PORT", "abc", "must be a port from 1 to 65535, not 'abc'"),
    ("TANDEM_DEMO", "maybe", "must be 1 or 0, not 'maybe'"),
    ("TANDEM_SECURE_COOKIES", "2", "must be 1 or 0, not '2'"),
    ("TANDEM_PROXIES", "11", "must be a number of proxies from 0 to 10, not '11'"),
    ("TANDEM_WORKERS", "1.5", "must be a number of workers from 1 to 64, not '1.5'"),
    ("SANIC_WORKERS", "1_0", "must be a number of workers from 1 to 64, not '1_0'"),
    ("TANDEM_RETENTION_DAYS", "-1", "must be a number of days, or 0 to keep everything, not '-1'"),
    ("TANDEM_DESK_URL", "desk.example.com", "must be an address such as https://desk.example.com"),
    ("TANDEM_DESK_URL", "https://[desk", "must be an address such as https://desk.example.com"),
    ("TANDEM_SHOP_TIMEZONE", "Berlin", "must be a time zone such as Europe/Berlin, not 'Berlin'"),
    ("TANDEM_SHOP_TIMEZONE", "../etc", "must be a time zone such as Europe/Berlin"),
    ("TANDEM_WEBCHAT_ORIGINS", "https://a.example.com,b", "must be origins such as https://shop.example.com"),
    ("TANDEM_LOG_LEVEL", "loud", "must be one of DEBUG, INFO, WARNING, ERROR, not 'loud'"),
    ("TANDEM_LOG_FORMAT", "xml", "must be one of text, json, not 'xml'"),
    ("TANDEM_SECRET_KEY", "tooshort", "must be a text of at least 16 characters; see"),
    ("TANDEM_API_TOKEN", "tooshort", "must be a token of at least 16 characters, or two of them"),
    ("TANDEM_API_TOKEN", "t" * 16 + ",tooshort", "must be a token of at least 16 characters, or two of them"),
])
def test_each_wrong_setting_is_named_with_what_it_takes_and_no_secret_is_shown(
    name: str, value: str, told: str,
) -> None:
    with pytest.raises(SettingsError) as raised:
        load({name: value})
    assert str(raised.value).startswith(f"{name} {told}") and str(raised.value).endswith("; see docs/settings.md")
    assert "tooshort" not in str(raised.value)


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        load({"TANDEM_RASA_PORT": "0", "TANDEM_DEMO": "maybe", "TANDEM_NOTHING": "1"})
    assert [line.split()[0] for line in str(raised.value).splitlines()] == [
        "TANDEM_DEMO", "TANDEM_RASA_PORT", "TANDEM_NOTHING"]


def test_settings_are_read_in_the_forms_that_people_write() -> None:
    settings = load({
        "TANDEM_DEMO": "Yes", "TANDEM_RASA_PORT": " 5006 ", "TANDEM_API_TOKEN": f"{'n' * 16} , {'o' * 16}",
        "TANDEM_SHOP_TIMEZONE": "Europe/Berlin", "TANDEM_WEBCHAT_ORIGINS": "https://a.example.com/, *",
        "TANDEM_LOG_LEVEL": "debug", "TANDEM_LOG_FORMAT": "JSON", "TANDEM_DESK_URL": "https://desk.example.com/",
        "TANDEM_SHOP_NAME": "", "PATH": "/bin",
    })
    assert (settings.demo, settings.rasa_port, settings.api_token) == (True, 5006, f"{'n' * 16},{'o' * 16}")
    assert settings.shop_timezone == ZoneInfo("Europe/Berlin") and settings.webchat_origins == ("https://a.example.com",
                                                                                                "*")
    assert (settings.log_level, settings.log_format, settings.desk_url) == ("DEBUG", "json", "https://desk.example.com")
    assert "nnnn" not in repr(settings) and "5006" in repr(settings)
