"""A YAML text as events, with the place of each: libyaml reads it fast, ruamel puts every refusal into words.

What both read they read alike (a test compares them), but for the place of a value that is empty; libyaml takes a few odd
texts that ruamel refuses. Without libyaml ruamel reads everything, twenty times slower.
"""

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import yaml
from ruamel.yaml import YAML

# a tab, a line break of YAML 1.1 or of old Macs, a comment glued to a block's head: here the two part
_APART = re.compile("[\t\x85\u2028\u2029\ufeff]|\r(?!\n)|[|>][-+0-9]*#")
_LIBYAML = getattr(yaml, "CSafeLoader", None)


class NotQuick(Exception):
    """The fast reader does not take this text; the other one says what is wrong with it, or reads it."""


def quick_events(text: str) -> Iterator[Any]:
    """The events by libyaml; `NotQuick` where it stops."""
    if _LIBYAML is None or _APART.search(text):
        raise NotQuick
    try:
        # events only: no loader of this library ever decides what a text means
        yield from yaml.parse(text, Loader=_LIBYAML)
    except (yaml.YAMLError, UnicodeError) as error:
        raise NotQuick from error


def worded_events(text: str) -> Iterator[Any]:
    """The events by ruamel, in pure Python; its `YAMLError` says what is wrong and where."""
    yield from YAML(typ="safe", pure=True).parse(StringIO(text))
