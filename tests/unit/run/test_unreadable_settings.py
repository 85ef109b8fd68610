"""A setting that cannot be read names itself and what it takes, in plain words."""
from __future__ import annotations

import pytest

from tandem.settings import SettingsError, load


@pytest.mark.parametrize("value", ["abc", "0", "65536", "-1", "5005.0", "٥٠٠٥", "5_005"])
def test_a_port_is_a_number_from_1_to_65535(value: str) -> None:
    with pytest.raises(SettingsError, match="TANDEM_RASA_PORT: expected a port from 1 to 65535"):
        load({"TANDEM_RASA_PORT": value})


def test_a_seed_is_a_whole_number() -> None:
    with pytest.raises(SettingsError, match="TANDEM_FAULTS_SEED: expected a whole number"):
        load({"TANDEM_FAULTS_SEED": "many"})
