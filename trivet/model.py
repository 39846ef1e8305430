"""The shapes that cross a border: documents are JSON, everything around them is a frozen envelope."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NewType, TypeAlias

from trivet.errors import ConnectorError
from trivet.quick_json import ordered_json

Document: TypeAlias = dict[str, Any]
"""A JSON object, vendor's or canonical; its truth is the JSON Schema, not a class."""

Cursor = NewType("Cursor", str)
"""Opaque: where a stream resumes after the page that carried it. A connector owns the meaning."""


@dataclass(frozen=True, slots=True)
class Record:
    """One vendor object as pulled."""

    external_id: str
    """The vendor's id, unique within stream and connection."""
    version: str
    """Changes whenever the vendor's object changed (update time or hash); equal version means equal content."""
    document: Document

    @classmethod
    def by_content(cls, external_id: str, document: Document) -> "Record":
        """One whose version is its content: for vendors that name no version, or whose time of change misses changes."""
        return cls(external_id, content_version(document), document)


def content_version(document: Any) -> str:
    """The same for the same content, in whatever order its keys stand."""
    return sha256(ordered_json(document)).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Gone:
    """A vendor's object that is no more."""

    external_id: str
    why: Literal["deleted", "merged", "anonymised", "unlisted"]
    """`unlisted`: nobody said so, but a list that was read whole does not hold it."""
    into: str | None = None
    """Of a merged one: the external id of the object that stays."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream; `cursor` may be stored once the records are."""

    records: tuple[Record, ...]
    cursor: Cursor
    gone: tuple[Gone, ...] = ()
    """What the vendor says is no more, where it says so; a stream may tell of objects that were never pulled."""


@dataclass(frozen=True, slots=True)
class Call:
    """A vendor's call to us, as it arrived."""

    headers: Mapping[str, str]
    """Names in lower case; a name that came twice has the last value."""
    body: bytes
    at: datetime
    """Aware UTC."""
    method: str = "POST"
    path: str = ""
    """Below the connection's own address, without a slash in front."""
    query: Mapping[str, str] = field(default_factory=dict)
    """A name that came twice has the last value."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened at the vendor. It only says that it is worth asking: what is true is read by the source."""

    id: str
    """The vendor's id of the event, the same when it is delivered again."""
    kind: str
    """In the vendor's words."""
    gone: tuple[tuple[str, Gone], ...] = ()
    """Stream and object that are no more; only of an event whose body is signed."""
    about: tuple[tuple[str, str], ...] = ()
    """Stream and external id of what is worth asking for (`Focused.around`); it proves nothing."""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """An assessment is wanted."""

    key: str
    """The same when the vendor sends the same order again, of no other order of this connection."""
    document: Document
    """The canonical `assessment_order` without `id`, `system`, `status` and `ordered_at`, which are the hub's to say."""
    anew: bool = False
    """The vendor gives an order no name of its own: what it asks for again once the first is completed is another order."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a call came to."""

    events: tuple[Event, ...] = ()
    orders: tuple[PlaceOrder, ...] = ()
    """Of a vendor that orders assessments by an event."""
    answer: Document = field(default_factory=dict)
    """Body of our answer, with status 200."""


@dataclass(frozen=True, slots=True)
class Download:
    """An open recording; `chunks` streams it, `length` is the declared size in bytes if the vendor tells it."""

    media_type: str
    file_name: str
    length: int | None
    chunks: Iterator[bytes]


OperationKind: TypeAlias = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One change wanted at a target."""

    key: str
    """Operation key: reference + kind + revision; a target that de-duplicates by key gets this one."""
    reference: str
    """Record reference: 16 characters A-Z2-7 that the target stores and is searched by; equal through every re-score."""
    kind: OperationKind
    entity: str
    """The vendor's entity name, as the mapping file says it."""
    document: Document
    """The vendor's own document, without the reference: the connector puts that where the vendor keeps it.
    Empty for a delete."""
    remote_id: str | None = None
    """The vendor's id, known from the create on."""
    adopted: bool = False
    """The record is somebody else's (another goal of the person's plan): it does not carry our reference and is known by
    `remote_id`; always an update, of the fields in `document` alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """A live record at the target that carries our reference."""

    remote_id: str
    document: Document
    """In the shape in which it was sent (same field names and value forms), so that contents compare by equality
    over the fields that we sent; without the reference."""
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The target says that it is done."""

    remote_id: str | None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The target took it but works later; `find` tells when it is there."""

    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One weighed goal of a person's plan."""

    remote_id: str
    weight: float
    """Percent."""
    reference: str | None = None
    """Ours, where the goal carries one."""


@dataclass(frozen=True, slots=True)
class WeighedPlan:
    """A person's goals of one period, whose weights make 100 percent together."""

    key: str
    """Equal for every goal of the plan."""
    field: str
    """Field of the entity that holds the weight."""
    shares: tuple[Share, ...]


Outcome: TypeAlias = Confirmed | Accepted | ConnectorError


@dataclass(frozen=True, slots=True)
class ScoringRequest:
    """What a scorer gets to see of one interview; no name, no contact data."""

    key: str
    """Equal for equal work (recording content, scorer, options): a vendor bills one key once."""
    language: str | None
    """`zh`, `en` or None where it is to be detected."""
    audio: Path | None = None
    """Local file, present for scorers that take audio, and there for the length of the call only."""
    paper: Path | None = None
    """Local file, as `audio` is, present for scorers that take papers."""
    transcript: Document | None = None
    """The transcriber's own answer, present for scorers that take a transcript."""
    answers: Mapping[str, Document] = field(default_factory=dict)
    """What earlier scorers of the same interview answered, by the flow's connection; `transcript` is the transcriber's."""
    requisition: Document = field(default_factory=dict)
    """The canonical requisition: keywords and competency model."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The scorer's answer in its own words."""

    document: Document
    cost: float = 0.0
    """What the vendor bills for it, in the currency of the flow's budget; 0 where a ticket told it already."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The scorer works on; the ticket is a JSON-safe string that outlives the process. `poll_after` in seconds."""

    ticket: str
    poll_after: float
    cost: float = 0.0
    """What the vendor bills for the work, in the currency of the flow's budget."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with a letter."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to people."""

    id: str
    """The same however often it is sent, so that mail systems can tell a repetition."""
    to: tuple[str, ...] = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    written_at: datetime
    """Aware."""
    enclosed: tuple[Enclosure, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """A short message to a group of people who run the hub; no personal data is in it."""

    id: str
    """The same however often it is sent."""
    title: str
    lines: tuple[str, ...]
    """Plain text, no markup."""
    link: str | None = None
    link_text: str = ""
