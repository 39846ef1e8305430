"""The words in which a connection describes calls that change something, and how their answers are read.

No expressions: a place in a body is a JSON Pointer, a place in a path a {placeholder}.
"""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from trivet.described.parts import Header, Part, Says
from trivet.described.places import Path, Pointer, only

from .reads import Find

MAX_OPS = 50
"""Operations that are given to one `send`; a call of single objects is made for each of them."""


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
