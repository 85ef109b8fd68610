"""Check that the installed Rasa is one that this package was written for."""
from __future__ import annotations

from importlib import metadata

SUPPORTED = "3.6"
FIX = f"install Rasa {SUPPORTED} as requirements.txt pins it: `make install`"


class UnsupportedRasa(RuntimeError):
    """Rasa is missing or of another version; the text names both and the fix."""


def require_supported_rasa() -> str:
    """Return the version of the installed Rasa.

    Raises:
        UnsupportedRasa: It is none that Tandem works with.
    """
    try:
        found = metadata.version("rasa")
    except metadata.PackageNotFoundError:
        raise UnsupportedRasa(f"Rasa is not installed; {FIX}") from None
    if not found.startswith(f"{SUPPORTED}."):
        raise UnsupportedRasa(f"Tandem works with Rasa {SUPPORTED} and this is {found}: tandem/rasa_ext leans on its "
                              f"insides; {FIX}")
    return found
