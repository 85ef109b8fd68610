"""Read whether a message is a plain yes to a question about an act: small, pure, and by tables.

The general reader of messages is built to guess well; this one is built never to take anything else for a yes. A
message is a yes only if it is made of phrases of the tables below and of nothing else: whatever refuses, asks, doubts
or sets a condition is none, in whatever words. What is not clear is asked once more, which harms nobody.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache

LONGEST_YES = 100  # characters; a longer message says more than yes
_SHORT_NO = 6  # words
_NUMBER = "\ue000"  # stands for the number of the order that was asked about


class ConsentAnswer(str, Enum):
    """What a message says to the question whether to act."""

    YES = "yes"  # a plain yes
    EXPLICIT_YES = "explicit_yes"  # one that names the act: "yes, cancel it"
    NO = "no"
    STOP = "stop"  # a no that drops the matter: "keep it", "don't", "never mind"
    LATER = "later"  # put off: "let me think about it"
    UNCLEAR = "unclear"  # a yes or a no, and something beside it: a question, a doubt, a condition
    OTHER = "other"  # neither


_WEAK = ("ok", "okay", "okey", "k", "kk", "alright", "all right", "fine")  # also said before a no
_YES = (
    *_WEAK, "yes", "y", "ye", "yea", "yeah", "yeh", "yep", "yup", "aye", "sure", "sure thing", "of course", "certainly",
    "definitely", "absolutely", "affirmative", "go ahead", "go for it", "do it", "do that", "do so", "please do",
    "proceed", "confirm", "confirmed", "i confirm", "agreed", "i agree", "correct", "that's correct", "thats correct",
    "that is correct", "right", "that's right", "thats right", "that is right", "exactly", "sounds good", "that's fine",
    "thats fine", "that is fine", "fine by me", "fine with me", "that works", "works for me", "i said yes",
    "👍", "👌", "✅", "✔", "☑", "🆗",
)
_POLITE = (
    "please", "pls", "plz", "thanks", "thank you", "thx", "ty", "cheers", "now", "right now", "right away",
    "straight away", "immediately", "asap", "and", "then", "hi", "hello", "🙏", "🙂", "😊", "😀", "😄",
)
# Phrases that name the act.
_ORDER = f"(?:it|(?:the |my |this |that )?(?:whole |entire )?order(?: {_NUMBER})?|{_NUMBER})"
_WISH = "(?:(?:i want (?:you )?to|i would like (?:you )?to|i'd like (?:you )?to|go ahead and|go on and) )?"
_TELL = "|".join(f"(?:(?:you can|you may|do) )?{phrase}" for phrase in (
    "(?:tell|update|message|notify|inform|ping|write to) me", "let me know", "keep me (?:posted|updated|informed)"))
_NEWS = (
    r"(?:when|once|as soon as|whenever) (?:it|something|anything|(?:the|my) (?:order|parcel|package)) (?:ships|is late|"
    r"arrives|comes|changes|happens|moves|leaves|goes out|gets here|is (?:sent|shipped|delivered|here|on its way))|"
    r"if (?:anything|something|it) (?:changes|happens|moves)|of any changes"
)
_CURT = "(?:yes|yeah|yep|yup|yea)"  # before the bare verb: "YES CANCEL"
_ACTS: Mapping[str, str] = {
    "cancel_order": rf"{_WISH}cancel {_ORDER}|confirm the cancellation|{_CURT} cancel",
    "change_address": (
        rf"{_WISH}(?:(?:send|ship|deliver) {_ORDER} (?:there|to (?:that|this|the new) address)|"
        r"change (?:it|the address|my address|the delivery address)|use (?:that|this) address)|"
        r"(?:that|this|the) address is (?:right|correct)|(?:it's|it is) the right address|"
        rf"{_CURT} (?:do )?change"
    ),
    "get_refund": rf"{_WISH}(?:refund (?:me|{_ORDER})|give me (?:my|the) money back)|(?:make|issue) the refund|"
                  rf"{_CURT} refund",
    "return_item": (
        rf"{_WISH}(?:send {_ORDER} back|send them back|return {_ORDER}|return them|set it up|"
        rf"(?:set up|start|register) (?:the|my) return)|{_CURT} (?:return|send back|set up)"
    ),
    "order_updates": rf"(?:{_TELL})(?:| about {_ORDER}| (?:{_NEWS}))",
}
_ON_SEVERAL: Mapping[str, str] = {"cancel_order": "cancel"}  # acts that may be asked for several orders at once
_COUNTS = ("", "", "two", "three", "four", "five")
# Words for the act that may also drop the matter: they name it only behind a firm yes, "yes, scrap it".
_ACTS_AFTER_YES: Mapping[str, str] = {
    "cancel_order": rf"(?:scrap|bin|ditch|kill|void|annul|axe|get rid of|call off) {_ORDER}|call {_ORDER} off",
}
_DONT = r"(?:don't|dont|don t|do not|donot|never|won't|wont|will not|wouldn't|wouldnt|would not)"
_NOT_ABOUT_IT = "(?:know|mind|care|understand|get|think|see|have|remember|believe|worry|you|we|i)"
# Words that only lead up to what is said.
_LEAD = (
    r"(?:(?:please|pls|plz|just|actually|oh|ah|sorry|well|h+m+|u+m+|u+h+|e+r+m*|wait|hold on|hang on|then|so|and|but|"
    r"thanks|thank you|hey|hi|hello|oops|whoa|in that case|i (?:just )?said|i (?:just )?say|"
    r"on reflection|thinking about it|come to think of it|you know what|after all|in the end|i think|"
    r"i guess|now that i think about it|" + "|".join(_WEAK) + r") )*"
)
# A yes to the question itself even where something was told before it in the same breath.
_TO_THE_QUESTION = (
    "yes", "y", "ye", "yea", "yeah", "yeh", "yep", "yup", "aye", "affirmative", "go ahead", "go for it", "do it",
    "do that", "do so", "please do", "proceed", "confirm", "confirmed", "i confirm", "i said yes",
)
# Drops the matter, whatever was asked.
_DROP = (
    rf"(?:(?:no|nope|nah) )*{_DONT} (?:return|send|cancel|change|do|bother|touch)\b",
    rf"(?:i|we) (?:really |still |just )?{_DONT} (?:want|wanna|wish) to (?:return|send|cancel|change)\b",
    r"(?:(?:no|nope|nah|not) )*keep\b", r"(?:no )?leave (?:it|the|my|that|this|everything|things)\b",
    r"(?:no )?forget (?:it|that|about)\b", r"never ?mind\b", r"nvm\b", r"(?:no )?stop\b", r"abort\b",
    r"(?:i|we)(?:'d| would)? rather (?:not|keep|leave)\b", r"rather (?:not|keep|leave)\b",
    r"(?:i|we)(?:'ll| will| want to| wanna|'d like to| would like to| prefer to| decided to) (?:not|keep|leave)\b",
    r"(?:let's|lets|let me|let us) (?:not|keep|leave)\b",
)
# The same, where only a yes or a no is waited for.
_STOP = (
    *_DROP, rf"(?:(?:no|nope|nah) )*{_DONT}\b(?! {_NOT_ABOUT_IT}\b)",
    rf"(?:i|we) (?:really |still |just )?{_DONT} (?:want|wanna|wish|need|agree|cancel|return|send|change)\b",
    r"(?:no )?forget\b", r"halt\b", r"undo\b", r"not (?:now|today|yet|any ?more)\b", r"(?:i|we)(?:'d| would)? rather\b",
    r"(?:i |i've |i have |ive )?changed my mind\b", r"on second thoughts?\b", "🛑", "✋", "🚫", "⛔",
)
_NO = (
    r"no\b", r"n\b", r"nope\b", r"na+h+\b", r"naw\b", r"nay\b", r"negative\b", r"not\b", r"wrong\b", r"incorrect\b",
    r"neither\b", r"none\b", r"(?:that|it)(?:'s| is|s) (?:not|wrong)\b", r"(?:that|it) isn't\b", "👎", "❌", "✖", "🙅",
)
# These begin like a no and are none; nobody can say which they are, so they are asked about.
_NEITHER = (
    r"no (?:problem|worries|doubt|idea|clue|rush|hurry|objection)", r"not (?:really |so |quite )?(?:sure|certain)\b",
    r"not (?:quite|entirely|bad|only)\b", r"never (?:a |any )?(?:problem|doubt)",
    rf"(?:i|we) (?:really |still |just )?{_DONT} (?:want|need|like) (?:it|them|this|that)\b",  # to cancel, or not to?
)
# Puts the decision off.
_LATER = (
    r"\bsleep (?:on|over) (?:it|that|this)\b",
    r"\b(?:think|thinking|thought) (?:about|over|on|it over|that over|this over)\b",
    r"\b(?:let me|need to|have to|must|want to|going to|i'll|i will) (?:think|decide|consider|check|ask)\b",
    r"\b(?:undecided|make up my mind|in two minds)\b",
    r"\b(?:haven't|have not|not) (?:quite |really )?(?:decided|made up my mind)\b",
    r"\b(?:another|some other) (?:time|day)\b",
)
# The same, where only a yes or a no is waited for.
_DOUBT = (
    r"\b(?:maybe|perhaps|possibly|unsure|dunno|later|tomorrow|no idea)\b", "🤔",
    r"\bnot (?:so |really |quite |completely )?(?:sure|certain)\b", r"\b(?:don't|dont|do not) (?:really )?know\b",
    r"\b(?:a|one) (?:moment|minute|min|sec|second)\b", r"^(?:[^ ]+ )*?(?:wait|hold on|hang on) ?$",
)
# Says that a wish was a mistake, or that there was none.
_REGRET = (
    r"\bundo\b", r"\btake (?:it|that) back\b", r"\bstill (?:want|need)\b", r"\bmistake\b", r"\bun-?cancel",
    r"\b(?:revert|reverse|restore)\b", r"\bbring (?:it|that|my order) back\b", r"\bchanged my mind\b",
    r"\b(?:didn't|didnt|did not|never) (?:want|mean|say|said|ask|agree)", r"^(?:oh )?no\b",
)
_ASKING = (
    r"(?:what|whats|what's|why|how|hows|how's|when|where|wheres|where's|who|whos|who's|which|whose)\b",
    r"(?:can|could|would|should|shall|may|might)\b",
    r"(?:is|are|was|were|do|does|did|will|has|have) (?:i|you|it|this|that|there|they|we|the|my)\b",
)
_UNSEEN = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f\u00ad"
                        f"\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff{_NUMBER}")
_QUOTES = str.maketrans(dict.fromkeys("’‘‛ʼʹ`´′ꞌ", "'"))
_STRETCHED = {"yes": "yes", "yep": "yep", "yup": "yup", "yeah": "yeah", "ok": "ok", "sure": "sure", "no": "no",
              "nope": "nope", "nah": "nah", "please": "please", "stop": "stop", "wait": "wait"}
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]|_")
_LIGHT = frozenset(".,!'\"()-–—…:;")  # signs that may stand about a yes
_CLAUSE_END = re.compile(r"[.!?;:,…()\n]+|\s[-–—]+\s")


def _one_of(phrases: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, phrases), key=len, reverse=True))


def _table(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_PLAIN_YES, _COURTESY, _FIRM_YES = _one_of(_YES), _one_of(_POLITE), _one_of(set(_YES) - set(_WEAK))
_BEGINS_YES = re.compile(rf"(?:{_PLAIN_YES})(?: |$)")
_BEGINS_FIRM = re.compile(rf"(?:{_FIRM_YES})(?: |$)")
_FIRMLY = re.compile(rf"(?:^| )(?:{_one_of(_TO_THE_QUESTION)})(?: |$)")
_ONLY_COURTESY = re.compile(rf"(?:(?:{_COURTESY})(?: |$))+")
_LEADS, _DROPS, _STOPS, _NOS, _NEITHERS = map(_table, ([_LEAD], _DROP, _STOP, _NO, _NEITHER))
_LATERS, _DOUBTS, _REGRETS, _ASKINGS = map(_table, (_LATER, _DOUBT, _REGRET, _ASKING))


def read_answer(
    text: str, act: str, *numbers: str, titles: Mapping[str, ConsentAnswer] | None = None,
) -> ConsentAnswer:
    """Read what a message says to the question whether to do `act`.

    Args:
        act: A key of the table of acts. Of another one no phrases are known: only its button's title names it.
        numbers: Of the orders that were asked about. With another number in it, or with some of several, a message is
            no yes.
        titles: The words on the question's buttons, and what each says; typed out they are as good as pressed.
    """
    plain = _plain(text, *numbers)
    line = _line(plain)
    typed = {answer for title, answer in (titles or {}).items() if _line(_plain(title, *numbers)) == line}
    if line and len(typed) == 1 and not has_question_mark(text):
        return typed.pop()
    named = [number for number in numbers if _NUMBER in _plain(text, number)]
    is_whole = len(named) in (0, len(numbers))
    if is_whole and len(plain) <= LONGEST_YES and not has_question_mark(text) and not _ONLY_COURTESY.fullmatch(line):
        yes, names_it = _PLAIN_YES, _ACTS.get(act, "(?!)")
        after_yes = _ACTS_AFTER_YES.get(act, "(?!)") if _BEGINS_FIRM.match(line) else "(?!)"
        if len(numbers) > 1:
            all_of_them, names_it = _of_several(act, len(numbers))
            after_yes = "(?!)"
            yes = f"{yes}|{all_of_them}"
        if re.fullmatch(rf"(?:(?:{yes}|{_COURTESY}|{names_it}|{after_yes})(?: |$))+", line):
            is_explicit = re.search(rf"(?:^| )(?:{names_it})(?: |$)", line)
            return ConsentAnswer.EXPLICIT_YES if is_explicit else ConsentAnswer.YES
    answer = _no_or_unclear([clause for clause in map(_line, _CLAUSE_END.split(plain)) if clause])
    return ConsentAnswer.UNCLEAR if answer is ConsentAnswer.LATER and asks(text) else answer


def asks(text: str) -> bool:
    """Check whether a message is a question, by its sign or by the first word of it or of one of its sentences."""
    clauses = [_rest(clause) for clause in map(_line, _CLAUSE_END.split(_plain(text))) if clause]
    return has_question_mark(text) or any(map(_ASKINGS.match, clauses))


def drops_the_matter(text: str) -> ConsentAnswer | None:
    """Check whether a message drops a wish (STOP) or puts it off (LATER), amid questions about its details."""
    clauses = [clause for clause in map(_line, _CLAUSE_END.split(_plain(text))) if clause]
    if any(_DROPS.match(_rest(clause)) for clause in clauses):
        return ConsentAnswer.STOP
    return ConsentAnswer.LATER if any(map(_LATERS.search, clauses)) and not has_question_mark(text) else None


def is_firm(text: str) -> bool:
    """Check whether a yes says "yes" or "do it", and not merely "ok" or "that's fine", which may be to anything."""
    return bool(_FIRMLY.search(_line(_plain(text))))


def regrets(text: str) -> bool:
    """Check whether a message after an act wants it undone, calls it a mistake, or says that nobody asked for it."""
    clauses = [clause for clause in map(_line, _CLAUSE_END.split(_plain(text))) if clause]
    return any(_REGRETS.search(clause) or _STOPS.match(_rest(clause)) for clause in clauses)


def says_more_than_no(text: str) -> bool:
    """Check whether a message that refuses says something else too: another sentence, or many more words."""
    rests = [_rest(clause) for clause in map(_line, _CLAUSE_END.split(_plain(text))) if clause]
    return any(rest and (not (_STOPS.match(rest) or _NOS.match(rest)) or len(rest.split()) > _SHORT_NO)
               for rest in rests)


def has_question_mark(text: str) -> bool:
    """Check whether a text has a question mark, of whatever script."""
    return any(name in unicodedata.name(sign, "") for sign in set(text) for name in ("QUESTION MARK", "INTERROBANG"))


def _no_or_unclear(clauses: Sequence[str]) -> ConsentAnswer:
    rests = [_rest(clause) for clause in clauses]
    neither = any(_NEITHERS.match(rest) for rest in rests)
    stops = any(_STOPS.match(rest) for rest in rests)
    refuses = stops or any(_NOS.match(rest) for rest in rests)
    agrees = any(_BEGINS_FIRM.match(rest) for rest in rests)
    if refuses and not (neither or agrees):
        return ConsentAnswer.STOP if stops else ConsentAnswer.NO
    if any(_LATERS.search(clause) or _DOUBTS.search(clause) for clause in clauses):
        return ConsentAnswer.LATER
    hums = any(not (rest or _ONLY_COURTESY.fullmatch(clause)) for rest, clause in zip(rests, clauses, strict=True))
    if refuses or neither or agrees or hums or any(_BEGINS_YES.match(clause) for clause in clauses):
        return ConsentAnswer.UNCLEAR
    return ConsentAnswer.OTHER


@lru_cache(maxsize=32)
def _of_several(act: str, count: int) -> tuple[str, str]:
    """Return the pattern that means all of so many orders, and the one that names the act; "it" may be any of them."""
    how_many = re.escape(_COUNTS[count]) if count < len(_COUNTS) else "(?!)"
    both = "both|" if count == 2 else ""
    whose = re.compile(r"(?: of (?:them|these|those)| (?:of )?(?:(?:the|my|these|those) )?orders)?").pattern
    all_of = re.compile(rf"(?:{both}all(?: {how_many})?){whose}|(?:orders )?{_NUMBER}(?:(?: and)? {_NUMBER})+")
    them = re.compile(rf"them(?: (?:{both}all))?|(?:(?:the|my|these|those)(?: {how_many})? )?orders")
    verb = _ON_SEVERAL.get(act, "(?!)")
    return all_of.pattern, re.compile(rf"{_WISH}{verb} (?:{all_of.pattern}|{them.pattern})").pattern


def _rest(clause: str) -> str:
    """Cut off the words of a clause that only lead up to what it says."""
    return _LEADS.sub("", f"{clause} ", count=1).strip()


def _plain(text: str, *numbers: str) -> str:
    """Write a text in one spelling: compatible characters, small letters, plain apostrophes, these numbers a sign."""
    plain = unicodedata.normalize("NFKC", text.translate(_UNSEEN)).casefold().translate(_QUOTES)
    for number in numbers:
        groups = re.findall(r"[^\W\d_]+|\d+", number.casefold())
        if groups:
            bare = [groups[-1]] if groups[-1].isdigit() and len(groups[-1]) > 3 else []
            forms = "|".join([r"[\W_]*".join(groups), *bare])
            plain = re.sub(rf"#?(?<!\w)(?:{forms})(?!\w)", f" {_NUMBER} ", plain)
    return plain


def _line(plain: str) -> str:
    """Join the words and the signs that mean something, with one blank between two."""
    return " ".join(_unstretched(token) for token in _TOKEN.findall(plain) if token not in _LIGHT)


def _unstretched(token: str) -> str:
    """Shorten stretched letters: "yesss" is "yes"."""
    return _STRETCHED.get(re.sub(r"(.)\1+", r"\1", token), token)
