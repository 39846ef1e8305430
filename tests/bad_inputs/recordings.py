"""Opens a recording behind a link that Greenhouse hands out, as a night does."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bad_inputs.law import PERSON, SECRET
from conftest import World
from trivet_connectors.greenhouse import RECORDINGS

from trivet.conformance.promises import error_is_clear
from trivet.contract import Services
from trivet.errors import ConnectorError

HERE = ["127.0.0.0/8"]


def fetched(world: World, folder: Path, link: str, **settings: Any) -> bytes:
    """The recording behind a link that Greenhouse hands out."""
    vendor = world.sandbox["greenhouse"]
    world.change("greenhouse", what="recording", candidate="be1", file="x.ogg", url=link)
    stored = vendor.connection()
    config = RECORDINGS.config.model_validate(
        {
            "base_url": stored["host"], "client_id": stored["login"], "client_secret": stored["password"],
            "auth_url": stored["host"], "max_recording_mb": 2, **settings,
        }
    )  # fmt: skip
    reference = {"attachment_id": max(key for key, _ in vendor.store.all("attachments"))}
    services = Services("media", folder, folder, lambda: datetime.now(UTC))
    with RECORDINGS.build(config, services) as source, source.open(reference) as download:
        return b"".join(download.chunks)


def refusal(world: World, folder: Path, link: str, **settings: Any) -> ConnectorError:
    """Why it was not fetched: one line, and nothing of the link's path, query or login in it."""
    with pytest.raises(ConnectorError) as caught:
        fetched(world, folder, link, **settings)
    error_is_clear(caught.value, "greenhouse")
    for word in (SECRET, "interview", PERSON, "hunter2"):
        assert word not in caught.value.explained()
    return caught.value
