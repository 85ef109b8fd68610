"""The form in which a shop writes order numbers: `#{digits 4-6}`, `EN{digits 4}-B`, `{digits 4}/{digits 2}-{padded 4}`.

A form is literal text and parts in braces. A part is a kind of signs and how many of them: one number, or from and to.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

_KINDS = {"digits": "[0-9]", "padded": "[0-9]", "letters": "[A-Z]", "code": "[A-Z0-9]"}
_PART = re.compile(r"\{([^{}]*)\}")
_INSIDE = re.compile(r"\s*(\w+)\s+(\d{1,2})(?:\s*-\s*(\d{1,2}))?\s*")
_LONGEST = 40
GAP = r"[\s\-_.#:/]"  # what customers put, or leave out, between the parts of a number
_SPOKEN = {"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
           "seven": "7", "eight": "8", "nine": "9"}
_DIGIT = rf"(?:[0-9]|(?:{'|'.join(word.upper() for word in _SPOKEN)})(?![A-Z]))"


def digits_in(text: str) -> str:
    """Return the digits of a number that may be said digit by digit: "1 0 0 1", "one zero zero one"."""
    for word, digit in _SPOKEN.items():
        text = re.sub(rf"(?<![A-Za-z]){word}(?![A-Za-z])", digit, text, flags=re.IGNORECASE)
    return "".join(sign for sign in text if sign in "0123456789")


@dataclass(frozen=True)
class Part:
    """A part of a form: literal text, or from `least` to `most` signs of a kind."""

    literal: str = ""
    kind: str = ""
    least: int = 0
    most: int = 0

    @property
    def numeric(self) -> bool:
        """Check whether it is made of digits that vary."""
        return self.kind in ("digits", "padded")

    def pattern(self) -> str:
        """Match the part as the shop writes it, in capitals."""
        return f"{_KINDS[self.kind]}{{{self.least},{self.most}}}" if self.kind else re.escape(self.literal.upper())

    def loose_pattern(self) -> str:
        """Match the part as customers write it, in capitals: said digit by digit, without leading zeros."""
        if not self.kind:
            return f"{GAP}*".join(map(re.escape, re.findall(r"[A-Z0-9]+", self.literal.upper())))
        if not self.numeric:
            return self.pattern()
        least = 1 if self.kind == "padded" else self.least
        apart = rf"{_DIGIT}(?:[ ,.\-]{{1,2}}{_DIGIT}){{{max(least, 2) - 1},{max(self.most, 2) - 1}}}(?![ ,.\-]?[0-9])"
        return f"(?:{apart}|[0-9]{{{least},{self.most}}}(?![0-9]))"

    def canonical(self, said: str) -> str:
        """Write what a customer wrote for this part as the shop does."""
        if not self.kind:
            return self.literal
        plain = digits_in(said) if self.numeric else said.upper()
        return plain.zfill(self.most) if self.kind == "padded" else plain

    def filled(self, serial: str) -> str:
        """Return an example of the part, made of a serial number."""
        if not self.kind:
            return self.literal
        if self.numeric:
            return serial.zfill(self.most if self.kind == "padded" else self.least)[-self.most:]
        return ("A" if self.kind == "letters" else "7") * self.least


class FormError(ValueError):
    """A form cannot be read; the text finishes "a form ..."."""


@dataclass(frozen=True)
class OrderNumberForm:
    """A form: `parts` in their order. Numbers are compared in capitals, and written with the form's own signs."""

    written: str
    parts: tuple[Part, ...]

    @classmethod
    def parse(cls, written: str) -> OrderNumberForm:
        """Read a form.

        Raises:
            FormError: A part is of no kind that there is, or there is none that varies.
        """
        parts: list[Part] = []
        for at, piece in enumerate(_PART.split(written)):
            if at % 2 == 0:
                if re.search(r"[{}]", piece):
                    raise FormError("has a brace without its other")
                parts.extend([Part(literal=piece)] if piece else ())
                continue
            inside = _INSIDE.fullmatch(piece)
            if inside is None or inside[1] not in _KINDS:
                raise FormError(f"has {{{piece}}}, which must be such as {{digits 5}} or {{digits 4-8}}; there are "
                                f"{', '.join(_KINDS)}")
            least, most = int(inside[2]), int(inside[3] or inside[2])
            if not 1 <= least <= most <= _LONGEST:
                raise FormError(f"has {{{piece}}}, whose length must be from 1 to {_LONGEST}, the smaller one first")
            parts.append(Part(kind=inside[1], least=least, most=most))
        if not any(part.numeric or part.kind == "code" or part.least >= 6 for part in parts if part.kind):
            raise FormError("needs a part that varies, such as {digits 4-8}")
        return cls(written, tuple(parts))

    @cached_property
    def exact(self) -> str:
        """Match a number as the shop writes it, in capitals."""
        return "".join(part.pattern() for part in self.parts)

    @cached_property
    def prefix(self) -> str:
        """Return what stands before the first part that varies and may be left out; nothing if it is digits."""
        return self._outer(self.parts)

    @cached_property
    def suffix(self) -> str:
        """Return what stands after the last part that varies and may be left out; nothing if it is digits."""
        return self._outer(self.parts[::-1])

    @staticmethod
    def _outer(parts: Sequence[Part]) -> str:
        first = parts[0].literal
        return first if any(sign.isalpha() for sign in first) or not any(sign.isdigit() for sign in first) else ""

    @cached_property
    def core(self) -> tuple[Part, ...]:
        """Return the parts without prefix and suffix: what a customer must write at least."""
        start, end = (1 if self.prefix else 0), (len(self.parts) - (1 if self.suffix else 0))
        return self.parts[start:end]

    def loose_core(self, group: str) -> str:
        """Match the core as customers write it, each part in a group named `group` and its number."""
        found = []
        for at, part in enumerate(self.core):
            if at and part.kind and self.core[at - 1].kind == "":
                between = self.core[at - 1].literal
                found.append(f"{GAP}*" if any(sign.isalnum() for sign in between) else "")
            pattern = part.loose_pattern()
            if not part.kind and not pattern:  # signs alone stand between two parts
                pattern = rf"\s?{GAP}\s?"
            elif not part.kind and at:
                pattern = f"{GAP}*{pattern}"
            found.append(f"(?P<{group}{at}>{pattern})")
        return "".join(found)

    def canonical(self, said: Sequence[str]) -> str:
        """Write a number as the shop does, from what a customer wrote for each part of the core."""
        return self.prefix + "".join(map(Part.canonical, self.core, said)) + self.suffix

    def number(self, serial: str) -> str:
        """Make a number of this form from a serial number of digits: of the last part, the others are invented."""
        last = max(at for at, part in enumerate(self.parts) if part.kind)
        return "".join(part.filled(serial if at == last else "1" * part.least) for at, part in enumerate(self.parts))

    @property
    def distinctive(self) -> bool:
        """Check whether what is written in this form without a word before it can hardly be anything else."""
        parts = [part for part in self.core if part.kind]
        return len(parts) > 1 or any(not part.numeric and part.least >= 8 for part in parts)
