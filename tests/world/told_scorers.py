"""Two strangers' services for tests, each run by what lies in a folder: one transcribes and answers later, one scores as told.

down          it cannot be reached
ready         what was ordered is done (`queued_reader`)
answer.json   what it says of everybody (`told_scorer`)
asked         one line for each piece of work that was billed
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from script_reader import ScriptReader

from trivet.contract import Config, ScorerConnector, ScorerTraits, Services
from trivet.errors import Retryable
from trivet.model import Document, Pending, Scored, ScoringRequest


class ToldConfig(Config):
    """Its settings."""

    folder: Path
    """Where it is told what to do."""
    price: float = 0.0
    """Of each piece of work."""
    poll_after: float = 60
    """Seconds after which it wants to be asked."""
    version: str = "1"
    """What it says of itself."""


class _Told:
    name = "told_scorer"

    def __init__(self, config: ToldConfig) -> None:
        self.config = config

    def check(self) -> None:
        """It can be reached."""
        self._reach("check")

    def provenance(self) -> Document:
        """As it is told."""
        return {"scorer": self.name, "version": self.config.version}

    def _reach(self, operation: str) -> None:
        if (self.config.folder / "down").exists():
            raise Retryable("cannot be reached", connector=self.name, operation=operation)

    def _bill(self, key: str) -> None:
        with (self.config.folder / "asked").open("a", encoding="utf-8") as out:
            out.write(f"{key}\n")


class QueuedReader(_Told):
    """Reads scripts, but only when `ready` lies there."""

    name = "queued_reader"

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """A ticket."""
        self._reach("score")
        self._bill(request.key)
        assert request.audio is not None
        # a service keeps what it was sent: the file is there for the length of the call only
        kept = self.config.folder / f"sent-{request.key}"
        kept.write_bytes(request.audio.read_bytes())
        return Pending(str(kept), poll_after=self.config.poll_after, cost=self.config.price)

    def poll(self, ticket: str) -> Scored | Pending:
        """The script, once it is ready."""
        self._reach("poll")
        if not (self.config.folder / "ready").exists():
            return Pending(ticket, poll_after=self.config.poll_after)
        return ScriptReader().score(ScoringRequest("", None, audio=Path(ticket)))


class ToldScorer(_Told):
    """Says what `answer.json` says."""

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """At once."""
        self._reach("score")
        self._bill(request.key)
        said = json.loads((self.config.folder / "answer.json").read_text(encoding="utf-8"))
        return Scored(said, cost=self.config.price)

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed."""
        raise Retryable("it gives no tickets", connector=self.name, operation="poll")


@contextmanager
def open_queued(config: ToldConfig, services: Services) -> Iterator[Any]:
    """The one that answers later."""
    yield QueuedReader(config)


@contextmanager
def open_told(config: ToldConfig, services: Services) -> Iterator[Any]:
    """The one that answers as told."""
    yield ToldScorer(config)


QUEUED = ScorerConnector(
    "queued_reader", "Queued reader (tests)", ToldConfig, open_queued,
    ScorerTraits(takes="audio", infers=("words spoken",), transcribes=True),
)  # fmt: skip
TOLD = ScorerConnector(
    "told_scorer",
    "Told scorer (tests)",
    ToldConfig,
    open_told,
    ScorerTraits("transcript", ("competency scores",)),
)
