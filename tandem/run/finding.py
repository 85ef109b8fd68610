"""What `tandem doctor` says about one thing."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `fix` is empty when it is well."""

    subject: str
    state: str
    fix: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done."""
        return not self.fix
