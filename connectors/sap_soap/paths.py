"""Values by path in what zeep takes and gives: nested dicts, lists where an element is repeated."""

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from trivet.model import Document

CONTENT = "_value_1"
"""zeep's name for the text of an element that has attributes too."""


def put(document: Document, path: str, value: Any) -> None:
    """Stores a value, making the elements on its way; a value that is there is merged when both are objects."""
    *way, last = path.split("/")
    for name in way:
        document = document.setdefault(name, {})
    if isinstance(value, dict) and isinstance(document.get(last), dict):
        document[last] |= value
    else:
        document[last] = value


def every(value: Any, path: str) -> Iterator[Any]:
    """All that stands at a path; the empty path is the value itself."""
    if isinstance(value, list):
        for one in value:
            yield from every(one, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict):
        name, _, rest = path.partition("/")
        yield from every(value.get(name), rest)


def text(value: Any, path: str) -> str:
    """The first value at a path as text, empty where there is none or no path."""
    found = next((one for one in every(value, path) if not isinstance(one, dict)), None) if path else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return "" if found is None else str(found)


def plain(value: Any) -> Any:
    """zeep's values as JSON: dates as text, decimals as numbers, what is empty left out."""
    match value:
        case dict():
            made = {name: plain(one) for name, one in value.items() if one is not None and one != []}
            return made.get(CONTENT) if CONTENT in made else made
        case list():
            return [plain(one) for one in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case str() | bool() | int() | float() | None:
            return value
        case _:
            return str(value)


def like(sent: Any, found: Any) -> Any:
    """What was found in the form in which it was sent: a number may be text in the one and not in the other."""
    if isinstance(sent, dict) and isinstance(found, dict):
        return {name: like(sent.get(name), one) for name, one in found.items()}
    if isinstance(sent, list) and isinstance(found, list) and len(sent) == len(found):
        return [like(one, other) for one, other in zip(sent, found, strict=True)]
    return sent if type(sent) is not type(found) and str(sent) == str(found) else found
