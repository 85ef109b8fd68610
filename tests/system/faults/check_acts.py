"""Compares orders and the bot's memory with the transcript: acts done once and told, words that answer one question."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from actions.base.order_questions import KNOWN
from tests.system.faults.errand import REASON, announced, told_late
from tests.system.faults.history import History
from tests.system.faults.wish import YES, is_news

_REASONS = {"changed_mind", "other"}  # how REASON may be read


def wrong_acts(history: History) -> Iterator[str]:
    """What was done to the customer's order and not told, told and not done, done twice, or not asked for."""
    errand = history.errand
    if errand is None:
        return
    words = [entry.text for entry in history.entries if entry.author == "bot"]
    told = [text for text in words if announced(errand, text)]
    if history.errand_done and not errand.agreed:
        yield f"{errand.kind} of {errand.number} without a yes"
    late = told_late(errand, words)
    if history.errand_done and not told and not late:
        yield f"{errand.kind} of {errand.number} was done and never told"
    if (told or late) and not history.errand_done:
        yield f"{errand.kind} of {errand.number} was told and not done"
    if len(told) > 1:
        yield f"{errand.kind} of {errand.number} was told {len(told)} times"


def wrong_order(history: History) -> Iterator[str]:
    """Answers that came before those to earlier messages."""
    latest = 0
    for entry in history.entries:
        if entry.author == "bot" and entry.reply_to:
            if entry.reply_to < latest:
                yield f"{entry.seq} {entry.text!r} answers {entry.reply_to} after the answer to {latest}"
            latest = max(latest, entry.reply_to)


def wrong_memory(history: History) -> Iterator[str]:
    """What the bot remembers otherwise than it was said: twice, in another order, or as the answer to another question.

    Customers of a run name their own order, their own address and one reason, so what a slot holds tells whether it
    came from the words that were meant for it.
    """
    times = Counter(one.seq for one in history.remembered)
    for seq, count in times.items():
        if count > 1:
            yield f"message {seq} was given to the bot {count} times"
    numbers = [one.seq for one in history.remembered]
    if numbers != sorted(numbers):
        yield f"messages were given to the bot in the order {numbers}"
    named = {one.number for one in (history.errand, history.watched) if one}
    addresses = {one.email for one in (history.errand, history.watched) if one}
    identified = any(entry.author == "customer" and entry.text in addresses for entry in history.entries)
    for one in history.remembered:
        number, contact = one.slots.get("order_number"), one.slots.get("contact")
        if number and number not in named:
            yield f"message {one.seq} {one.text!r} filled order_number with {number!r}"
        found = contact == KNOWN and identified  # the order was found in a turn that broke off after it
        if contact and contact not in addresses and not found:
            yield f"message {one.seq} {one.text!r} filled contact with {contact!r}"
        if one.slots.get("return_reason") and (one.text != REASON or one.slots["return_reason"] not in _REASONS):
            yield f"message {one.seq} {one.text!r} filled return_reason with {one.slots['return_reason']!r}"


def forgotten(history: History) -> Iterator[str]:
    """Messages that the bot has answered and does not remember, so that it may ask again for what they said.

    Not those with which it handed over, nor the last ones before somebody took the conversation over: once people
    have it, no turn is run again. Nor those of a turn that was given up: what it had said before stands, and the
    bot's memory of it was never saved.
    """
    began = {entry.seq: entry.epoch for entry in history.entries}
    handed_over = {entry.reply_to for entry in history.entries
                   if entry.reply_to and entry.epoch > began.get(entry.reply_to, 0)}
    known = {one.seq for one in history.remembered}
    replies = [entry for entry in history.entries if entry.author == "bot"]
    given_up = {entry.reply_to for entry in replies if (entry.client_id or "").endswith(".trouble")}
    answered = {entry.reply_to for entry in replies if not (entry.client_id or "").endswith(".outdated")} - given_up
    latest: dict[int, int] = {}  # message of each epoch that the bot remembers
    for seq in known:
        latest[began.get(seq, 0)] = max(seq, latest.get(began.get(seq, 0), 0))
    for entry in history.entries:
        taken_over = entry.epoch < history.entries[-1].epoch and entry.seq > latest.get(entry.epoch, 0)
        if (entry.author == "customer" and entry.seq in answered and entry.seq not in known | handed_over
                and not taken_over and not entry.turn.startswith("failed")):
            yield f"{entry.seq} {entry.text!r}"


def wrong_updates(history: History) -> Iterator[str]:
    """What was told without being asked that should not have been: twice, of another's order, or without a yes."""
    watched = history.watched
    said_yes = any(entry.author == "customer" and entry.text == YES for entry in history.entries)
    told = [entry.update for entry in history.entries if entry.update]
    for update, count in Counter(told).items():
        if count > 1:
            yield f"{update} was told {count} times"
        if watched is None or update.partition(" ")[0] != watched.number:
            yield f"{update} is of another's order"
        elif not (watched.agrees and said_yes):
            yield f"{update} was told without a yes"
    if watched is not None:
        for number in (entry for entry in (one.text for one in history.customer.shown) if is_news(watched, entry)):
            if not told:
                yield f"{number!r} is in no record"
