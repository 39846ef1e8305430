"""The dictionaries: canonical terms with their spellings, as an automaton over normalised text."""

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.errors import Rejected

NAME = "term_recogniser"


@dataclass(frozen=True, slots=True)
class Hit:
    """One term in a text; `start` and `end` count characters of the normalised text."""

    term: str
    start: int
    end: int


def normalised(text: str) -> str:
    """Lower case, full-width folded, one blank between words."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


class Dictionary:
    """Every dictionary of a connection, together."""

    def __init__(self, files: Sequence[Path]) -> None:
        import ahocorasick

        self.versions: list[dict[str, str]] = []
        self._automaton = ahocorasick.Automaton()
        for file in files:
            data = _read(file)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
            self.versions.append({"name": file.stem, "sha256": digest})
            for entry in data["terms"]:
                for spelling in {entry["term"], *entry.get("aliases", ())}:
                    for written in _spellings(normalised(spelling)):
                        self._automaton.add_word(written, (entry["term"], len(written)))
        self._automaton.make_automaton()

    def hits(self, text: str) -> Iterator[Hit]:
        """The terms in normalised text, the longest where several begin together, without overlap."""
        found = []
        for last, (term, length) in self._automaton.iter(text):
            hit = Hit(term, last - length + 1, last + 1)
            if _stands_alone(text, hit):
                found.append(hit)
        end = 0
        for hit in sorted(found, key=lambda h: (h.start, -h.end)):
            if hit.start >= end:
                yield hit
                end = hit.end


def _spellings(written: str) -> set[str]:
    """A recogniser writes `py torch`, `plc 编程` or `p l c` for one word: blanks do not count."""
    tight = written.replace(" ", "")
    spaced = {written, tight}
    if written.isascii() and len(tight) <= 5 and tight.isalpha():
        spaced.add(" ".join(tight))
        spaced.add("-".join(tight))
    for i in range(1, len(tight)):
        # a blank where latin letters meet chinese characters
        if tight[i - 1].isascii() != tight[i].isascii():
            spaced.add(f"{tight[:i]} {tight[i:]}")
    return spaced


def _stands_alone(text: str, hit: Hit) -> bool:
    """Latin terms need a boundary (`displc` holds no `plc`); chinese ones stand inside a sentence without any."""
    before = text[hit.start - 1] if hit.start else " "
    after = text[hit.end] if hit.end < len(text) else " "
    first, last = text[hit.start], text[hit.end - 1]
    return not (
        (first.isascii() and first.isalnum() and before.isascii() and before.isalnum())
        or (last.isascii() and last.isalnum() and after.isascii() and after.isalnum())
    )


def _read(file: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        terms = [(entry["term"], entry.get("aliases", ())) for entry in data["terms"]]
    except FileNotFoundError:
        raise _wrong(file, "no such dictionary") from None
    except (YAMLError, KeyError, TypeError, AttributeError) as error:
        raise _wrong(file, f"not a dictionary of terms ({type(error).__name__})") from None
    if not terms:
        raise _wrong(file, "no terms")
    return data


def _wrong(file: Path, message: str) -> Rejected:
    return Rejected(
        f"{file}: {message}", connector=NAME, operation="load", vendor_code="DICTIONARY",
        cure="a dictionary is a list `terms` of {term, aliases}",
    )  # fmt: skip
