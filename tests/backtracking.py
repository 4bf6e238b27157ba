"""Steps that a regular expression takes: those of a matcher that backtracks as Python's does, without its shortcuts."""

from __future__ import annotations

import re
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE: Final = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN)
_REPEATS: Final = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_ENDLESS: Final = 1000  # what repeats so often is taken for endless
# Then it is given up: of 160 characters nothing linear takes so many.
MOST_STEPS: Final = 1_000_000
# Characters of which one at least is in, and one not in, each class that people write.
_PROBES: Final = (*map(chr, range(256)), "\u20ac", "\ue000")


class Endless(Exception):  # noqa: N818 - what was found
    """MOST_STEPS were not enough."""


class Matcher:
    """One pattern, and how many steps it has taken: characters and positions that were looked at.

    Attributes:
        steps: How many.
    """

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        self.steps = 0
        self._kind = bytes if isinstance(pattern.pattern, bytes) else str
        self._flags = pattern.flags
        self._items = tuple(_parser.parse(pattern.pattern, pattern.flags))
        self._cache: dict[tuple[int, str], bool] = {}
        self._text = ""

    def match(self, text: str) -> bool:
        """Match at the beginning."""
        self._text = text
        return next(self._ends(self._items, 0), None) is not None

    def search(self, text: str) -> int:
        """Find every match, one behind the other."""
        self._text, at, count = text, 0, 0
        while at <= len(text):
            end = next(self._ends(self._items, at), None)
            count += end is not None
            at = at + 1 if end is None or end == at else end
        return count

    def _ends(self, items: tuple[Any, ...], at: int) -> Iterator[int]:
        """Where the items can end that begin at a position, in the order in which they are tried."""
        if not items:
            yield at
            return
        for end in self._ends_of(*items[0], at):
            yield from self._ends(items[1:], end)

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Endless

    def _ends_of(self, kind: Any, what: Any, at: int) -> Iterator[int]:
        self._step()
        if kind in _REPEATS:
            yield from self._repeated(kind, *what, at)
        elif kind is op.BRANCH:
            for branch in what[1]:
                yield from self._ends(tuple(branch), at)
        elif kind is op.SUBPATTERN:
            yield from self._ends(tuple(what[-1]), at)
        elif kind is op.ATOMIC_GROUP:
            yield from self._first(tuple(what), at)
        elif self._is_there(kind, what, at):
            yield at + (kind in _ONE)

    def _is_there(self, kind: Any, what: Any, at: int) -> bool:
        """Whether one character is taken, or what is asked of the place is so."""
        if kind in _ONE:
            return self._takes(kind, what, at)
        if kind is op.AT:
            return at == (0 if what in {op.AT_BEGINNING, op.AT_BEGINNING_STRING} else len(self._text))
        if kind in {op.ASSERT, op.ASSERT_NOT}:
            return self._holds(*what, at) == (kind is op.ASSERT)
        raise NotImplementedError(kind)

    def _first(self, items: tuple[Any, ...], at: int) -> Iterator[int]:
        end = next(self._ends(items, at), None)
        if end is not None:
            yield end

    def _holds(self, direction: int, items: Any, at: int) -> bool:
        start = at if direction > 0 else at - items.getwidth()[0]
        return start >= 0 and next(self._ends(tuple(items), start), None) is not None

    def _repeated(self, kind: Any, least: int, most: int, items: Any, at: int) -> Iterator[int]:
        body = tuple(items)
        if len(body) == 1 and body[0][0] in _ONE:
            yield from self._run(kind, least, most, *body[0], at)
        elif kind is op.POSSESSIVE_REPEAT:
            count, end = 0, at
            while count < most and (more := next(self._ends(body, end), None)) is not None and more > end:
                count, end = count + 1, more
            if count >= least:
                yield end
        else:
            yield from self._again(kind is op.MIN_REPEAT, range(least, int(most) + 1), body, at)

    def _run(self, kind: Any, least: int, most: int, one: Any, what: Any, at: int) -> Iterator[int]:  # noqa: PLR0913, PLR0917 - the parts of a repeat
        """A repeat of one character, in a loop: the stack would not hold a frame for each."""
        end = at
        while end - at < most and self._takes(one, what, end):
            end += 1
        ends = range(end, at + least - 1, -1)
        for each in ends[:1] if kind is op.POSSESSIVE_REPEAT else ends if kind is op.MAX_REPEAT else reversed(ends):
            self._step()
            yield each

    def _again(self, lazy: bool, counts: range, body: tuple[Any, ...], at: int) -> Iterator[int]:  # noqa: FBT001
        """Where a repeat can end whose counts these are, as far as they still go."""
        if lazy and counts[0] == 0:
            yield at
        if counts[-1] > 0:
            left = range(max(0, counts[0] - 1), counts[-1])
            for end in self._ends(body, at):
                if end > at or counts[0] > 0:
                    yield from self._again(lazy, left, body, end)
        if not lazy and counts[0] == 0:
            yield at

    def _takes(self, kind: Any, what: Any, at: int) -> bool:
        self._step()
        return at < len(self._text) and self.takes(kind, what, self._text[at])

    def takes(self, kind: Any, what: Any, character: str) -> bool:
        """Whether an item for one character takes this one: as Python's own matcher says."""
        known = (id(what) if kind is op.IN else hash((kind, what)), character)
        if known not in self._cache:
            self._cache[known] = _takes(kind, what, character, self._flags, bytes_only=self._kind is bytes)
        return self._cache[known]

    def attacks(self, length: int) -> Iterator[str]:
        """Texts of about this length in which the pattern finds much to try and little to match."""
        letters = self._letters(self._items)
        for some in dict.fromkeys((*letters, *map("".join, product(letters[:6], repeat=2)))):
            yield some * (length // len(some))
        for before, body in dict.fromkeys(self._pumped(self._items, "")):
            for end in letters:
                yield before + body * (length // len(body)) + end
            if before:
                yield (before + body) * (length // len(before + body))

    def _letters(self, items: Any) -> list[str]:
        """For each item of one character one that it takes, and one that none of them takes."""
        ones = [*_ones(items)]
        taken = [next((c for c in self._probes() if self.takes(*one, c)), "") for one in ones]
        strange = [c for c in self._probes() if not any(self.takes(*one, c) for one in ones)][:1]
        return [*dict.fromkeys(filter(None, (*taken, *strange)))]

    def _probes(self) -> tuple[str, ...]:
        return _PROBES[:256] if self._kind is bytes else _PROBES

    def _pumped(self, items: Any, before: str) -> Iterator[tuple[str, str]]:
        """For each endless repeat what leads to it, and what it can repeat."""
        for kind, what in items:
            if kind in _REPEATS:
                if what[1] >= _ENDLESS:
                    yield from ((before, letter) for letter in self._letters(what[2]) if letter)
                    yield (before, self._sample(what[2]) or "a")
                yield from self._pumped(what[2], before)
            elif kind is op.BRANCH:
                for branch in what[1]:
                    yield from self._pumped(branch, before)
            elif kind in (op.SUBPATTERN, op.ATOMIC_GROUP, op.ASSERT, op.ASSERT_NOT):
                yield from self._pumped(_inner(kind, what), before)
            before += self._sample([(kind, what)])

    def _sample(self, items: Any) -> str:
        """A short text that the items take."""
        text = ""
        for kind, what in items:
            if kind in _ONE:
                text += next((c for c in reversed(self._probes()) if self.takes(kind, what, c)), "")
            elif kind in _REPEATS:
                text += self._sample(what[2]) * max(what[0], 1 if what[1] >= _ENDLESS else 0)
            elif kind is op.BRANCH:
                text += self._sample(what[1][0])
            elif kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
                text += self._sample(_inner(kind, what))
        return text


def _inner(kind: Any, what: Any) -> Any:
    return what if kind is op.ATOMIC_GROUP else what[-1]


def _ones(items: Any) -> Iterator[tuple[Any, Any]]:
    """Every item for one character, however deep."""
    for kind, what in items:
        if kind in _ONE:
            yield kind, what
        elif kind in _REPEATS:
            yield from _ones(what[2])
        elif kind is op.BRANCH:
            for branch in what[1]:
                yield from _ones(branch)
        elif kind is not op.AT:
            yield from _ones(_inner(kind, what))


_RANGES: Final = {
    op.CATEGORY_SPACE: r"\s", op.CATEGORY_NOT_SPACE: r"\S", op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _takes(kind: Any, what: Any, character: str, flags: int, *, bytes_only: bool) -> bool:
    if flags & re.IGNORECASE:
        return any(_is_taken(kind, what, each, flags, bytes_only) for each in {character.lower(), character.upper()})
    return _is_taken(kind, what, character, flags, bytes_only)


def _is_taken(kind: Any, what: Any, character: str, flags: int, bytes_only: Any) -> bool:
    if len(character) != 1:
        return False
    if kind is op.ANY:
        return bool(flags & re.DOTALL) or character != "\n"
    if kind is op.LITERAL:
        return ord(character) == what
    if kind is op.NOT_LITERAL:
        return ord(character) != what
    negated = bool(what) and what[0][0] is op.NEGATE
    return negated != any(_is_member(*each, character, bytes_only) for each in what[negated:])


def _is_member(kind: Any, what: Any, character: str, bytes_only: Any) -> bool:
    if kind is op.LITERAL:
        return ord(character) == what
    if kind is op.RANGE:
        return what[0] <= ord(character) <= what[1]
    return re.match(_RANGES[what], character, re.ASCII if bytes_only else 0) is not None
