"""A stand-in that holds recordings of interviews which another system knows, as the far end of a suite."""

import random
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

from conftest import World

from trivet.conformance.promises import SECRET
from trivet.model import Document

CONTENT = b"OggS" + random.Random(4711).randbytes(1_500_000)


def reference(name: str, value: str, begin: datetime, **more: Any) -> Document:
    """Of an interview of half an hour."""
    end = begin + timedelta(minutes=30)
    return {name: value, "starts_at": begin.isoformat(), "ends_at": end.isoformat(), **more}


class Elsewhere:
    """The stand-in with one recording of which every byte is known, one that is being made, and one that never came."""

    reference: Document
    waiting: Document
    missing: Document

    def __init__(self, world: World, name: str, connector: Any) -> None:
        self.world, self.name, self.connector = world, name, connector
        self.vendor = world.sandbox[name]
        self.content = CONTENT
        self.begin = datetime.now(UTC) - timedelta(hours=2)

    def config(self, **changed: Any) -> Any:
        stored = self.world.sandbox.connections()[self.name]
        values = {k: v for k, v in stored["extra"].items() if k != "environment"}
        standard = self.connector.config.standard_fields
        values |= {standard[field]: stored[field] for field in standard if field in stored}
        return self.connector.config.model_validate({**values, "calls_per_second": 1000.0, **changed})

    def wrong_secret(self) -> Any:
        return self.config(**{self.connector.config.standard_fields["password"]: SECRET})

    def nobody_home(self) -> Any:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return self.config(base_url=f"http://127.0.0.1:{free.getsockname()[1]}")

    def too_small(self) -> Any:
        return self.config(max_recording_mb=1)

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave(self.name, kind=kind, method="GET", path="/files/", **how)
