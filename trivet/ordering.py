"""The words of ordering an assessment, which most HR systems call alike: order, status, result.

    the vendor asks                    the hub answers
    ListPackages                       Offered
    PlaceOrder                         Placed, Refused
    CancelOrder                        Standing, Refused
    AskStatus                          Standing, Refused
    Complain                           Noted

A dialect (`trivet.contract.Assessments`) turns a vendor's call into the left column and the right column into its answer.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from trivet.model import Document, PlaceOrder

Status: TypeAlias = Literal["open", "completed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Package:
    """Something that a recruiter may order."""

    id: str
    names: Mapping[str, str]
    """By language: `zh`, `en`."""

    def name(self, language: str) -> str:
        """The name in that language, or in whichever there is."""
        return self.names.get(language) or next(iter(self.names.values()))


@dataclass(frozen=True, slots=True)
class ListPackages:
    """What can be ordered?"""


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """The assessment is not wanted any more."""

    order: str


@dataclass(frozen=True, slots=True)
class AskStatus:
    """What has become of the order?"""

    order: str


@dataclass(frozen=True, slots=True)
class Complain:
    """The vendor could not read an answer of ours."""

    about: str
    """The call that was answered so, in the vendor's words."""
    said: tuple[str, ...]
    order: str | None = None


Asked: TypeAlias = ListPackages | PlaceOrder | CancelOrder | AskStatus | Complain


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be ordered."""

    packages: tuple[Package, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """The order is stored under this id."""

    order: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the order has come to; `result` in the vendor's words, as its mapping made it, once it is completed."""

    order: str
    status: Status
    result: Document | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A person will look at it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done."""

    why: Literal["unauthorised", "malformed", "unknown_call", "unknown_package", "unknown_order"]


Answer: TypeAlias = Offered | Placed | Standing | Noted | Refused


@dataclass(frozen=True, slots=True)
class Said:
    """An answer in the vendor's words: status line, JSON body, headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def presented_key(headers: Mapping[str, str]) -> bytes:
    """The key that a caller presents as the user of HTTP Basic with an empty password; empty where it presents none."""
    scheme, _, encoded = headers.get("authorization", "").strip().partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        return b""
    user, _, password = pair.partition(b":")
    return b"" if password else user
