"""What a connector is: a closed config, a build function and traits, declared once and found by entry point.

Connectors speak the vendor's language, mappings translate, the hub speaks canonical. The protocols are structural:
no base class. Sync code; a built connector is a context manager that closes what it opened.

    entry point group     declaration           built object
    trivet.sources        SourceConnector       Source
    trivet.inbound        InboundConnector      Inbound
    trivet.assessments    AssessmentsConnector  Assessments
    trivet.recordings     RecordingsConnector   RecordingSource
    trivet.scorers        ScorerConnector       Scorer
    trivet.targets        TargetConnector       Target
    trivet.directories    DirectoryConnector    Directory
    trivet.catalogues     CatalogueConnector    Catalogue
    trivet.feedback       FeedbackConnector     Feedback
    trivet.mailers        MailerConnector       Mailer

An ERP is declared up to four times under one name and one config: it takes results (target), and it is asked who works
there (directory), what it offers (catalogue) and what became of people (feedback).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

from trivet.errors import ConnectorError, Rejected
from trivet.model import (
    Call,
    Cursor,
    Document,
    Download,
    Found,
    Heard,
    Letter,
    Notice,
    Operation,
    Outcome,
    Page,
    Pending,
    Record,
    Scored,
    ScoringRequest,
    WeighedPlan,
)
from trivet.ordering import Answer, Asked, Said


class Config(BaseModel):
    """A connection's settings: closed, frozen, every field described by its docstring; secrets are `SecretStr`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    standard_fields: ClassVar[Mapping[str, str]] = {}
    """Which of the connection's standard fields (`host`, `login`, `password`, `port`, `schema`) fill which setting;
    every other setting comes from the connection's extra."""


@dataclass(frozen=True, slots=True)
class Services:
    """What Trivet lends a connector."""

    connection: str
    """The connection's id, for messages and for the shared rate budget."""
    home: Path
    """The deployment folder: `mappings/` lies here."""
    state: Path
    """A writable folder for caches and rate budgets, shared by all processes of this machine."""
    now: Callable[[], datetime]
    """The time, aware UTC."""


class Source(Protocol):
    """Pulls the vendor's objects, stream by stream."""

    def check(self) -> None:
        """One cheap read that proves address and credentials, or a typed error."""

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """Pages from `since` on, one vendor read each and lazy; an empty stream yields nothing.

        Without `since` the stream is read whole: everything that is there now, so that what is missing is gone.
        """


@runtime_checkable
class Focused(Protocol):
    """A source that can be asked for single objects and what belongs to them, so that an event needs no list."""

    def around(self, stream: str, external_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """Stream and records, read freshly, streams in the order of their pulling: the named objects with their people,
        and these people's applications, positions, interviews and recordings.

        What is not there any more is left out; no record twice; versions as `pages` gives them.
        """


T = TypeVar("T")


def position(since: Cursor | None, connector: str, stream: str, read: Callable[[Document], T]) -> T | None:
    """What `read` finds in the JSON object that an earlier page carried as its cursor; None at the beginning.

    A stored cursor that is none of ours is `Rejected` CURSOR_INVALID: to go on anywhere would leave something out.
    """
    if not since:
        return None
    try:
        return read(json.loads(since))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Rejected(
            "the stored position cannot be read", connector=connector, operation=f"list {stream}",
            vendor_code="CURSOR_INVALID", cure=f"`trivet cursor reset <flow> {stream}` reads the stream from its beginning",
        ) from None  # fmt: skip


def told_object(body: bytes, refused: Callable[[str], Rejected]) -> Document:
    """The JSON object that a call carries; raises what `refused` makes of the reason where there is none.

    Its texts can be written down: half a character or NUL, which no database takes, is none that a vendor means.
    """
    try:
        said = json.loads(body, parse_constant=_no_number)
        written = json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise refused("the body is not JSON") from None
    if not isinstance(said, dict):
        raise refused("the body is not a JSON object")
    # the walk is for those few that hold the six characters, whoever wrote them
    if b"\\u0000" in written and _holds_nul(said):
        raise refused("the body holds NUL")
    return said


def _no_number(name: str) -> None:
    raise ValueError(name)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\0" in key or _holds_nul(inner) for key, inner in value.items())
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def instant(text: str) -> str:
    """The text, which is a point in time in ISO 8601, or empty; ValueError or TypeError where it is neither."""
    if text:
        datetime.fromisoformat(text)
    return str(text)


class Inbound(Protocol):
    """Judges what a vendor calls us with."""

    def hear(self, call: Call) -> Heard:
        """The events that the call tells, once it is proven that the vendor sent it.

        `AuthFailed` WEBHOOK_SIGNATURE or WEBHOOK_STALE where that cannot be proven, `Rejected` where the proven body
        cannot be read.
        """


class Assessments(Protocol):
    """A vendor's dialect of ordering assessments. It calls nobody: results go out through a target."""

    def hear(self, call: Call) -> Asked:
        """What the vendor asks for, once it is proven that it does.

        `AuthFailed` where that cannot be proven, `Rejected` where the proven call cannot be read.
        """

    def say(self, answer: Answer) -> Said:
        """The hub's answer in the vendor's words."""


class Directory(Source, Protocol):
    """Tells who works there, in the stream `employees`: numbers, names, addresses, hire and leave dates."""


class Catalogue(Source, Protocol):
    """Tells what codes may be sent, in streams such as `courses`, `competencies`, `goal_plans`, `organisations`. A
    stream without change times is read whole: its cursor is empty."""


class Feedback(Source, Protocol):
    """Tells what became of people, in streams such as `completions`, `performance_results`, `goals`."""


class RecordingSource(Protocol):
    """Opens recordings by the vendor's own reference."""

    def check(self) -> None:
        """As for a source."""

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """The recording as a stream; an expired link is renewed once. `NotYet` where it is still being made.

        One at a time, though not always in the thread that built the source.
        """


class Scorer(Protocol):
    """Turns a recording, a paper or a transcript into an answer."""

    def check(self) -> None:
        """Proves that the scorer can work; spends no credit."""

    def provenance(self) -> Document:
        """Name, version, model and options: enters the scoring key and the assessment."""

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """The answer, or a ticket. Input that cannot be scored is `Rejected` with a code such as MEDIA_TRUNCATED."""

    def poll(self, ticket: str) -> Scored | Pending:
        """The answer to an earlier ticket, maybe from another process."""


class Mailer(Protocol):
    """Sends letters to people."""

    def check(self) -> None:
        """Address, encryption and credentials hold, or a typed error; nothing is sent."""

    def send(self, letter: Letter) -> Mapping[str, ConnectorError]:
        """Those of the addresses that were refused, each with `Rejected` or `Retryable`; the others' letter was taken over.

        Raises where nobody's was. `UnknownOutcome`: all of it was sent and the answer was lost; anything else: provably not.
        """


class Messenger(Protocol):
    """Says something in a group of people, who read it on their phones."""

    def check(self) -> None:
        """Address and secret hold, or a typed error. No vendor has a way to ask: one line is said, which says that it is a
        test."""

    def say(self, notice: Notice) -> None:
        """The vendor took it over, or a typed error. `UnknownOutcome`: it may stand there; anything else: provably not."""


class Target(Protocol):
    """Carries operations into the vendor's system and tells what is there."""

    def check(self) -> None:
        """Proves address and credentials, and that every configured entity can hold our reference."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """One outcome per operation, in order. The engine gives one kind and one entity a call and at most
        `max_ops` operations. An exception speaks for all of them. Deleting what is gone is `Confirmed`."""

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """Every live record per reference (absent key: none), read freshly from the vendor, in bulk; the operations
        say what was sent, for vendors that can only be searched near it (the notes of one person)."""


@runtime_checkable
class Describing(Protocol):
    """A target that can say what it looks like, so that a change of it is noticed before a byte is sent."""

    def describe(self) -> Mapping[str, Document]:
        """A JSON Schema for each configured entity (types, maxLength, readOnly, required), as the target tells it now."""


@runtime_checkable
class Asynchronous(Protocol):
    """A target that may answer `Accepted` and is asked by ticket what came of it."""

    def outcomes(self, tickets: Sequence[str]) -> Sequence[Outcome]:
        """One outcome per ticket, in order; `Accepted` while the target works on it, `UnknownOutcome` where it does not
        know the ticket any more."""


@runtime_checkable
class Weighing(Protocol):
    """A target whose goals have weights that make 100 percent together within a person's plan of a period."""

    def plans(self, operations: Sequence[Operation]) -> Mapping[str, WeighedPlan]:
        """By reference the plan that the operation's goal belongs to, read freshly; absent where the entity has no weight."""


C = TypeVar("C", bound=Config)
C_contra = TypeVar("C_contra", bound=Config, contravariant=True)


@dataclass(frozen=True, slots=True)
class SourceConnector(Generic[C]):
    """Declaration of a source; `streams` in the order in which they are pulled."""

    name: str
    title: str
    config: type[C]
    build: Callable[[C, Services], AbstractContextManager[Source]]
    streams: tuple[str, ...]
    experimental: bool = False


@dataclass(frozen=True, slots=True)
class InboundConnector(Generic[C]):
    """Declaration of an inbound side."""

    name: str
    title: str
    config: type[C]
    build: Callable[[C, Services], AbstractContextManager[Inbound]]
    experimental: bool = False


@dataclass(frozen=True, slots=True)
class AssessmentsConnector(Generic[C]):
    """Declaration of a dialect of ordering assessments."""

    name: str
    title: str
    config: type[C]
    build: Callable[[C, Services], AbstractContextManager[Assessments]]
    experimental: bool = False


@dataclass(frozen=True, slots=True)
class DirectoryConnector(SourceConnector[C]):
    """Declaration of a directory."""


@dataclass(frozen=True, slots=True)
class CatalogueConnector(SourceConnector[C]):
    """Declaration of a catalogue."""


@dataclass(frozen=True, slots=True)
class FeedbackConnector(SourceConnector[C]):
    """Declaration of a feedback."""


@dataclass(frozen=True, slots=True)
class RecordingsConnector(Generic[C]):
    """Declaration of a recording source."""

    name: str
    title: str
    config: type[C]
    build: Callable[[C, Services], AbstractContextManager[RecordingSource]]
    experimental: bool = False


FEELINGS = re.compile(r"emotion|feeling|mood|sentiment|情绪|情感|心情", re.IGNORECASE)
"""What no scorer may infer, and no field of an answer may be called; a competency may still be named 情绪管理."""


@dataclass(frozen=True, slots=True)
class ScorerTraits:
    """What a scorer needs and what it infers."""

    takes: Literal["audio", "paper", "transcript"]
    """`paper`: what a person wrote (PDF, Word, text), in place of a recording."""
    infers: tuple[str, ...]
    """What it derives about a person, in words (`words spoken`, `competency scores`); emotion is never allowed."""
    transcribes: bool = False
    """Its answer is a transcript that later scorers of the same interview take; of a paper one with `places: paragraphs`, whose
    `start` and `end` are numbers of paragraphs."""
    cheap: bool = False
    """Asked again after a kill it costs neither minutes nor money: its answers may be stored some at a time."""
    infers_from: Literal["words", "voice", "face"] = "words"
    """What it looks at. Only what was said may enter an assessment; what is read off a face is kept apart from every score
    and needs a consent of its own."""


@dataclass(frozen=True, slots=True)
class ScorerConnector(Generic[C]):
    """Declaration of a scorer."""

    name: str
    title: str
    config: type[C]
    build: Callable[[C, Services], AbstractContextManager[Scorer]]
    traits: ScorerTraits
    experimental: bool = False


@dataclass(frozen=True, slots=True)
class TargetTraits:
    """What the delivery engine may rely on; each trait gates a conformance test and a branch of the engine."""

    asked_by: Literal["unique_reference", "searchable_reference", "nothing"]
    """unique: the target refuses a second record with our reference; searchable: it can be asked for it; nothing:
    unknown outcomes go to a person, never to a retry (but see `repeatable`), and so does taking back."""
    max_ops: int
    """Operations in one vendor request."""
    quiet_seconds: float
    """Longest time that a request may still take effect after its answer was lost; settling waits that long."""
    deletes: bool
    """A created record can be taken away again."""
    updates: bool = True
    connections: int = 1
    """Requests that the target takes at once; above 1 `send` and `find` are called from as many threads."""
    max_bytes: int | None = None
    """Bytes of the documents in one vendor request, as JSON in UTF-8; a single document may be larger."""
    repeatable: bool = False
    """Where nothing can be asked: what is sent takes the place of what was sent before under the same reference, create or
    update, so that the same again changes nothing. An unknown outcome is sent again when the quiet time is over."""


@dataclass(frozen=True, slots=True)
class TargetConnector(Generic[C]):
    """Declaration of a target."""

    name: str
    title: str
    config: type[C]
    build: Callable[[C, Services], AbstractContextManager[Target]]
    traits: TargetTraits
    experimental: bool = False


@dataclass(frozen=True, slots=True)
class MailerConnector(Generic[C]):
    """Declaration of a mailer."""

    name: str
    title: str
    config: type[C]
    build: Callable[[C, Services], AbstractContextManager[Mailer]]
    experimental: bool = False


@dataclass(frozen=True, slots=True)
class MessengerConnector(Generic[C]):
    """Declaration of a messenger."""

    name: str
    title: str
    config: type[C]
    build: Callable[[C, Services], AbstractContextManager[Messenger]]
    experimental: bool = False
