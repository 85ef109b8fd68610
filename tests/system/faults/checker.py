"""Compares what both sides lived through, and counts what must not be: lost, doubled, reordered, bot words."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.system.faults.check_acts import forgotten, wrong_acts, wrong_memory, wrong_order, wrong_updates
from tests.system.faults.history import Entry, History, Sent, ShownMessage

PROMISES = ("lost", "doubled", "reordered", "answers out of order", "acts not as told", "slots filled by other words",
            "forgotten by the bot", "news twice or to another", "bot words after handoff", "claimed twice",
            "unanswered", "stuck")
ENDS = ("handed_back", "resolved")
ACKNOWLEDGED = "webchat"  # its client tells how far it has read
FETCHED = "rest"


@dataclass
class Verdict:
    """How often each promise was broken, with an example's words for whoever fixes it."""

    broken: Counter[str] = field(default_factory=Counter)
    doubts: int = 0  # repeats on a channel that cannot acknowledge, each shown as in doubt
    examples: list[str] = field(default_factory=list)

    def add(self, promise: str, where: str, what: str, count: int = 1) -> None:
        """Count a broken promise."""
        self.broken[promise] += count
        self.examples.append(f"{promise}: {where}: {what}")

    def __iadd__(self, other: Verdict) -> Verdict:
        self.broken += other.broken
        self.doubts += other.doubts
        self.examples += other.examples
        return self


def check(history: History) -> Verdict:
    """All promises over one conversation that has come to rest."""
    verdict = Verdict()
    where = f"{history.channel} {history.conversation_id}"
    _check_sent(verdict, f"{where}, customer to ledger", history.customer.sent, history.entries, "customer")
    _check_sent(verdict, f"{where}, agent to ledger", history.agent.sent, history.entries, "agent")
    _check_numbers(verdict, f"{where}, ledger", [entry.seq for entry in history.entries])
    _check_agents_view(verdict, f"{where}, agent's view", history)
    _check_customers_view(verdict, f"{where}, customer's view", history)
    for promise, find in (("answers out of order", wrong_order), ("acts not as told", wrong_acts),
                          ("slots filled by other words", wrong_memory), ("forgotten by the bot", forgotten),
                          ("news twice or to another", wrong_updates)):
        for what in find(history):
            verdict.add(promise, where, what)
    for entry in bot_words(history):
        verdict.add("bot words after handoff", where, f"{entry.seq} {entry.text!r}")
    for epoch, count in Counter(epoch for epoch, _ in history.claims).items():
        if count > 1:
            verdict.add("claimed twice", where, f"epoch {epoch}")
    _check_tools_view(verdict, f"{where}, tool's view", history)
    for entry in unanswered(history):
        verdict.add("unanswered", where, f"{entry.seq} {entry.text!r}")
    if history.stuck:
        verdict.add("stuck", where, history.stuck)
    if verdict.broken:
        verdict.examples.append(transcript(history))
    return verdict


def transcript(history: History) -> str:
    """What was said and how its turns ended, a line each, for whoever fixes a broken promise."""
    known = {one.seq for one in history.remembered}
    errand = f", errand {history.errand}, done {history.errand_done}" if history.errand else ""
    lines = [f"transcript of {history.conversation_id}{errand}"]
    for entry in history.entries:
        about = [f"epoch {entry.epoch}", *([f"to {entry.reply_to}"] if entry.reply_to else []),
                 *([entry.event] if entry.event else []), *([f"turn {entry.turn}"] if entry.turn else []),
                 *(["not in the bot's memory"] if entry.author == "customer" and entry.seq not in known else [])]
        lines.append(f"    {entry.at:%H:%M:%S.%f} {entry.seq} {entry.author} ({', '.join(about)}): {entry.text!r}")
    return "\n".join(lines)


def bot_words(history: History) -> Iterator[Entry]:
    """What the bot said while people had the conversation; announcing them before anybody has come is no such word."""
    announced_by: str | None = None  # the id of the open handoff
    joined = False
    begun = sorted(history.opened.items())
    for entry in history.entries:
        if announced_by is None and begun and entry.epoch >= begun[0][0]:
            announced_by, joined = begun.pop(0)[1], False
        if announced_by is None:
            continue
        if entry.event in ENDS:
            announced_by = None
            while begun and begun[0][0] < entry.epoch:
                begun.pop(0)
        elif entry.event == "agent_joined":
            joined = True
        elif entry.event == "agent_left":
            joined = False
        elif entry.author == "bot":
            announcement = (entry.client_id or "").startswith(f"{announced_by}.")
            if joined or not announcement:
                yield entry


def unanswered(history: History) -> Iterator[Entry]:
    """What the customer said to the bot and got neither an answer nor a person for."""
    owners = dict(_people_epochs(history))
    answered = {entry.reply_to for entry in history.entries if entry.author == "bot"}
    last = max((entry.epoch for entry in history.entries), default=0)
    for entry in history.entries:
        moved_on = entry.epoch < last  # whoever had the conversation next has it in the transcript
        if entry.author == "customer" and not owners.get(entry.epoch) and entry.seq not in answered and not moved_on:
            yield entry


def _people_epochs(history: History) -> Iterator[tuple[int, bool]]:
    epochs = sorted({entry.epoch for entry in history.entries} | set(history.opened))
    ends = {entry.epoch for entry in history.entries if entry.event in ENDS}
    people = False
    for epoch in epochs:
        people = (people or epoch in history.opened) and epoch not in ends
        yield epoch, people


def _check_sent(
    verdict: Verdict, where: str, sent: Sequence[Sent], entries: Sequence[Entry], author: str,
) -> None:
    kept: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.author == author and entry.client_id:
            kept.setdefault(entry.client_id, []).append(entry)
    latest = 0
    for one in sent:
        found = kept.get(one.client_id, [])
        if not found or all(entry.text != one.text for entry in found):
            verdict.add("lost", where, repr(one.text))
            continue
        if len(found) > 1:
            verdict.add("doubled", where, repr(one.text), len(found) - 1)
        if found[0].seq < latest:
            verdict.add("reordered", where, repr(one.text))
        latest = max(latest, found[0].seq)


def _check_numbers(verdict: Verdict, where: str, seqs: Sequence[int]) -> None:
    missing = set(range(1, max(seqs, default=0) + 1)) - set(seqs)
    if missing:
        verdict.add("lost", where, f"numbers {sorted(missing)}", len(missing))


def _check_agents_view(verdict: Verdict, where: str, history: History) -> None:
    shown = history.agent.shown
    if shown:
        upto = max(one.seq or 0 for one in shown)
        _compare_numbered(verdict, where, shown, [entry for entry in history.entries if entry.seq <= upto])


def _check_tools_view(verdict: Verdict, where: str, history: History) -> None:
    """The transcript as it was, then each word of the customer until the handoff's end, once and in order."""
    for breach in history.breaches:
        verdict.add("reordered", where, breach)
    begun = {handoff_id: epoch for epoch, handoff_id in history.opened.items()}
    ends = sorted(entry.epoch for entry in history.entries if entry.event in ENDS)
    for handoff_id, count in Counter(case.handoff_id for case in history.cases).items():
        if count > 1:
            verdict.add("doubled", where, f"handoff {handoff_id}", count - 1)
    for case in history.cases:
        begin = begun.get(case.handoff_id, 0)
        end = next((epoch for epoch in ends if epoch > begin), history.entries[-1].epoch + 1)
        due = [one for one in history.entries if one.kind == "text" and (
            one.seq <= case.upto or (one.author == "customer" and begin <= one.epoch < end))]
        _compare_numbered(verdict, where, [one for one in case.shown if one.text], due)
        for one in case.told:
            entry = next((entry for entry in history.entries if entry.seq == one.seq), None)
            if entry is None or entry.author != "customer" or not begin <= entry.epoch < end:
                verdict.add("doubled", where, f"{one.seq} {one.text!r} was not for the tool")
        if not case.closed and not history.stuck:
            verdict.add("lost", where, "the end of the handoff")


def _check_customers_view(verdict: Verdict, where: str, history: History) -> None:
    shown = history.customer.shown
    if history.channel == ACKNOWLEDGED:
        _compare_numbered(verdict, where, shown, [one for one in history.entries if one.kind != "note"])
        return
    # What is still on its way after all patience is counted as stuck, not as lost; it may have arrived even so.
    on_its_way = {one.text for one in history.entries if history.stuck and one.delivery == "pending"}
    due = [one for one in history.entries if one.author != "customer" and one.kind != "note" and one.text
           and one.text not in on_its_way]
    shown = [one for one in shown if one.text not in on_its_way]
    if history.channel == FETCHED:
        _compare_fetched(verdict, where, shown, due)
    else:
        _compare_pushed(verdict, where, shown, due)
    for reply, count in Counter((one.reply_to, one.text) for one in due if one.author == "bot" and one.reply_to
                                ).items():
        if count > 1:
            verdict.add("doubled", where, f"the bot's {reply[1]!r}", count - 1)


def _compare_numbered(verdict: Verdict, where: str, shown: Sequence[ShownMessage], due: Sequence[Entry]) -> None:
    texts = {entry.seq: entry.text for entry in due}
    seen: set[int] = set()
    for one in shown:
        seq = one.seq or 0
        if seq in seen:
            verdict.add("doubled", where, f"{seq} {one.text!r}")
        elif seen and seq < max(seen):
            verdict.add("reordered", where, f"{seq} {one.text!r}")
        seen.add(seq)
        if seq in texts and texts[seq] != one.text:
            verdict.add("lost", where, f"{seq} became {one.text!r}")
    for seq in sorted(texts.keys() - seen):
        verdict.add("lost", where, f"{seq} {texts[seq]!r}")
    replies = Counter((one.reply_to, one.text) for one in due if one.author == "bot" and one.reply_to)
    for (_, text), count in replies.items():
        if count > 1:
            verdict.add("doubled", where, f"the bot's {text!r}", count - 1)


def _compare_fetched(verdict: Verdict, where: str, shown: Sequence[ShownMessage], due: Sequence[Entry]) -> None:
    wanted, got = Counter(entry.text for entry in due), Counter(one.text for one in shown)
    for text, count in (wanted - got).items():
        verdict.add("lost", where, repr(text), count)
    for text, count in (got - wanted).items():
        verdict.add("doubled", where, repr(text), count)
    numbers = [one.seq for one in shown if one.seq is not None]
    for before, after in pairwise(numbers):
        if after <= before:
            verdict.add("reordered", where, f"{after} after {before}")


def _compare_pushed(verdict: Verdict, where: str, shown: Sequence[ShownMessage], due: Sequence[Entry]) -> None:
    """At least once and in order; a repeat is allowed where the ledger says that it is in doubt."""
    place, first = -1, 0  # of the message that was shown last, and of the first one in a row of the same text
    for one in shown:
        if place + 1 < len(due) and due[place + 1].text == one.text:
            place += 1
            first = first if place and due[place - 1].text == one.text else place
        elif place >= 0 and due[place].text == one.text:
            if any(entry.doubt for entry in due[first: place + 1]):
                verdict.doubts += 1
            else:
                verdict.add("doubled", where, repr(one.text))
        elif any(entry.text == one.text for entry in due[: place + 1]):
            verdict.add("doubled", where, f"{one.text!r}, long after")
        else:
            ahead = next((index for index in range(place + 1, len(due)) if due[index].text == one.text), None)
            if ahead is None:
                verdict.add("doubled", where, f"{one.text!r}, which nobody said")
                continue
            missed = [entry for entry in due[place + 1: ahead] if entry.text not in {late.text for late in shown}]
            for entry in missed:
                verdict.add("lost", where, f"{entry.seq} {entry.text!r}")
            if len(missed) < ahead - place - 1:
                verdict.add("reordered", where, repr(one.text))
            place = first = ahead
    for entry in due[place + 1:]:
        verdict.add("lost", where, f"{entry.seq} {entry.text!r}")
