"""Our recording source keeps the contract against the stand-in, over a socket."""

import gzip
import random
import socket
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from trivet_connectors.feishu_hire import RECORDINGS as FEISHU

from trivet.conformance.promises import SECRET
from trivet.conformance.recordings import RecordingsSuite, whole

SIZE = 1_500_000


class Standing:
    """The stand-in of Feishu Hire with one recording of which every byte is known."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vendor = world.sandbox["feishu_hire"]
        self.content = b"OggS" + random.Random(4711).randbytes(SIZE)
        candidate = next(key for key, _ in self.vendor.store.all("key"))
        made = world.change(
            "feishu_hire", what="recording", candidate=candidate, file="known.ogg",
            content_hex=self.content.hex(),
        )  # fmt: skip
        interview = self.vendor.store.get("interview", "6950" + made["application"][4:])
        self.reference = {"attachment_id": interview["interview_record_list"][0]["image_list"][0]["id"]}
        self.missing = {"attachment_id": "6950999999999999999001"}

    def config(self, **changed: Any) -> Any:
        there = {"private_networks": ["127.0.0.0/8"], **self.vendor.announce()}
        return FEISHU.config.model_validate({**there, **changed})

    def wrong_secret(self) -> Any:
        return self.config(app_secret=SECRET)

    def nobody_home(self) -> Any:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return self.config(base_url=f"http://127.0.0.1:{free.getsockname()[1]}")

    def too_small(self) -> Any:
        return self.config(max_recording_mb=1)

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave("feishu_hire", kind=kind, method="GET", path="/files/", **how)


class TestFeishuHire(RecordingsSuite):
    """Files of the interview record, behind links that expire."""

    connector = FEISHU

    @pytest.fixture
    def far_end(self, world: World) -> Standing:
        """The open platform's stand-in."""
        return Standing(world)

    def test_a_compressed_transfer_arrives_unpacked_and_declares_no_length(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A gateway may pack what it carries; the length that it declares is then not the recording's."""
        far_end = Standing(world)
        far_end.content = b"OggS" + bytes(SIZE)
        plain = far_end.vendor.handle

        def handle(request: Any) -> Any:
            answer = plain(request)
            if request.path.startswith("/files/"):
                answer.body = gzip.compress(far_end.content)
                answer.headers["Content-Encoding"] = "gzip"
            return answer

        monkeypatch.setattr(far_end.vendor, "handle", handle)
        with self.recordings(far_end.config(), tmp_path) as source:
            assert whole(source, far_end.reference) == far_end.content
            with source.open(far_end.reference) as download:
                assert download.length is None
