"""Whether the customer has agreed to an act, as the ledger has it.

The message that asks for a yes carries its `Question`: the act and what it is done to. That message is the record: a
turn that is run again, another worker and another process read the same. An act that was begun is an entry of the case
file with the question's id, so that each question is used once, by one message.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select

from tandem.conversations import store
from tandem.conversations.buttons import ASIDE, is_no, is_yes
from tandem.conversations.casefile import EntryKind
from tandem.conversations.consent_reader import (
    ConsentAnswer,
    has_question_mark,
    is_firm,
    read_answer,
    says_more_than_no,
)
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Delivery, Kind, Message
from tandem.conversations.tables import case_entries

QUESTION = "question"  # the key of a message's data under which its question stands
OTHERS = "other_orders"  # the detail of a question about several orders: the numbers but the first, commas between
_WINDOW = 60  # messages before an answer in which its question is looked for
_MOST_ACTS = 50  # of one conversation that are looked through, the newest


@dataclass(frozen=True)
class Question:
    """A question whether to do an act.

    Attributes:
        act: What is to be done: cancel_order, change_address, return_item.
        number: Of the order; of several, the first.
        details: What else the question names: the address, the item and the reason, other orders (`OTHERS`).
        id: The same whenever the same is asked again before it is answered.
        asked: How often it has been asked, this time included.
    """

    act: str
    number: str
    details: Mapping[str, str]
    id: str = ""
    asked: int = 1

    @classmethod
    def of(cls, message: Message) -> Question | None:
        """Return the question that a message asks."""
        data = message.data.get(QUESTION)
        return cls(**data) if isinstance(data, Mapping) else None

    @property
    def numbers(self) -> tuple[str, ...]:
        """Return the numbers of all orders that it is about."""
        return (self.number, *filter(None, self.details.get(OTHERS, "").split(",")))

    def is_about_the_same(self, other: Question) -> bool:
        """Check whether another question is about the same act on the same object."""
        return (self.act, self.number, dict(self.details)) == (other.act, other.number, dict(other.details))


@dataclass(frozen=True)
class Verdict:
    """What a customer's message says to the question that stood open when it came.

    Attributes:
        question: The bot's latest question for a yes.
        answer: How the message reads.
        alone: Nothing else was said since the question, nor with it what this yes could be to. If something was, only a
            yes that names the act counts: "ok" may have been said to the other thing.
        withdrawn: The customer has written again since, and did not say yes.
        says_more: Beside a no there is something else in it.
        used_by: The message with which the act was begun, if it was.
    """

    question: Question
    answer: ConsentAnswer
    alone: bool
    withdrawn: bool
    says_more: bool
    used_by: int | None

    @property
    def agrees(self) -> bool:
        """Check whether it is a plain yes that counts."""
        enough = (ConsentAnswer.YES, ConsentAnswer.EXPLICIT_YES) if self.alone else (ConsentAnswer.EXPLICIT_YES,)
        return self.answer in enough and not self.withdrawn

    def allows(self, question: Question, seq: int) -> bool:
        """Check that message `seq`, of which this is the verdict, agrees to this very act, and that no other has.

        For a turn that is run again it says the same.
        """
        if not self.question.is_about_the_same(question):
            return False
        return self.used_by == seq or (self.used_by is None and self.agrees)

    @property
    def refuses(self) -> bool:
        """Check whether it is a no."""
        return self.answer in (ConsentAnswer.NO, ConsentAnswer.STOP)


@dataclass(frozen=True)
class CompletedAct:
    """Something that was done to an order because the customer agreed."""

    question: Question
    number: str  # of the order: the question may have been about several
    seq: int  # the message that agreed
    at: Any
    done: bool  # False: it was begun, and the order system's answer is not on record


class Consents:
    """Reads questions and answers from the ledger, and writes down which were used; blocking."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def to_ask(self, conversation_id: str, seq: int, question: Question, fresh: bool) -> Question:
        """Make the question to ask in the turn of message `seq`.

        It keeps its id if the same was asked before and not answered since.

        Args:
            fresh: The customer's wish is new: whatever was asked before is another question.
        """
        before = None if fresh else _asked(self._window(conversation_id, seq), seq)
        earlier = Question.of(before) if before is not None else None
        if (earlier is not None and earlier.is_about_the_same(question)
                and self._used_by(conversation_id, earlier.id) is None):
            return replace(earlier, asked=earlier.asked + 1)
        return replace(question, id=f"{seq}.{question.act}", asked=1)

    def verdict(self, conversation_id: str, seq: int) -> Verdict | None:
        """Read what message `seq` says to the question before it; None if there is none, or it was closed since."""
        window = self._window(conversation_id, seq)
        asking = _asked(window, seq)
        message = next((one for one in window if one.seq == seq and one.author is Author.CUSTOMER), None)
        question = Question.of(asking) if asking is not None else None
        if asking is None or message is None or question is None or message.epoch != asking.epoch:
            return None
        since = [one for one in window if asking.seq < one.seq < seq and one.kind is Kind.TEXT]
        asides = {one.seq for one in since if one.data.get(ASIDE)}
        answered = {one.reply_to for one in since if one.author is Author.BOT and one.seq not in asides}
        asides |= {one.reply_to or 0 for one in since if one.seq in asides} - {seen or 0 for seen in answered}
        since = [one for one in since if one.seq not in asides]
        beside = [one for one in window if one.seq < asking.seq and one.author is Author.BOT
                  and one.reply_to is not None and one.reply_to == asking.reply_to and not one.data.get(ASIDE)]
        # What only tells something leaves no doubt what a yes is to; an "ok" to a question that was asked again does.
        is_open = question.asked > 1 and not is_firm(message.text)
        beside = [one for one in beside if is_open or has_question_mark(one.text)]
        later = [one for one in window if one.seq > seq and one.author is Author.CUSTOMER]
        return Verdict(
            question, _answer(message, asking, window), alone=not (since or beside),
            withdrawn=any(_takes_back(_answer(one, asking, window)) for one in later),
            says_more=says_more_than_no(message.text), used_by=self._used_by(conversation_id, question.id),
        )

    def begin(self, conversation_id: str, question: Question, seq: int) -> Verdict | None:
        """Use the yes of message `seq` to `question`, if it is one and was not used: write down that the act is begun.

        Returns:
            What the message says, read with the conversation locked, so that no word of the customer and no other turn
            comes in between; the act is begun if it `allows` what is wanted.
        """
        with self._ledger.engine.begin() as connection:
            store.lock(connection, conversation_id)
            verdict = self.verdict(conversation_id, seq)
            if verdict is not None and verdict.allows(question, seq) and verdict.used_by is None:
                self._write(connection, conversation_id, verdict.question, seq, done=False)
            return verdict

    def finish(self, conversation_id: str, question: Question, number: str, seq: int) -> None:
        """Write down that the order system has done it to the order of this number."""
        with self._ledger.engine.begin() as connection:
            store.lock(connection, conversation_id)
            if not any(act.done for act in self._acts(conversation_id, connection)
                       if (act.question.id, act.number) == (question.id, number)):
                self._write(connection, conversation_id, question, seq, done=True, number=number)

    def acts(self, conversation_id: str) -> list[CompletedAct]:
        """List what was done in a conversation, the latest first; each once for each order."""
        latest: dict[tuple[str, str], CompletedAct] = {}
        for act in self._acts(conversation_id):  # the newest entry of a question says whether it was done
            latest.setdefault((act.question.id, act.number), act)
        return list(latest.values())

    def has_begun(self, conversation_id: str, act: str, number: str, key: str) -> bool:
        """Check whether the customer has agreed to an act on an order, and it was begun under this key."""
        return any(one.question.act == act and number in one.question.numbers
                   and key == consent_key(conversation_id, one.question, number) for one in self.acts(conversation_id))

    def _window(self, conversation_id: str, seq: int) -> Sequence[Message]:
        return self._ledger.messages(conversation_id, after=max(0, seq - _WINDOW))

    def _used_by(self, conversation_id: str, question_id: str) -> int | None:
        return next((act.seq for act in self._acts(conversation_id) if act.question.id == question_id), None)

    def _acts(self, conversation_id: str, connection: Any = None) -> list[CompletedAct]:
        query = (
            select(case_entries).where(case_entries.c.conversation_id == conversation_id,
                                       case_entries.c.kind == EntryKind.ACT.value)
            .order_by(case_entries.c.id.desc()).limit(_MOST_ACTS)
        )
        if connection is None:
            with self._ledger.reading.connect() as reading:
                rows = reading.execute(query).all()
        else:
            rows = connection.execute(query).all()
        return [CompletedAct(question, number, row.data["seq"], row.at, row.data["done"])
                for row in rows for question in [Question(**row.data["question"])]
                for number in ([row.data["number"]] if row.data.get("number") else question.numbers)]

    def _write(self, connection: Any, conversation_id: str, question: Question, seq: int, **more: Any) -> None:
        data = {"question": {**vars(question), "details": dict(question.details)}, "seq": seq, **more}
        connection.execute(insert(case_entries).values(
            conversation_id=conversation_id, kind=EntryKind.ACT.value, at=self._ledger.clock(),
            data=store.clean_data(data)))


def consent_key(conversation_id: str, question: Question, number: str) -> str:
    """Return the idempotency key of what a question asked about an order: the same for every try at it."""
    of_several = "" if number == question.number else f":{number}"
    return f"consent:{conversation_id}:{question.id}{of_several}"


def _asked(window: Sequence[Message], seq: int) -> Message | None:
    """Return the latest message before `seq` that asks for a yes and may have been seen."""
    asking = [one for one in window if one.seq < seq and one.author is Author.BOT and Question.of(one) is not None
              and one.delivery is not Delivery.FAILED]
    return asking[-1] if asking else None


def _answer(message: Message, asking: Message, window: Sequence[Message]) -> ConsentAnswer:
    question = Question.of(asking)
    assert question is not None
    payload = message.data.get("payload")
    if payload:
        offered = next((one for one in window if one.seq == message.data.get("button_of")), None)
        theirs = Question.of(offered) if offered is not None else None
        if theirs is None or theirs.id != question.id:
            return ConsentAnswer.OTHER
        if is_yes(payload):
            return ConsentAnswer.EXPLICIT_YES
        return ConsentAnswer.NO if is_no(payload) else ConsentAnswer.OTHER
    titles = {}
    for button in asking.data.get("buttons") or ():
        title, payload = str(button.get("title") or ""), button.get("payload")
        # A title that is a mere yes names nothing: after another answer it counts as little as any yes.
        if is_yes(payload) and read_answer(title, question.act, *question.numbers) is not ConsentAnswer.YES:
            titles[title] = ConsentAnswer.EXPLICIT_YES
    return read_answer(message.text, question.act, *question.numbers, titles=titles)


def _takes_back(answer: ConsentAnswer) -> bool:
    return answer in (ConsentAnswer.NO, ConsentAnswer.STOP, ConsentAnswer.UNCLEAR)
