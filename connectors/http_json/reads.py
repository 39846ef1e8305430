"""The words in which a connection describes calls that change nothing: lists, their pages, searches, single objects.

No expressions: a place in a body is a JSON Pointer, a place in a path a {placeholder}.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from trivet.described.parts import Header, Mark, Part, Says
from trivet.described.places import Path, Pointer, names_in, only

HrStream = Literal["jobs", "candidates", "applications", "interviews", "recordings"]


class OnePage(Part):
    """Everything comes at once."""

    kind: Literal["none"] = "none"
    """`none`."""


class Counted(Part):
    """Pages that are asked for by a number; the first without rows is the last. Only for lists whose order does not change
    while they are read, sorted by id and not by time of change."""

    into: Pointer | None = None
    """Where the number goes in the body; without, it is {page} or {offset} in the path."""
    more: Says | None = None
    """What an answer says while more follow; it spares the call for the page without rows."""


class PageNumber(Counted):
    """Pages are counted."""

    kind: Literal["page"]
    """`page`."""
    first: int = 1
    """Number of the first page."""
    step: int = Field(default=1, ge=1)
    """What is added for the next one."""


class Offset(Counted):
    """Rows are counted: the next page begins after those that came."""

    kind: Literal["offset"]
    """`offset`."""
    first: int = 0
    """Number of the first row."""


class NextLink(Part):
    """Each page tells the address of the next; it has to lie below base_url."""

    kind: Literal["next_link"]
    """`next_link`."""
    at: Pointer
    """Where the address stands; null, empty or missing on the last page."""


class LinkHeader(Part):
    """The same in the header `Link` with rel="next" (RFC 8288); the last page has none."""

    kind: Literal["link_header"]
    """`link_header`."""


class NextCursor(Part):
    """Each page gives a word that leads to the next; null, empty or missing on the last page."""

    kind: Literal["cursor"]
    """`cursor`."""
    at: Pointer | None = None
    """Where the word stands in the answer."""
    header: Header | None = None
    """The header that carries it, in place of `at`."""
    into: Pointer | None = None
    """Where it goes in the body; without, it is {cursor} in the path."""
    more: Says | None = None
    """What an answer says while more follow, for a system that gives a word on the last page too."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.at is None) == (self.header is None):
            raise ValueError(
                "a cursor stands in the answer (`at`) or in a header (`header`); say one of them"
            )
        return self


Paging = Annotated[
    OnePage | PageNumber | Offset | NextLink | LinkHeader | NextCursor, Field(discriminator="kind")
]
_WORDS = {"page": "page", "offset": "offset", "cursor": "cursor"}


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
        counted = _WORDS.get(self.paging.kind)
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


class Lookup(Part):
    """The list asked for some ids only; what is not said here is as in the list."""

    path: Path
    """Path with its query; {id} is one id, {ids} are several, joined by commas."""
    into: Pointer | None = None
    """Where the list of ids goes in the body, in place of {id} and {ids}."""
    max_ids: int = Field(default=20, ge=1, le=1000)
    """Ids in one call, with {ids} or `into`."""
    method: Literal["GET", "POST"] | None = None
    """HTTP method."""
    items: Pointer | None = None
    """Where the rows stand; a single object is one row."""
    paging: Paging | None = None
    """How further pages are asked for; `{"kind": "none"}` where everything comes at once."""

    @property
    def at_once(self) -> int:
        """How many ids one call may ask for."""
        return 1 if "{id}" in self.path else self.max_ids


class Listing(Read):
    """The call that lists what the system knows; rows are given on as they are."""

    changed: Pointer | None = None
    """Time of the last change, in a row: ISO 8601 or seconds or milliseconds since 1970. Without, the list is read whole
    every time."""
    since: Pointer | None = None
    """Where the newest time of change that was read goes in the body; without, it is {since} in the path. The system
    answers with what changed at that time or later."""
    deleted: Mark | None = None
    """What a row says that is deleted, where such rows stay in the list: it is told as gone and not given on."""
    without: tuple[Pointer, ...] = ()
    """What is no news in a row and is left out of it: a link that is another one with every read, or what we write."""
    refers: dict[HrStream, Pointer] = Field(default_factory=dict)
    """By stream where a row names an object of it: an application its `candidates` and `jobs`, an interview its
    `applications`, a recording its `interviews` or `applications`."""
    lookups: dict[HrStream, Lookup] = Field(default_factory=dict)
    """By stream the call for the rows of given objects: of this stream by their own ids, of another by what `refers` names."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        timed = self.changed is not None and self.since is None
        self._placed("a list", {"since"} if timed else set(), in_body=self.since is not None)
        if self.since is not None and self.changed is None:
            raise ValueError("a list: `since` needs `changed`")
        for name, lookup in self.lookups.items():
            self.narrowed(name)._placed_once(f"lookup by {name}", lookup)
        return self

    @property
    def whole(self) -> bool:
        """Whether every pull reads all of it."""
        return self.since is None and "{since}" not in self.path

    def narrowed(self, by: HrStream) -> "Narrowed":
        """The call for the rows of given objects of that stream."""
        lookup = self.lookups[by]
        return Narrowed(
            method=lookup.method or self.method, path=lookup.path, success=self.success, id=self.id,
            fixed=self.fixed if (lookup.method or self.method) == "POST" else {},
            items=self.items if lookup.items is None else lookup.items, paging=lookup.paging or self.paging,
        )  # fmt: skip


class Narrowed(Read):
    """A list as it is asked for some ids."""

    def _placed_once(self, where: str, lookup: Lookup) -> None:
        used = self._placed(where, {"id", "ids"}, in_body=lookup.into is not None)
        if len(used & {"id", "ids"}) != (lookup.into is None):
            raise ValueError(f"{where}: say once where the ids go: {{id}} or {{ids}} in the path, or `into`")


class RecordingCall(Part):
    """The call that opens a recording: it answers with a link to its bytes, or with the bytes themselves."""

    method: Literal["GET", "POST"] = "GET"
    """HTTP method; the bytes themselves come by GET."""
    path: Path
    """Path below base_url; {placeholders} are members of the recording's `source_reference`."""
    fixed: dict[str, Any] = Field(default_factory=dict)
    """The body, which never changes."""
    success: Says | None = None
    """What the answer says when it went well, where a link comes in it."""
    link: Pointer | None = None
    """Where the link stands in the answer; it is followed without our login."""
    link_header: Header | None = None
    """The header that carries the link, such as Location of a redirect."""
    media_type: Pointer | None = None
    """Media type, beside the link."""
    file_name: Pointer | None = None
    """File name, beside the link."""

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if not names_in(self.path):
            raise ValueError(
                "recording: the path names no recording; use a member of its reference, such as {id}"
            )
        if self.link is not None and self.link_header is not None:
            raise ValueError("recording: a link stands in the answer (`link`) or in a header (`link_header`)")
        direct = self.link is None and self.link_header is None
        if self.fixed and self.method == "GET":
            raise ValueError("recording: a GET has no body; use POST")
        if direct and (self.method == "POST" or self.success or self.media_type or self.file_name):
            raise ValueError(
                "recording: the bytes themselves come by a plain GET; say where the `link` stands"
            )
        return self
