"""The one reader of order numbers: what customers write, however loosely, becomes the number as the shop writes it.

How they write loosely follows from the shop's forms: without the prefix, in small letters, with other dashes or none,
digit by digit. In a message a number needs something that tells it from prices, dates, years and quantities: its
prefix, a "#", a word such as "order" before it, or a form that nothing else has. Where a number is due, as the answer
to the question for it, it may stand bare.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tandem.shop.order_number_form import GAP, OrderNumberForm

MAX_LENGTH = 254
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_NUMBER_WORD = r"(?:\s?(?:NUMBERS?|NUM|NO|NR|ID|REF|REFERENCE))\.?"
_LINK = r"\s?(?:IS|WAS|:|=|\#|-)?\s?\#?\s?"
_MONTH = (r"JAN(?:UARY)?|FEB(?:RUARY)?|MAR(?:CH)?|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?|SEP(?:T(?:EMBER)?)?|"
          r"OCT(?:OBER)?|NOV(?:EMBER)?|DEC(?:EMBER)?")
# What makes a number an amount, a time, a quantity or a date; none of them is an order.
_MEASURED = re.compile(
    r"\s?(?:%|[€£$°]|[.,]\d)|\s?-?\s?(?:EUROS?|DOLLARS?|USD|EUR|GBP|POUNDS?|QUID|BUCKS?|CENTS?|PERCENT|"
    r"DAYS?|WEEKS?|MONTHS?|YEARS?|HOURS?|HRS?|MINUTES?|MINS?|AM|PM|O'CLOCK|TIMES|X|PIECES?|PCS|UNITS?|ITEMS?|MORE|OF|"
    rf"CM|MM|KG|ML|LITRES?|INCH(?:ES)?|POINTS?|STREET|ST|AVE(?:NUE)?|ROAD|RD|{_MONTH})\b")
_PRICED = re.compile(r"(?:[€£$]\s?|\b(?:USD|EUR|GBP|RS)\s?)\Z")
_DATED = re.compile(rf"\b(?:IN|SINCE|UNTIL|TILL|YEAR|SUMMER|WINTER|{_MONTH})\.?,?\s+\Z")
_COUNTED = re.compile(
    r"\b(?:PAGE|ROOM|APT|APARTMENT|SUITE|UNIT|FLOOR|FLAT|QTY|QUANTITY|SIZE|AGED?|PAID|COSTS?)\.?\s+\Z")
_TO_ORDER = re.compile(r"\b(?:TO|CAN|COULD|I|WE|YOU|WOULD|WILL|RE|PLEASE|NOT|N'T|JUST|EVER|ALWAYS)\s+\Z")
_PLACED = re.compile(
    r"\b(?:ZIP|POST|POSTAL|POSTCODE|ZIPCODE|CODE|TO|IN|FROM|NEAR|AREA)\b[\s:,]*(?:CODE\b)?[\s:,]*"
    r"(?:IS\b|WAS\b|WOULD BE\b)?\W*\Z")
_START = r"(?<![\w@$€£.,/+-])"
_YEARS = range(1990, 2040)


@dataclass(frozen=True)
class NumberInText:
    """An order number in a text: where it stands, and how the shop writes it."""

    start: int
    end: int
    number: str


class OrderNumbers:
    """Reads the numbers of one shop.

    Args:
        forms: How the shop writes them; of a number without its prefix the first form that fits is meant.
        called: The words by which customers call an order before its number.
        example: A number to show; invented if empty.
    """

    def __init__(self, forms: Sequence[OrderNumberForm], called: Sequence[str] = ("order",), example: str = "") -> None:
        self._forms = tuple(forms)
        self.example = example or self.number("10421")
        self._exact = [re.compile(form.exact) for form in self._forms]
        words = "|".join(re.escape(word.upper()).replace(r"\ ", r"\s?") for word in called)
        self._alone = [(form, re.compile(
            rf"(?:(?:{words})\s*)?(?:(?:{_NUMBER_WORD}|NUMBER)\s*)?(?:[:=]\s*)?\#?\s*"
            rf"{_optional(form.prefix, f'(?:PREFIX{GAP}*)')}{form.loose_core('p')}"
            rf"{_optional(form.suffix, f'(?:{GAP}*PREFIX)')}")) for form in self._forms]
        self._told = [found for form in self._forms for found in _evidence(form, words)]
        self._bare = [re.compile(rf"(?<![\w@$€£.,/+\-#]){form.loose_core('p')}(?![\w@/-])(?!\.\d)")
                      for form in self._forms]

    def read(self, text: str) -> str | None:
        """Read a text that is nothing but an order number, with or without its prefix; None if it is something else."""
        if len(text) > MAX_LENGTH:
            return None
        said = _tidy(text).upper()
        if not said.isascii():
            return None
        if any(pattern.fullmatch(said) for pattern in self._exact):
            form = next(form for form, pattern in zip(self._forms, self._exact) if pattern.fullmatch(said))
            return _as_written(said, form)
        for form, pattern in self._alone:
            found = pattern.fullmatch(said)
            if found:
                return form.canonical(_said(form, found))
        return None

    def find(self, text: str) -> list[NumberInText]:
        """Find the order numbers that a message names, in the order of the text."""
        said = _same_length(text)
        found: list[tuple[int, NumberInText]] = []
        for rank, evidence in enumerate(self._told):
            found.extend((rank, one) for one in evidence.find(said, text))
        found.sort(key=lambda one: (one[1].start - one[1].end, one[0]))
        kept: list[NumberInText] = []
        for _, one in found:
            if not any(one.start < other.end and other.start < one.end for other in kept):
                kept.append(one)
        return sorted(kept, key=lambda one: one.start)

    def bare(self, text: str) -> tuple[str, ...]:
        """Return, as they stand there, the numbers of a text that may be order numbers without their prefix.

        A postcode may look the same: what the words before it call a place is left out.
        """
        said = _same_length(text)
        spans: dict[tuple[int, int], None] = {}
        for pattern in self._bare:
            for found in pattern.finditer(said):
                value = said[found.start(): found.end()]
                before, after = said[: found.start()], said[found.end():]
                alone = value == said.strip(" .,!?")
                if (alone or len(value) > 2) and not _is_something_else(value, before, after) \
                        and not _PLACED.search(before) and not _in_a_row(value, before, after):
                    spans[found.span()] = None
        taken: list[tuple[int, int]] = []
        for start, end in sorted(spans, key=lambda span: span[0] - span[1]):
            if not any(start < other_end and other < end for other, other_end in taken):
                taken.append((start, end))
        return tuple(text[start:end] for start, end in sorted(taken))

    def written_in(self, text: str) -> list[str]:
        """Return the numbers that stand in a text of the shop's own, written as the shop does."""
        found = [match for form in self._forms for match in re.finditer(
            rf"(?<![\w.,$€£]){form.exact}(?!\w|[.,%]\d|%)", text)]
        return [match.group() for match in sorted(found, key=lambda match: match.start())]

    def core_of(self, number: str) -> str:
        """Return a number of the shop without prefix and suffix: "10421", as many customers write it."""
        for form, pattern in zip(self._forms, self._exact):
            if pattern.fullmatch(number.upper()):
                return number[len(form.prefix): len(number) - len(form.suffix)]
        return number

    def number(self, serial: str) -> str:
        """Make a number of the shop's first form from a serial number."""
        return self._forms[0].number(serial)

    def fits(self, number: str) -> bool:
        """Check whether a number is written as the shop writes its numbers."""
        return any(pattern.fullmatch(number.upper()) for pattern in self._exact)


@dataclass(frozen=True)
class _Evidence:
    """A way in which numbers of a form are told from other numbers; `group` 0 of the pattern holds the number."""

    form: OrderNumberForm
    pattern: re.Pattern[str]
    shortest: int = 1  # digits
    is_verb: bool = False  # the word before it may be one: "can I order 100"

    def find(self, said: str, text: str) -> Iterator[NumberInText]:
        """Yield what stands in `said`, which is `text` in capitals."""
        for found in self.pattern.finditer(said):
            start, end = found.start("number"), found.end("number")
            value = said[start:end]
            short = sum(sign.isdigit() for sign in value)
            if (short < self.shortest and not value.isalpha()) or _MEASURED.match(said, end):
                continue
            if value.isalpha() and not text[start:end].isupper():
                continue  # a long word
            if self.is_verb and short < 5 and _TO_ORDER.search(said[: found.start()]):
                continue
            yield NumberInText(start, end, self.form.canonical(_said(self.form, found)))


def _evidence(form: OrderNumberForm, words: str) -> Iterator[_Evidence]:
    """Yield the ways to tell a number of this form, the surest first."""
    core = form.loose_core("p")
    end = r"(?!\w)(?![-/.]\d)"
    suffix = _optional(form.suffix, f"(?:{GAP}*PREFIX)")
    letters = "".join(sign for sign in form.prefix if sign.isalpha())
    if letters:
        # "A 1001" may be anything; two letters and more are a prefix even apart from their number.
        gap = f"{GAP}{{0,3}}" if len(letters) > 1 else r"[\-_.#:/]?"
        prefix = _loose_text(form.prefix)
        yield _Evidence(form, re.compile(rf"(?<![^\W_])(?P<number>\#?\s?{prefix}{gap}{core}{suffix}){end}"))
    if any(sign.isalpha() for sign in form.suffix):
        yield _Evidence(form, re.compile(
            rf"{_START}(?P<number>{core}{GAP}?{_loose_text(form.suffix)}){end}"))
    if form.distinctive:
        yield _Evidence(form, re.compile(rf"{_START}(?P<number>{core}{suffix}){end}"))
    padded = [part for part in form.core if part.kind == "padded" and part.most >= 6]
    if padded and len(form.core) == 1:
        yield _Evidence(form, re.compile(
            rf"{_START}(?=0)(?=[0-9]{{{padded[0].most}}}(?!\d))(?P<number>{core}){end}"))
    yield _Evidence(form, re.compile(
        rf"(?<![^\W_])(?:{words}){_NUMBER_WORD}{_LINK}(?P<number>{core}{suffix}){end}"))
    yield _Evidence(form, re.compile(
        rf"(?<![^\W_])(?:{words})\.?(?=\s?[:=\#\d]|\s(?:IS|WAS)\s|\s[A-Z]){_LINK}(?P<number>{core}{suffix}){end}"),
        shortest=3, is_verb=True)
    yield _Evidence(form, re.compile(rf"(?<![\w\#&/])(?P<number>\#\s?{core}{suffix}){end}"), shortest=2)


def _optional(literal: str, pattern: str) -> str:
    inside = _loose_text(literal)
    return pattern.replace("PREFIX", inside) + "?" if inside else ""


def _loose_text(literal: str) -> str:
    return f"{GAP}*".join(map(re.escape, re.findall(r"[A-Z0-9]+", literal.upper())))


def _said(form: OrderNumberForm, match: re.Match[str]) -> list[str]:
    return [match[f"p{at}"] for at in range(len(form.core))]


def _is_something_else(value: str, before: str, after: str) -> bool:
    """Check whether a number is an amount, a time, a date, a year or a part of an address."""
    year = value.isdigit() and int(value[:9]) in _YEARS and _DATED.search(before)
    return bool(year or _MEASURED.match(after) or _PRICED.search(before) or _COUNTED.search(before)
                or re.search(rf"\b(?:{_MONTH})\.?\s+\Z", before))


def _in_a_row(value: str, before: str, after: str) -> bool:
    """Check whether other groups of digits stand beside it, as in a phone number."""
    if not value.isdigit():
        return False
    return bool(re.search(r"\d[ ).-]+\Z", before) or re.match(r"[ (.-]+\d{2,}", after))


def _as_written(said: str, form: OrderNumberForm) -> str:
    """Give letters of the form the case in which the shop writes them."""
    start, end = len(form.prefix), len(said) - len(form.suffix)
    return form.prefix + said[start:end] + form.suffix


def _tidy(text: str) -> str:
    """Turn full-width digits and typographic dashes into plain ones, drop invisible characters, normalise blanks."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    visible = "".join(c for c in plain if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join(visible.split())


def _same_length(text: str) -> str:
    """Write a text in capitals with plain dashes and digits, each sign in its place."""
    return "".join(up if len(up := unicodedata.normalize("NFKC", sign).upper()) == 1 else sign
                   for sign in text.translate(_DASHES))
