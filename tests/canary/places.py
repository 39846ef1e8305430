"""Every place that something is written to, and what may stand there: people where they are read, secrets where they are kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from canary.disguise import Finder
from canary.planted import LOGIN, PERSONAL, SECRET, kind

NOTHING: frozenset[str] = frozenset()
PEOPLE = frozenset(PERSONAL)

MAY_HOLD: dict[str, frozenset[str]] = {
    # made to be read by people who may see a person
    "a report": PEOPLE,
    "a command that opens one person": PEOPLE,
    "an export that a person asked for": PEOPLE,
    "a page for who may see people": PEOPLE,
    # where an operator put them
    "the connections file": frozenset({SECRET, LOGIN}),
    "the key file": frozenset({SECRET}),
    # vendors' own ids of records lie open in both, and of an employee that may be the employee number
    "the ledger": frozenset({"number"}),
    "a backup": frozenset({"number"}),
    # for everybody else's eyes
    "a column of the ledger": NOTHING,
    # drivers that log every request at DEBUG name the account that signs it
    "a log": frozenset({LOGIN}),
    "a command": NOTHING,
    "an answer to a webhook": NOTHING,
    "a page for anybody else": NOTHING,
    "metrics": NOTHING,
    "lineage": NOTHING,
    "an alert": NOTHING,
    "a recording": NOTHING,
    "an object in a bucket": NOTHING,
    "an object's name": NOTHING,
    "heads of the audit chains": NOTHING,
    "a kept exchange": NOTHING,
    "a file for auditors": NOTHING,
    "the state folder": NOTHING,
    "a file's name": NOTHING,
    "a temporary file": NOTHING,
    "the mapping files": NOTHING,
    "a child's command line": NOTHING,
    "a child's environment": NOTHING,
    "what Python shows of a value": NOTHING,
}

_BY_PATH = (
    ("state/reports/", "a report"),
    ("out/report", "a report"),
    ("out/person", "an export that a person asked for"),
    ("state/connections.json", "the connections file"),
    ("state/ledger.keys", "the key file"),
    ("state/ledger.db", "the ledger"),
    ("state/archive", "the ledger"),
    ("out/backup", "a backup"),
    ("state/recordings/", "a recording"),
    ("state/exchanges/", "a kept exchange"),
    ("state/listening/", "a temporary file"),
    ("out/anchors", "heads of the audit chains"),
    ("out/lineage", "lineage"),
    ("out/metrics", "metrics"),
    ("out/", "a file for auditors"),
    ("state/", "the state folder"),
    ("logs/", "a log"),
    ("tmp/", "a temporary file"),
    ("home/", "the mapping files"),
)
"""The place of a file by how its path begins; the first that fits."""


@dataclass
class Written:
    """What was written where."""

    pieces: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Place, where exactly, and the bytes."""

    def add(self, place: str, where: str, content: str | bytes) -> None:
        """One more piece."""
        assert place in MAY_HOLD, place
        self.pieces.append((place, where, content.encode() if isinstance(content, str) else content))

    def add_files(self, base: Path) -> None:
        """Every file below, with its name."""
        for file in sorted(base.rglob("*")):
            path = file.relative_to(base).as_posix()
            self.add("a file's name", path, path)
            if file.is_file():
                self.add(place_of(path), path, file.read_bytes())

    def leaks(self, finder: Finder) -> Iterator[str]:
        """One line for each planted word that stands where its kind may not."""
        for place, where, content in self.pieces:
            for name in sorted(finder.find(content)):
                if kind(name) not in MAY_HOLD[place]:
                    yield f"{place} ({where}) holds {name}"

    def held(self, finder: Finder, place: str) -> set[str]:
        """The kinds of planted words that stand in a place."""
        return {kind(name) for at, _, content in self.pieces if at == place for name in finder.find(content)}


def place_of(path: str) -> str:
    """What a file of the deployment is, by its path."""
    return next((place for begin, place in _BY_PATH if path.startswith(begin)), "a file for auditors")
