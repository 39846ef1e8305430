"""Whether a store takes something, gives it back and lets it go."""

import os
from typing import TYPE_CHECKING

from trivet.store.words import away

if TYPE_CHECKING:
    from trivet.store import Store


def probe(store: "Store") -> None:
    """Raises what a recording would meet."""
    name, content = f".probe-{os.urandom(8).hex()}", os.urandom(64)
    store.put(name, [content])
    try:
        with store.open(name) as file:
            if file.read() != content:
                raise away("check", "it gives back something else")
    finally:
        store.delete(name)
