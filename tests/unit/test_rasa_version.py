"""Whether Rasa is the version that `tandem.rasa_ext` was written for is looked at, and said with its fix."""
from __future__ import annotations

from importlib import metadata

import pytest

from tandem.rasa_ext.version import UnsupportedRasa, require_supported_rasa


def test_the_pinned_rasa_is_supported() -> None:
    assert require_supported_rasa() == metadata.version("rasa")


@pytest.mark.parametrize("found", ["3.5.17", "3.7.0", "2.8.34", "3.60.1"])
def test_another_rasa_is_refused_by_name_and_with_the_fix(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: found)
    with pytest.raises(UnsupportedRasa, match=rf"this is {found}.*make install"):
        require_supported_rasa()


def test_a_missing_rasa_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(UnsupportedRasa, match=r"not installed.*make install"):
        require_supported_rasa()
