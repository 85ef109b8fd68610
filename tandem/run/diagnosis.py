"""What `tandem doctor` says about one thing."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at. `fix` is empty when it is well."""

    subject: str
    state: str
    fix: str = ""

    @property
    def well(self) -> bool:
        """Check whether nothing needs to be done."""
        return not self.fix
