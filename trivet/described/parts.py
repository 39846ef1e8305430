"""What the descriptions of calls are made of: closed parts, words of an answer, and what they have to say."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from trivet.described.places import Pointer, get

Word = Annotated[
    str, BeforeValidator(lambda value: str(value) if type(value) is int else value), Field(min_length=1)
]
"""An HTTP status or an error code of the system."""
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
Value = str | int | float | bool | None


class Part(BaseModel):
    """A closed and frozen part of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Says(Part):
    """A place in an answer and the values there that mean yes."""

    at: Pointer
    """Where the value stands."""
    equals: tuple[Value, ...] = Field(min_length=1)
    """The values that mean yes; `true`, 1 and "1" are three values."""

    def holds(self, answer: Any) -> bool:
        """Whether the answer says yes."""
        return among(get(answer, self.at), self.equals)


class Mark(Part):
    """A place in a row and what stands there when it means yes."""

    at: Pointer
    """Where the value stands."""
    equals: tuple[Value, ...] = ()
    """The values that mean yes; without, any that is there, such as a time: all but null, false, 0 and ""."""

    def holds(self, row: Any) -> bool:
        """Whether the row says yes."""
        value = get(row, self.at)
        return among(value, self.equals) if self.equals else bool(value)


def among(value: Any, values: tuple[Value, ...]) -> bool:
    """Whether it is one of them, in kind too."""
    return any(type(value) is type(one) and value == one for one in values)
