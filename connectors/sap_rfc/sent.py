"""Whom an operation is about, and what was sent next to what is there."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from trivet.errors import Rejected
from trivet.model import Document, Found, Operation

from .library import NAME
from .session import RfcSession


class Entity(Protocol):
    """One kind of record: how it is written in a unit of work, and how it is found again."""

    @property
    def functions(self) -> tuple[str, ...]:
        """Every function that it calls."""

    @property
    def person(self) -> str:
        """Field that names the employee."""

    @property
    def fields(self) -> Mapping[str, str]:
        """Our field by the vendor's, where a refusal would name the vendor's."""

    def send(self, session: RfcSession, operation: Operation) -> str | None:
        """Changes the record within the session's unit of work; its remote id."""

    def find(self, session: RfcSession, person: str, operations: list[Operation]) -> dict[str, list[Found]]:
        """What is there of this person's operations, by reference."""


def person_of(operation: Operation, field: str) -> str | None:
    """The personnel number, eight digits; None where the operation does not tell."""
    if operation.remote_id:
        return operation.remote_id.split("/", 1)[0]
    said = str(operation.document.get(field) or "").strip()
    return said.zfill(8) if said else None


def given(operation: Operation, *without: str) -> Document:
    """The document's fields, without those that say nothing and those that are named."""
    return {k: v for k, v in operation.document.items() if v is not None and k not in without}


def as_sent(sent: Mapping[str, Any], there: Mapping[str, Any]) -> Document:
    """What is there, in the shape in which it was sent: padded numbers and packed ones are equal to what they stand for."""
    return {
        name: sent[name] if name in sent and same(sent[name], value) else _plain(value)
        for name, value in there.items()
    }


def same(sent: Any, there: Any) -> bool:
    """Whether the system would show the one as the other."""
    return sent == there or _bare(sent) == _bare(there)


def cannot(operation: str, why: str, *, code: str, cure: str, field: str | None = None) -> Rejected:
    """What these functions have no way to do."""
    return Rejected(why, connector=NAME, operation=operation, vendor_code=code, field=field, cure=cure)


def _bare(value: Any) -> str:
    text = str(_plain(value) if value is not None else "").strip()
    return text.lstrip("0") if text.isdecimal() else text


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
