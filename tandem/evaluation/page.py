"""The report as one page for people: no script, nothing loaded from elsewhere, light or dark as the reader likes."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from tandem.evaluation.baseline import Change
from tandem.evaluation.charts import STYLE, confusion_chart, histogram_chart, reliability_chart, trajectory_chart
from tandem.evaluation.escalation_report import EscalationReport
from tandem.evaluation.figures import LabelScore
from tandem.evaluation.intent_report import Confusion, IntentReport
from tandem.evaluation.mood_report import MoodReport
from tandem.evaluation.replay import Replay
from tandem.evaluation.run import Evaluation
from tandem.sentiment.settings import EscalationSettings

_CSS = """
:root{--back:#f6f7f6;--card:#fff;--text:#1d2429;--faint:#66727a;--line:#ccd3d6;--accent:#1f6feb;--good:#2b8a5b;
--bad:#c8372d}
@media(prefers-color-scheme:dark){:root{--back:#0f1316;--card:#171d21;--text:#e6edf0;--faint:#93a1a9;--line:#333d44;
--accent:#6ea8ff;--good:#58c08b;--bad:#ff7b72}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:24px 16px 64px}h1{font-size:26px;margin:0}h2{margin:40px 0 8px}
h3{margin:24px 0 8px;font-size:15px}p{max-width:76ch}.faint,small{color:var(--faint)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(235px,1fr));gap:12px;margin:16px 0}
.card,details,.box{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.card b{display:block;font-size:27px;line-height:1.2;font-variant-numeric:tabular-nums}.card span{font-size:13px}
.worse{border-color:var(--bad)}.worse i,.bad{color:var(--bad)}.better i,.good{color:var(--good)}i{font-style:normal}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:12px}.box{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--faint);font-weight:500;font-size:13px}.n{text-align:right;white-space:nowrap}
meter{width:110px;height:10px;vertical-align:middle}details{margin:8px 0}summary{cursor:pointer}
nav a{color:var(--accent);margin-right:14px}code{font-size:13px}
""" + STYLE


def render(evaluation: Evaluation, changes: Sequence[Change], settings: EscalationSettings, now: datetime) -> str:
    """Render the whole page as HTML."""
    parts = [
        _head(changes, now, is_quick=evaluation.intents is None),
        _intents(evaluation.intents) if evaluation.intents else "",
        _moods(evaluation.moods) if evaluation.moods else "",
        _escalation(evaluation.escalation, settings),
    ]
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tandem: how well it listens</title>'
            f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_CSS}</style></head>'
            f'<body><main>{"".join(parts)}</main></body></html>\n')


def _head(changes: Sequence[Change], now: datetime, *, is_quick: bool) -> str:
    worse = [change for change in changes if change.is_worse]
    verdict = (f'<span class="bad">{len(worse)} figure{"s" * (len(worse) != 1)} fell by more than the noise</span>'
               if worse else '<span class="good">nothing fell by more than its noise</span>')
    links = "" if is_quick else '<a href="#intents">Intents</a><a href="#moods">Moods</a>'
    kind = "Quick check. " if is_quick else ""
    return (f'<h1>How well the bot listens</h1><p class="faint">{kind}{now:%Y-%m-%d %H:%M} · {verdict} · '
            f'± is the 95 % noise of a figure</p><nav>{links}<a href="#escalation">Escalation</a></nav>'
            f'<div class="cards">{"".join(map(_card, changes))}</div>')


def _card(change: Change) -> str:
    figure = change.figure
    kind = "worse" if change.is_worse else "better" if change.is_better else ""
    told = "no baseline" if change.before is None else f"{change.difference:+.3f} since the baseline"
    return (f'<div class="card {kind}"><b>{figure.value:.3f} <small>± {figure.noise:.3f}</small></b>'
            f'<span>{escape(figure.title)}</span><br><small><i>{told}</i> · n = {figure.count}</small></div>')


def _intents(report: IntentReport) -> str:
    rows = sorted(report.labels, key=lambda score: score.f1)
    return (
        '<h2 id="intents">Intents</h2><p>Every example was read by a model that never saw it (five folds).</p>'
        '<div class="pair"><div class="box"><h3>Is it as sure as it is right?</h3>'
        f'{reliability_chart(report.curve, "confidence", "share that is right")}</div>'
        '<div class="box"><h3>How sure it is</h3>'
        f'{histogram_chart(report.histogram, "confidence")}</div></div>'
        f'<h3>What is mixed up most</h3>{"".join(map(_confusion, report.confusions))}'
        f'<h3>Each intent, the weakest first</h3>{_scores(rows, "intent")}'
        f'<h3>All intents against all</h3><div class="box">{confusion_chart(report.matrix)}</div>'
    )


def _confusion(confusion: Confusion) -> str:
    rows = "".join(
        f'<tr><td class="n">{reading.confidence:.2f}</td><td>{escape(reading.example.text)}</td>'
        f"<td><code>{escape(str(reading.example.place))}</code></td></tr>" for reading in confusion.readings
    )
    return (f"<details><summary><b>{confusion.count}</b> × {escape(confusion.label)} read as {escape(confusion.read)}"
            f"</summary><table>{rows}</table></details>")


def _scores(scores: Iterable[LabelScore], name: str) -> str:
    rows = "".join(
        f'<tr><td>{escape(score.label)}</td><td class="n">{score.count}</td><td class="n">{score.precision:.2f}</td>'
        f'<td class="n">{score.recall:.2f}</td><td class="n">{score.f1:.2f}</td>'
        f'<td><meter min="0" max="1" low=".5" high=".7" optimum="1" value="{score.f1:.2f}"></meter></td></tr>'
        for score in scores
    )
    heads = f'<tr><th>{name}</th><th class="n">examples</th><th class="n">precision</th><th class="n">recall</th>'
    return f'<div class="box"><table>{heads}<th class="n">F1</th><th></th></tr>{rows}</table></div>'


def _moods(report: MoodReport) -> str:
    worst = "".join(
        f'<tr><td class="n">{reading.mood.frustration:.2f} {escape(reading.mood.emotion)}</td>'
        f"<td>{reading.example.labelled.frustration} {escape(reading.example.labelled.emotion)}</td>"
        f"<td>{escape(reading.example.labelled.text)}</td>"
        f"<td><code>{escape(str(reading.example.place))}</code></td></tr>"
        for reading in report.worst
    )
    return (
        '<h2 id="moods">Moods</h2><p>Every message of <code>data/mood</code> was read by a model that never saw its '
        'file.</p><div class="pair"><div class="box"><h3>Of messages read at .8, are 80 % upset?</h3>'
        f'{reliability_chart(report.curve, "frustration read", "share labelled upset")}</div>'
        f"<div>{_scores(sorted(report.emotions, key=lambda score: score.f1), 'emotion')}</div></div>"
        f'<details><summary>The {len(report.worst)} readings farthest from their labels</summary><table><tr>'
        f'<th class="n">read</th><th>label</th><th>message</th><th></th></tr>{worst}</table></details>'
    )


def _escalation(report: EscalationReport, settings: EscalationSettings) -> str:
    rows = "".join(f'<tr><td>{escape(name)}</td><td class="n">{right}</td><td class="n">{wrong}</td></tr>'
                   for name, right, wrong in report.triggers)
    return (
        '<h2 id="escalation">Escalation</h2><p>The labelled conversations of <code>tests/conversations</code>, read by '
        'the trained model and decided by the thresholds of <code>config.yml</code>.</p>'
        '<div class="box"><table><tr><th>signal that came first</th><th class="n">a person was needed</th>'
        f'<th class="n">was not needed</th></tr>{rows}</table></div>'
        f"<h3>Conversations that did not go as labelled</h3>{''.join(_replay(one, settings) for one in report.wrong)}"
    )


def _replay(replay: Replay, settings: EscalationSettings) -> str:
    label = replay.conversation.escalate
    wanted = "never" if label is None else f"at {label[0]}" if label[0] == label[1] else f"at {label[0]} to {label[1]}"
    came = "never came" if replay.escalated_at is None else f"came at {replay.escalated_at} ({replay.trigger})"
    lines = "".join(
        f'<tr><td class="n">{number}</td><td>{escape(turn.turn.text or f"[{turn.message.button}]")}</td>'
        f'<td class="n">{turn.turn.frustration:.2f} {escape(turn.turn.emotion)}</td>'
        f'<td>{escape(turn.turn.intent or "")} {turn.turn.confidence:.2f}</td></tr>'
        for number, turn in enumerate(replay.turns, 1)
    )
    return (f"<details><summary>{escape(replay.conversation.name)}: wanted {wanted}, {escape(came)}</summary>"
            f'<div class="pair"><div>{trajectory_chart(replay, settings)}</div></div>'
            f"<table>{lines}</table></details>")
