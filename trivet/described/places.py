"""Where something goes in a call and where it stands in an answer: JSON Pointers in bodies, {placeholders} in paths."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator

from trivet.model import Document

_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_PATH = re.compile(r"/[^\s#\\]*")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def _pointer(text: str) -> str:
    if not _POINTER.fullmatch(text):
        raise ValueError('a JSON Pointer is "" for the whole, or begins with / as in /data/0/id (RFC 6901)')
    return text


def _path(text: str) -> str:
    if not _PATH.fullmatch(text) or text.startswith("//") or "/../" in f"{text}/":
        raise ValueError("a path begins with one / and goes on from base_url, without spaces, # and ..")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        raise ValueError("a brace stands alone; placeholders are written {reference}")
    return text


Pointer = Annotated[str, AfterValidator(_pointer)]
"""A JSON Pointer (RFC 6901)."""
Path = Annotated[str, AfterValidator(_path)]
"""A path with its query; placeholders in braces are filled in and escaped."""


def only(path: str, allowed: Collection[str], where: str) -> set[str]:
    """The placeholders of the path; ValueError for one that means nothing there."""
    used = names_in(path)
    for name in sorted(used - set(allowed)):
        known = ", ".join(f"{{{one}}}" for one in allowed) or "none"
        raise ValueError(f"{{{name}}} in the path of {where} means nothing; there are: {known}")
    return used


def names_in(path: str) -> set[str]:
    """The placeholders of the path."""
    return set(_PLACEHOLDER.findall(path))


def filled(path: str, values: Mapping[str, str]) -> str:
    """The path with every placeholder escaped and filled in; a query parameter without its value is left out."""

    def fill(text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: quote(values.get(match[1], ""), safe=""), text)

    before, _, query = path.partition("?")
    parts = [part for part in query.split("&") if part]
    told = [
        fill(part)
        for part in parts
        if not (match := _PLACEHOLDER.fullmatch(part.partition("=")[2])) or values.get(match[1])
    ]
    return fill(before) + (f"?{'&'.join(told)}" if told else "")


def get(value: Any, pointer: str) -> Any:
    """What stands there; None where nothing does."""
    for step in _steps(pointer):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def text_at(value: Any, pointer: str | None) -> str | None:
    """A text or a number that stands there, as text; None for anything else."""
    found = None if pointer is None else get(value, pointer)
    if isinstance(found, bool) or not isinstance(found, str | int | float) or found == "":
        return None
    return str(found)


def copied(value: Any) -> Any:
    """JSON that may be changed without changing the value."""
    if isinstance(value, dict):
        return {name: copied(one) if isinstance(one, dict | list) else one for name, one in value.items()}
    return [copied(one) for one in value] if isinstance(value, list) else value


def put(body: Document, pointer: str, value: Any) -> None:
    """Puts the value there, with the objects that lead to it; an object put at "" adds its members."""
    steps = _steps(pointer)
    if not steps:
        body.update(value)
        return
    for step in steps[:-1]:
        inner = body.get(step)
        if not isinstance(inner, dict):
            inner = body[step] = {}
        body = inner
    body[steps[-1]] = value


def drop(document: Any, pointer: str | None) -> None:
    """Takes the member away that stands there, if one does."""
    steps = _steps(pointer or "")
    if steps:
        above = get(document, "".join(f"/{_escaped(step)}" for step in steps[:-1]))
        if isinstance(above, dict):
            above.pop(steps[-1], None)


@lru_cache(maxsize=1024)
def _steps(pointer: str) -> tuple[str, ...]:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
