"""The outcome of a run as the table of docs/reliability.md."""
from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.system.faults.checker import PROMISES
from tests.system.faults.run import Outcome

BEGIN, END = "<!-- table: make faults, {which} -->", "<!-- end of table -->"
_KINDS = {"kill": "killed", "hang": "stood still", "locked": "database locked", "full": "disk full",
          "drop": "connection broken", "back": "clock stepped back"}


def table(outcome: Outcome, at_once: int, day: str, setup: str) -> str:
    """Markdown: promises, faults from outside, faults at named points.

    Args:
        setup: Workers and databases, in words.
    """
    lines = [
        f"{setup}: {outcome.conversations} conversations ({_listed(outcome.channels)}), {at_once} at a time, "
        f"{outcome.messages} messages, {outcome.errands} errands with an order, "
        f"{outcome.told} customers of {outcome.watched} who were told of an order as they had agreed to, "
        f"{outcome.handoffs} handoffs with two agents claiming at once, "
        f"{outcome.to_the_tool} handoffs to an outside tool, {outcome.take_overs} takeovers in the middle of a bot "
        f"turn, in {outcome.seconds / 60:.0f} minutes on {day}.",
        "", "| promise | broken |", "|---|---|",
        *(f"| {promise} | {outcome.verdict.broken[promise]} |" for promise in PROMISES),
        "", "| what was seen besides | times |", "|---|---|",
        f"| bot replies fenced | {outcome.fenced} |",
        f"| messages that a push channel got again, each marked in doubt | {outcome.verdict.doubts} |",
        *(f"| requests sent again: {why} | {count} |" for why, count in sorted(outcome.repeated.items())),
        f"| processes started again | {outcome.came_back} |",
        "", "| trouble from outside | times |", "|---|---|",
        *(f"| {what} | {count} |" for what, count in sorted(outcome.outside.items())),
        "", f"| at the point | {' | '.join(_KINDS.values())} |", "|---" * (len(_KINDS) + 1) + "|",
        *_points(outcome.inside),
    ]
    return "\n".join(lines)


def write(path: Path, text: str, which: str) -> None:
    """Put the table between the marks of the page; `which` is one (worker) or several."""
    page, begin = path.read_text(encoding="utf-8"), BEGIN.format(which=which)
    before, mark, rest = page.partition(begin)
    assert mark, f"{path} has no {begin}"
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{begin}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _points(counts: Counter[str]) -> list[str]:
    points = sorted({key.split()[0] for key in counts})
    rows = [f"| {point} | " + " | ".join(str(counts[f"{point} {kind}"] or "") for kind in _KINDS) + " |"
            for point in points]
    total = " | ".join(str(sum(count for key, count in counts.items() if key.endswith(f" {kind}"))) for kind in _KINDS)
    return [*rows, f"| **all** | {total} |"]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
