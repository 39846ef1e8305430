"""What the descriptions of calls are made of: closed parts, words of an answer, and what they have to say."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from trivet.described.places import Pointer, get
from trivet.headers import INVALID

Word = Annotated[
    str, BeforeValidator(lambda value: str(value) if type(value) is int else value), Field(min_length=1)
]
"""An HTTP status or an error code of the system."""
Words = Annotated[frozenset[Word], PlainSerializer(sorted, return_type=list[str])]
"""Some of them; written in order, so that what is made from a declaration is the same each time."""
_NAME = r"^[A-Za-z0-9_-]+$"
_VALUE = r"^[\x21-\x7e]*$"


def unfit(why: str) -> PydanticCustomError:
    """What a setting is refused with that would break the lines of a request; `trivet.connections` gives it its code."""
    return PydanticCustomError(INVALID, "{why}", {"why": why})


def _fits(pattern: str, otherwise: str) -> BeforeValidator:
    def judged(value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise unfit(otherwise)
        return value

    return BeforeValidator(judged)


Header = Annotated[
    str, _fits(_NAME, "the name of a header has letters, digits, - and _ alone"), Field(pattern=_NAME)
]
HeaderText = Annotated[
    str, _fits(_VALUE, "a part of a header has neither spaces nor line breaks"), Field(pattern=_VALUE)
]
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
