"""The words in which a connection describes what the system calls us with: how it is proven, and what it speaks of."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trivet.described.logins import Signature
from trivet.described.parts import Header, Part, Says
from trivet.described.places import Pointer

from .reads import HrStream


class Bearing(Part):
    """Every call carries `webhook_secret` as it is; what it says of deletions is not believed."""

    kind: Literal["bearer"]
    """`bearer`."""
    header: Header = "Authorization"
    """Header of the secret."""
    prefix: str = Field(default="Bearer ", pattern=r"^[\x20-\x7e]*$")
    """What stands before it."""


class Told(Part):
    """An object that an event speaks of."""

    stream: HrStream
    """Its stream."""
    id: Pointer
    """Where its id stands in the event, or a list of ids."""
    when: Says | None = None
    """What the event says when it speaks of such an object; without, wherever the id is there."""
    gone: Literal["deleted", "merged", "anonymised"] | None = None
    """Why the object is no more, where the event says so; only of calls that are signed."""
    into: Pointer | None = None
    """Of a merged one: where the id stands of the object that stays."""


class Webhook(Part):
    """One kind of call."""

    proof: Annotated[Signature | Bearing, Field(discriminator="kind")]
    """What proves a call, by `kind`: hmac of the raw body (`header`, `algorithm`, `encoding`, `prefix`), or bearer
    (`header`, `prefix`)."""
    events: Pointer = ""
    """Where the event stands, or a list of events."""
    id: Pointer | None = None
    """Where its id stands, in the event."""
    id_header: Header | None = None
    """Header that carries the id, in place of `id`; without both the event's own content is its name."""
    kind: Pointer | None = None
    """Where the event says what happened."""
    about: tuple[Told, ...] = ()
    """What events speak of."""

    @model_validator(mode="after")
    def _believable(self) -> Self:
        if isinstance(self.proof, Bearing) and any(one.gone for one in self.about):
            raise ValueError(
                "webhook: `gone` needs a signature; whoever has seen the bearer's secret could delete people"
            )
        return self
