"""The words in which a connection says how its system is called and how an answer is read.

No expressions: a place in a body is a JSON Pointer, a place in a path a {placeholder}.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .places import Path, Pointer, get, only

MAX_OPS = 50
"""Operations that are given to one `send`; a call of single objects is made for each of them."""
Word = Annotated[
    str, BeforeValidator(lambda value: str(value) if type(value) is int else value), Field(min_length=1)
]
"""An HTTP status or an error code of the system."""
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class Part(BaseModel):
    """A closed and frozen part of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Says(Part):
    """A place in an answer and the values there that mean yes."""

    at: Pointer
    """Where the value stands."""
    equals: tuple[str | int | float | bool | None, ...] = Field(min_length=1)
    """The values that mean yes; `true`, 1 and "1" are three values."""

    def holds(self, answer: Any) -> bool:
        """Whether the answer says yes."""
        value = get(answer, self.at)
        return any(type(value) is type(one) and value == one for one in self.equals)


class OnePage(Part):
    """Everything comes at once."""

    kind: Literal["none"] = "none"
    """`none`."""


class PageNumber(Part):
    """Pages are counted; the first without rows is the last. Only for lists whose order does not change while they are
    read, sorted by id and not by time of change."""

    kind: Literal["page"]
    """`page`."""
    first: int = 1
    """Number of the first page."""
    step: int = Field(default=1, ge=1)
    """What is added for the next one; the page size where rows are counted and not pages."""
    into: Pointer | None = None
    """Where the number goes in the body; without, it is {page} in the path."""


class NextLink(Part):
    """Each page tells the address of the next; it has to lie below base_url."""

    kind: Literal["next_link"]
    """`next_link`."""
    at: Pointer
    """Where the address stands; null, empty or missing on the last page."""


class NextCursor(Part):
    """Each page gives a word that leads to the next."""

    kind: Literal["cursor"]
    """`cursor`."""
    at: Pointer
    """Where the word stands; null, empty or missing on the last page."""
    into: Pointer | None = None
    """Where it goes in the body; without, it is {cursor} in the path."""


Paging = Annotated[OnePage | PageNumber | NextLink | NextCursor, Field(discriminator="kind")]


class Read(Part):
    """A call that changes nothing and answers with rows."""

    method: Literal["GET", "POST"] = "GET"
    """HTTP method."""
    path: Path
    """Path below base_url with its query; a query parameter whose placeholder has no value is left out."""
    fixed: dict[str, Any] = Field(default_factory=dict)
    """Parts of the body that never change."""
    success: Says | None = None
    """What the whole answer says when it went well; without, HTTP status 200 is enough."""
    items: Pointer
    """Where the list of rows stands."""
    id: Pointer
    """The system's own id, in a row."""
    paging: Paging = OnePage()
    """How further pages are asked for."""

    def _placed(self, where: str, names: set[str], *, in_body: bool) -> set[str]:
        """The placeholders that are used; ValueError where something has no place, or a GET would need a body."""
        into = getattr(self.paging, "into", None)
        counted = {"page": "page", "cursor": "cursor"}.get(self.paging.kind)
        if counted and into is None:
            names = names | {counted}
        used = only(self.path, sorted(names), where)
        if counted and into is None and counted not in used:
            raise ValueError(f"{where}: put {{{counted}}} into the path, or say `into` for the body")
        if self.method == "GET" and (self.fixed or in_body or into is not None):
            raise ValueError(f"{where}: a GET has no body; use POST, or placeholders in the path")
        return used


class Find(Read):
    """The call that lists the records that carry our reference, and how a row of it is read."""

    references: Pointer | None = None
    """Where the list of references goes in the body; without, it is {reference} or {references} (joined by commas) in
    the path."""
    max_references: int = Field(default=20, ge=1, le=1000)
    """References in one call, with `references` or {references}."""
    reference: Pointer
    """Our reference, in a row. A row with a reference that was not asked for is an error: a system that overlooks the
    filter would else make every record look lost."""
    document: Pointer = ""
    """The document as it was sent, in a row."""
    fields: tuple[str, ...] = ()
    """Names of the document's fields, so that what the system adds itself is left out; without, those that were sent."""
    version: Pointer | None = None
    """Version or time of change, in a row."""
    live: Says | None = None
    """What a row says that counts, where deleted records stay in the list."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = {"reference", "references"} if self.references is None else set()
        used = self._placed("find", names, in_body=self.references is not None)
        if len(used & names) != (self.references is None):
            raise ValueError(
                "find: say once where our reference goes: {reference} or {references} in the path, or `references`"
            )
        return self

    @property
    def at_once(self) -> int:
        """How many references one call may ask for."""
        return 1 if "{reference}" in self.path else self.max_references


class Listing(Read):
    """The call that lists what the system knows; rows are given on as they are."""

    changed: Pointer | None = None
    """Time of the last change, in a row: ISO 8601 or seconds or milliseconds since 1970. Without, the list is read whole
    every time."""
    since: Pointer | None = None
    """Where the newest time of change that was read goes in the body; without, it is {since} in the path. The system
    answers with what changed at that time or later."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        timed = self.changed is not None and self.since is None
        self._placed("a list", {"since"} if timed else set(), in_body=self.since is not None)
        if self.since is not None and self.changed is None:
            raise ValueError("a list: `since` needs `changed`")
        return self

    @property
    def whole(self) -> bool:
        """Whether every pull reads all of it."""
        return self.since is None and "{since}" not in self.path


class Bulk(Part):
    """Several operations in one call."""

    into: Pointer
    """Where the list goes in the body."""
    max_items: int = Field(default=MAX_OPS, ge=1, le=MAX_OPS)
    """Items in one call."""
    items: Pointer
    """Where the list of results stands in the answer."""
    success: Says
    """What a result says when its item was done."""
    reference: Pointer | None = None
    """Our reference, in a result; without, results come in the order of the items."""
    code: Pointer | None = None
    """Error code, in a result."""
    message: Pointer | None = None
    """Error message, in a result."""
    field: Pointer | None = None
    """Name of the field that is wrong, in a result."""


class Write(Part):
    """A call that changes something. What goes into the body is put into one item for each operation: the whole body,
    or with `bulk` one entry of its list."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    """HTTP method."""
    path: Path
    """Path below base_url; {reference}, {remote_id} and {key} (the operation key) are filled in, not with `bulk`."""
    fixed: dict[str, Any] = Field(default_factory=dict)
    """Parts of the body that never change."""
    document: Pointer = ""
    """Where the document goes in the item; a delete has none."""
    reference: Pointer | None = None
    """Where our reference goes in the item."""
    remote_id: Pointer | None = None
    """Where the system's own id goes in the item."""
    key: Pointer | None = None
    """Where the operation key goes in the item, for a system that does a key only once."""
    key_header: Header | None = None
    """Header that carries the operation key, such as Idempotency-Key; not with `bulk`."""
    statuses: frozenset[int] = frozenset({200, 201, 204})
    """HTTP statuses of an answer that went well. Another below 400 leaves the outcome open, another from 400 on is a
    refusal."""
    success: Says | None = None
    """What the whole answer says when it went well, where the status alone does not."""
    id: Pointer | None = None
    """The system's own id, in the answer or with `bulk` in a result; where it is given, a create without it is in doubt."""
    version: Pointer | None = None
    """Version or time of change, in the same place."""
    bulk: Bulk | None = None
    """Several operations in one call; without, one call for each."""

    def placed(self, where: str, names: tuple[str, ...]) -> None:
        """ValueError for what cannot be meant."""
        used = only(self.path, () if self.bulk else names, where)
        if self.bulk and self.key_header:
            raise ValueError(f"{where}: one header cannot carry the keys of many; use `key`")
        if where == "create" and self.reference is None and "reference" not in used:
            raise ValueError(
                "create: our reference goes nowhere; say `reference`, or use {reference} in the path"
            )
        named = self.reference is not None or self.remote_id is not None or used & {"reference", "remote_id"}
        if not named:
            raise ValueError(
                f"{where}: nothing names the record; say `remote_id` or `reference`, or use one in the path"
            )


class Entity(Part):
    """One kind of record that mappings may send."""

    create: Write
    """Makes a record."""
    update: Write | None = None
    """Changes one; without, changes are refused and a person decides."""
    delete: Write | None = None
    """Takes one away; without, nothing can be taken back and a person decides."""
    find: Find
    """Lists records by our reference. Without it a lost answer could never be settled, so there is no entity without."""

    @model_validator(mode="before")
    @classmethod
    def _findable(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("find") is None:
            raise ValueError(
                "`find` is missing: an answer that is lost could never be settled; give the call that lists records by "
                "our reference, and a field that holds it where the system has none"
            )
        return given

    @model_validator(mode="after")
    def _placed(self) -> Self:
        self.create.placed("create", ("reference", "key"))
        for where, call in (("update", self.update), ("delete", self.delete)):
            if call:
                call.placed(where, ("reference", "remote_id", "key"))
        return self
