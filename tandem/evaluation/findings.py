"""What may be wrong with the training data: one finding a doubt, with the lines it is about."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tandem.evaluation.examples import Example, Place

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class QuotedExample:
    """A line that a finding is about; `label` is an intent, a mood ("angry 3"), or "" of a test sentence."""

    place: Place
    label: str
    text: str

    @classmethod
    def of(cls, example: Example) -> QuotedExample:
        """Return the line of an example."""
        return cls(example.place, example.label, example.text)


@dataclass(frozen=True)
class Finding:
    """One doubt.

    Attributes:
        level: "error" (it must be fixed) or "warning" (somebody should look).
        check: Which check found it, such as "duplicate" or "thin".
        message: What is wrong, without places.
        lines: The lines concerned, most telling first.
        weight: How grave among its kind; higher is told first.
    """

    level: str
    check: str
    message: str
    lines: tuple[QuotedExample, ...] = ()
    weight: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Write it for JSON."""
        return {
            "level": self.level, "check": self.check, "message": self.message, "weight": round(self.weight, 4),
            "lines": [{**asdict(line.place), "label": line.label, "text": line.text} for line in self.lines],
        }


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Sort findings: errors first, then by check, the gravest first."""
    return sorted(findings, key=lambda item: (item.level != ERROR, item.check, -item.weight, item.message))


def render(findings: Sequence[Finding]) -> str:
    """Write the findings for people, with file and line of each."""
    out = []
    for finding in in_order(findings):
        out.append(f"{finding.level}: {finding.check}: {finding.message}")
        out += [f"  {line.place}: {f'[{line.label}] ' if line.label else ''}{line.text}" for line in finding.lines]
    errors = sum(finding.level == ERROR for finding in findings)
    out.append(f"{errors} error{'s' * (errors != 1)}, {len(findings) - errors} warnings")
    return "\n".join(out)
