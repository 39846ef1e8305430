"""Which patterns match in which sentences of a transcript, found by one pass over it.

Every pattern requires one of a few literals (`literals`). One automaton over all of them says in which sentences a pattern is
worth trying: of some 600 patterns times 500 sentences a few hundred pairs are left.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from .literals import required

_LETTERS = {"en": re.compile("[a-z]{2}"), "zh": re.compile("[\u3400-\u9fff]")}
"""What a text must hold for a language's patterns to be tried."""
_FOLDED = re.compile("[\u0131\u017f]")
"""Letters that a pattern without regard to case takes for i and s, and that stay in a text in lower case."""
LANGUAGES = tuple(_LETTERS)


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A pattern; equal to itself alone, for a compiled expression is dear to hash."""

    expression: re.Pattern[str]


class Ear:
    """Hears these patterns."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        import ahocorasick

        self.all = tuple(patterns)
        self.always: list[Pattern] = []
        by_literal: dict[str, list[Pattern]] = {}
        for pattern in self.all:
            literals = required(pattern.expression)
            if not literals:
                self.always.append(pattern)
            for literal in literals:
                by_literal.setdefault(literal, []).append(pattern)
        self._automaton = ahocorasick.Automaton()
        for literal, wanted in by_literal.items():
            self._automaton.add_word(literal, tuple(wanted))
        if by_literal:
            self._automaton.make_automaton()
        self._known = by_literal.keys()

    def listen(self, texts: Sequence[str]) -> "Heard":
        """The transcript's sentences, in lower case, with the patterns that may match in each."""
        whole = "\n".join(texts)
        languages = tuple(language for language, letters in _LETTERS.items() if letters.search(whole))
        every = range(len(texts))
        worth: dict[Pattern, Iterable[int]] = dict.fromkeys(self.always, every)
        if not self._known or _FOLDED.search(whole):
            worth = dict.fromkeys(self.all, every)
        else:
            worth |= self._worth_trying(whole, texts)
        found = {}
        for pattern, places in worth.items():
            search = pattern.expression.search
            if matching := [at for at in places if search(texts[at])]:
                found[pattern] = matching
        return Heard(texts, languages, found)

    def _worth_trying(self, whole: str, texts: Sequence[str]) -> dict[Pattern, dict[int, None]]:
        ends = list(accumulate(len(text) + 1 for text in texts))
        worth: dict[Pattern, dict[int, None]] = {}
        at = 0
        for end, patterns in self._automaton.iter(whole):
            # hits come in the order of their ends
            while ends[at] <= end:
                at += 1
            for pattern in patterns:
                if pattern in worth:
                    worth[pattern][at] = None
                else:
                    worth[pattern] = {at: None}
        return worth


@lru_cache(maxsize=8)
def ear(patterns: tuple[Pattern, ...]) -> Ear:
    """Who hears these patterns; a process that scores shard after shard learns them once."""
    return Ear(patterns)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said, sentence by sentence."""

    texts: Sequence[str]
    """In lower case."""
    languages: tuple[str, ...]
    places: Mapping[Pattern, list[int]]
    """The sentences in which a pattern matches, of those that match in any."""
