"""Charts as SVG, drawn with the colours of the page they stand in (`page.css`), light or dark."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from tandem.evaluation.figures import Bin
from tandem.evaluation.replay import Replay
from tandem.sentiment.settings import EscalationSettings

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 420, 260, 44, 36
_CELL, _NAMES = 11, 150

STYLE = """
svg{font:11px system-ui,sans-serif;max-width:100%;height:auto}
.axis{stroke:var(--line);fill:none}.ideal{stroke:var(--faint);stroke-dasharray:4 4;fill:none}
.curve{stroke:var(--accent);fill:none;stroke-width:2}.dot{fill:var(--accent)}.second{stroke:var(--good);fill:none}
.right{fill:var(--good)}.wrong{fill:var(--bad)}.alarm{fill:var(--bad)}.limit{stroke:var(--bad);stroke-dasharray:3 4}
text{fill:var(--text)}.faint{fill:var(--faint)}.cell{fill:var(--bad)}.hit{fill:var(--good)}
"""


def reliability_chart(bins: Sequence[Bin], across: str, up: str) -> str:
    """Draw a calibration curve: on the dashed line, confidence is what it says. Dots grow with the count."""
    most = max((item.count for item in bins), default=1)
    points = [(_across(item.sure), _up(item.right), item) for item in bins]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    dots = "".join(
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{3 + 6 * (item.count / most) ** 0.5:.1f}">'
        f"<title>{item.count} read at {item.sure:.2f}: {item.right:.2f}</title></circle>"
        for x, y, item in points
    )
    ideal = f'<path class="ideal" d="M{_across(0)} {_up(0)}L{_across(1)} {_up(1)}"/>'
    return _svg(_WIDTH, _HEIGHT, f'{_axes(across, up)}{ideal}<polyline class="curve" points="{line}"/>{dots}',
                f"{up} by {across}")


def histogram_chart(counts: Sequence[tuple[int, int]], across: str) -> str:
    """Draw right readings (green) and wrong ones (red) by confidence, stacked."""
    most = max((right + wrong for right, wrong in counts), default=1) or 1
    width = (_WIDTH - _LEFT - 10) / max(len(counts), 1)
    bars = []
    for number, (right, wrong) in enumerate(counts):
        x, tall, short = _LEFT + number * width, right / most, wrong / most
        title = f"<title>{right} right, {wrong} wrong</title>"
        span = _up(0) - _up(1)
        bars.append(f'<rect class="right" x="{x + 1:.1f}" y="{_up(tall):.1f}" width="{width - 2:.1f}" '
                    f'height="{tall * span:.1f}">{title}</rect>')
        bars.append(f'<rect class="wrong" x="{x + 1:.1f}" y="{_up(tall + short):.1f}" width="{width - 2:.1f}" '
                    f'height="{short * span:.1f}">{title}</rect>')
    return _svg(_WIDTH, _HEIGHT, _axes(across, f"readings (most: {most})", ticks_up=False) + "".join(bars),
                f"readings by {across}")


def confusion_chart(matrix: Mapping[tuple[str, str], int]) -> str:
    """Draw a square an intent pair: rows are labels, columns what was read; the darker, the greater the share."""
    names = sorted({name for pair in matrix for name in pair})
    place = {name: number for number, name in enumerate(names)}
    totals = {name: sum(count for (label, _), count in matrix.items() if label == name) for name in names}
    size = _NAMES + _CELL * len(names) + 4
    parts = []
    for (label, read), count in sorted(matrix.items()):
        share = count / totals[label]
        kind, weight = ("hit", share) if label == read else ("cell", 4 * share)
        parts.append(
            f'<rect class="{kind}" x="{_NAMES + place[read] * _CELL}" y="{_NAMES + place[label] * _CELL}" '
            f'width="{_CELL - 1}" height="{_CELL - 1}" opacity="{min(1.0, 0.12 + weight):.2f}">'
            f"<title>{escape(label)} read as {escape(read)}: {count} of {totals[label]}</title></rect>"
        )
    for name, number in place.items():
        middle = _NAMES + number * _CELL + _CELL - 3
        for where in (f'x="{_NAMES - 5}" y="{middle}" text-anchor="end"',
                      f'transform="translate({middle} {_NAMES - 5}) rotate(-90)"'):
            parts.append(f'<text {where} font-size="9">{escape(name)}</text>')
    return _svg(size, size, "".join(parts), "confusion matrix")


def trajectory_chart(replay: Replay, settings: EscalationSettings, *, alone: bool = False) -> str:
    """Draw the score over a conversation (line), each message's frustration (dots), and where a person comes in.

    Args:
        alone: Put colours into the picture, for a file of its own.
    """
    count = max(len(replay.turns), 2)
    places = [_LEFT + 14 + number * (_WIDTH - _LEFT - 38) / (count - 1) for number in range(len(replay.turns))]
    line = " ".join(f"{x:.1f},{_up(turn.score):.1f}" for x, turn in zip(places, replay.turns))
    parts = [_axes("message", "score and frustration", ticks_across=False)]
    limit = _up(settings.trend_threshold)
    parts.append(f'<path class="limit" d="M{_LEFT} {limit:.1f}H{_WIDTH - 10}"/>'
                 f'<text class="faint" x="{_WIDTH - 12}" y="{limit - 4:.1f}" text-anchor="end">trend_threshold</text>')
    parts.append(f'<polyline class="curve" points="{line}"/>')
    for number, (x, turn) in enumerate(zip(places, replay.turns), 1):
        kind = "alarm" if number == replay.escalated_at else "dot"
        said = escape(turn.turn.text or f"button: {turn.message.button}")
        fired = escape(", ".join(signal.name for signal in turn.signals))
        parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{_up(turn.turn.frustration):.1f}" r="5">'
                     f"<title>{said}{f' -> {fired}' if fired else ''}</title></circle>"
                     f'<text x="{x:.1f}" y="{_up(0) + 15:.1f}" text-anchor="middle">{number}</text>')
    if replay.escalated_at:
        x = places[replay.escalated_at - 1]
        anchor, aside = ("end", -8) if x > _WIDTH / 2 else ("start", 8)
        parts.append(f'<path class="limit" d="M{x:.1f} {_up(0)}V{_up(1)}"/><text x="{x + aside:.1f}" y="{_up(1) + 9}" '
                     f'text-anchor="{anchor}">a person: {escape(str(replay.trigger))}</text>')
    return _svg(_WIDTH, _HEIGHT, "".join(parts), replay.conversation.name, alone=alone)


def _across(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - 10)


def _up(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - 20)


def _axes(across: str, up: str, *, ticks_up: bool = True, ticks_across: bool = True) -> str:
    out = f'<path class="axis" d="M{_LEFT} 20V{_up(0)}H{_WIDTH - 10}"/>'
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        if ticks_across:
            out += f'<text x="{_across(tick):.1f}" y="{_up(0) + 15:.1f}" text-anchor="middle">{tick:g}</text>'
        if ticks_up:
            out += f'<text x="{_LEFT - 6}" y="{_up(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
    middle = (_LEFT + _WIDTH) / 2
    out += f'<text class="faint" x="{middle}" y="{_HEIGHT - 5}" text-anchor="middle">{escape(across)}</text>'
    return out + f'<text class="faint" x="{_LEFT}" y="11">{escape(up)}</text>'


def _svg(width: float, height: float, body: str, title: str, *, alone: bool = False) -> str:
    style = ""
    if alone:
        colours = ("svg{--text:#1d2429;--faint:#66727a;--line:#9aa5ab;--accent:#1f6feb;--good:#2b8a5b;--bad:#c8372d;"
                   "background:#fff}@media(prefers-color-scheme:dark){svg{--text:#e6edf0;--faint:#93a1a9;"
                   "--line:#55626a;--accent:#6ea8ff;--good:#58c08b;--bad:#ff7b72;background:#14191d}}")
        style = f"<style>{colours}{STYLE}</style>"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" aria-label="{escape(title)}">{style}{body}</svg>')
