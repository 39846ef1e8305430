"""A stand-in server as the far end of a conformance suite."""

import json
import socket
from typing import Any

from conftest import World

from trivet.conformance.promises import SECRET
from trivet.model import Document

NAME = "𠮷田 O'Brien' or 1 eq 1"
"""A rare character, and what would end a text literal."""


class Standing:
    """A stand-in as the far end of a suite."""

    def __init__(
        self, world: World, name: str, connector: Any, entity: str, good: list[Document], changed: Document,
        bad: Document | None, writes: str,
    ) -> None:  # fmt: skip
        self.world, self.name, self.connector, self.entity = world, name, connector, entity
        self.good, self.changed, self.bad, self.writes = good, changed, bad, writes

    def config(self, **changed: Any) -> Any:
        stored = self.world.sandbox.connections()[self.name]
        values = {k: v for k, v in stored["extra"].items() if k != "environment"}
        standard = self.connector.config.standard_fields
        values |= {standard[field]: stored[field] for field in standard if field in stored}
        return self.connector.config.model_validate({**values, **changed})

    def wrong_secret(self) -> Any:
        return self.config(**{self.connector.config.standard_fields["password"]: SECRET})

    def nobody_home(self) -> Any:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return self.config(base_url=f"http://127.0.0.1:{free.getsockname()[1]}")

    def untrusted(self, address: str) -> Any:
        return self.config(base_url=address)

    def held(self) -> Any:
        return self.world.held(self.name)

    def by_hand(self, reference: str) -> None:
        store = self.world.sandbox[self.name].store
        for kind in store.kinds():
            for key, body in store.all(kind):
                if reference in json.dumps(body, ensure_ascii=False):
                    store.put(kind, key, self.retouched(body))

    def retouched(self, body: Document) -> Document:
        """The row of the first good document with one value of the changed one."""
        first = self.good[0]
        field = next(name for name in first if self.changed.get(name) != first[name])
        made: Document = _with(body, first[field], self.changed[field])
        return made

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave(self.name, kind=kind, method="POST", path=self.writes, **how)


def _with(body: Any, old: Any, new: Any) -> Any:
    """The same with one value for another, however deep."""
    if isinstance(body, dict):
        return {name: _with(value, old, new) for name, value in body.items()}
    if isinstance(body, list):
        return [_with(value, old, new) for value in body]
    if isinstance(body, str):
        # a number may be kept as text; words may stand among others
        return str(new) if body == str(old) else body.replace(old, str(new)) if " " in str(old) else body
    return new if body == old and not isinstance(body, bool) else body
