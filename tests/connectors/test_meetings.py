"""Feishu Minutes and Tencent Meeting: a room's number is used again, so that the interview's time decides."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from elsewhere import CONTENT, Elsewhere
from trivet_connectors.feishu_minutes import RECORDINGS as FEISHU
from trivet_connectors.tencent_meeting import RECORDINGS as TENCENT
from trivet_connectors.tencent_meeting.wire import signed

from trivet.conformance.recordings import RecordingsSuite, whole
from trivet.contract import Services
from trivet.errors import AuthFailed, NotYet, Rejected
from trivet.model import Document

LONG_AGO = "2020-01-01T10:00:00+00:00"


def services(folder: Path) -> Services:
    """A deployment."""
    return Services("media", folder, folder, lambda: datetime.now(UTC))


class Meetings(Elsewhere):
    """A stand-in whose rooms have numbers."""

    number = ""

    def __init__(self, world: World, name: str, connector: Any) -> None:
        super().__init__(world, name, connector)
        self.made = world.change(name, what="recording", candidate="be1", content_hex=CONTENT.hex())
        self.reference = self.of(self.made)
        self.waiting = self.of(world.change(name, what="state", candidate="be2", state="processing"))
        self.missing = {self.number: "999999999", "starts_at": LONG_AGO, "ends_at": LONG_AGO}

    def of(self, made: Document) -> Document:
        """The reference of the interview that a change of the stand-in was about."""
        end = datetime.fromisoformat(made["starts_at"]) + timedelta(minutes=30)
        return {
            self.number: made[self.number],
            "starts_at": made["starts_at"],
            "ends_at": end.isoformat(),
        }

    def config(self, **changed: Any) -> Any:
        # the stand-in's interviews were days ago
        return super().config(**{"wait_hours": 1000, **changed})


class FeishuMeetings(Meetings):
    """Feishu's."""

    number = "meeting_no"


class TencentMeetings(Meetings):
    """Tencent's."""

    number = "meeting_code"


class TestFeishuMinutes(RecordingsSuite):
    """A minute, behind a link of a day."""

    connector = FEISHU
    waits = True

    @pytest.fixture
    def far_end(self, world: World) -> Meetings:
        """The stand-in."""
        return FeishuMeetings(world, "feishu_minutes", FEISHU)


class TestTencentMeeting(RecordingsSuite):
    """A file of the recording, behind an address of six hours."""

    connector = TENCENT
    waits = True

    @pytest.fixture
    def far_end(self, world: World) -> Meetings:
        """The stand-in."""
        return TencentMeetings(world, "tencent_meeting", TENCENT)


@pytest.fixture
def feishu(world: World) -> Meetings:
    """Feishu's stand-in."""
    return FeishuMeetings(world, "feishu_minutes", FEISHU)


@pytest.fixture
def minutes(feishu: Meetings, tmp_path: Path) -> Iterator[Any]:
    """The connector there."""
    with FEISHU.build(feishu.config(), services(tmp_path)) as built:
        yield built


@pytest.fixture
def tencent(world: World) -> Meetings:
    """Tencent's stand-in."""
    return TencentMeetings(world, "tencent_meeting", TENCENT)


@pytest.fixture
def records(tencent: Meetings, tmp_path: Path) -> Iterator[Any]:
    """The connector there."""
    with TENCENT.build(tencent.config(), services(tmp_path)) as built:
        yield built


class TestFeishu:
    """By number, meeting or minute."""

    def test_every_way_leads_to_the_same(self, feishu: Meetings, minutes: Any) -> None:
        """The interview's number and time, the meeting's id, the minute's token."""
        named = [
            {"meeting_id": feishu.made["meeting_id"]},
            {"minute_token": feishu.made["minute"]},
            feishu.reference,
        ]
        assert all(whole(minutes, reference) == CONTENT for reference in named)

    def test_another_interviews_recording_is_not_taken(self, feishu: Meetings, minutes: Any) -> None:
        """An hour later in the same room it is somebody else's."""
        made = feishu.world.change("feishu_minutes", what="room", candidate="ae1", of="be1")
        assert made["meeting_no"] == feishu.made["meeting_no"]
        assert whole(minutes, feishu.reference) == CONTENT
        assert whole(minutes, feishu.of(made)) != CONTENT
        later = datetime.fromisoformat(made["starts_at"]) + timedelta(hours=3)
        with pytest.raises(NotYet):
            whole(minutes, {**feishu.reference, "starts_at": later.isoformat()})

    def test_a_room_without_a_time_is_anybodys(self, feishu: Meetings, minutes: Any) -> None:
        """Nothing is guessed."""
        with pytest.raises(Rejected) as caught:
            whole(minutes, {"meeting_no": feishu.made["meeting_no"]})
        assert caught.value.vendor_code == "RECORDING_AMBIGUOUS"

    @pytest.mark.parametrize(
        "bad", [{"minute_token": "../x"}, {"meeting_id": 7}, {"meeting_no": "1/2"}, {"meeting_id": "x?y=1"}]
    )
    def test_a_reference_is_a_plain_word(self, bad: Document, minutes: Any) -> None:
        """It becomes part of a path."""
        with pytest.raises(Rejected) as caught:
            whole(minutes, bad)
        assert caught.value.vendor_code == "REFERENCE"

    def test_a_minute_that_is_not_shared_with_the_app_is_told(self, feishu: Meetings, minutes: Any) -> None:
        """A right is missing: a person must act, no run can."""
        refusal = '{"code": 2091005, "msg": "permission deny"}'
        feishu.world.misbehave("feishu_minutes", kind="answer", method="GET", path="/media", body=refusal)
        with pytest.raises(AuthFailed, match="permission"):
            whole(minutes, feishu.reference)


class TestTencent:
    """Every call is signed."""

    def test_the_signature_is_base64_of_hexadecimal_digits(self) -> None:
        """`printf … | openssl dgst -sha256 -hmac key | base64` over method, headers, path with query, and body."""
        proof = {"X-TC-Key": "id", "X-TC-Nonce": "7", "X-TC-Timestamp": "1795500000"}
        assert (
            signed("key", "GET", proof, "/v1/records?page=1")
            == "ZGUzNGM0OWE1Nzc5MmQ0OWE1MjYzMTVhM2RlNzYyYTMwOTQ4YWJjNWE3ZjFkNmYzZjhiMDE1MWMyZjQxNDcxYw=="
        )

    def test_a_number_that_is_signed_is_sent_as_it_was_signed(
        self, tencent: Meetings, tmp_path: Path
    ) -> None:
        """An operator whose name has to be encoded is the same in both."""
        config = tencent.config(operator_id="hr admin/+%")
        with TENCENT.build(config, services(tmp_path)) as source, pytest.raises(Rejected) as caught:
            source.check()
        assert caught.value.vendor_code == "500133"

    def test_a_meeting_in_parts_is_not_half_scored(self, tencent: Meetings, records: Any) -> None:
        """Recorded a second time during the interview: a part is a plausible interview."""
        tencent.world.change("tencent_meeting", what="again", candidate="be1", minutes=15)
        with pytest.raises(Rejected) as caught:
            whole(records, tencent.reference)
        assert caught.value.vendor_code == "RECORDING_IN_PARTS"

    def test_another_interviews_recording_is_not_taken(self, tencent: Meetings, records: Any) -> None:
        """An hour later under the same code it is somebody else's."""
        tencent.world.change("tencent_meeting", what="again", candidate="be1", minutes=60)
        assert whole(records, tencent.reference) == CONTENT

    @pytest.mark.parametrize(("prefer", "kind"), [("audio", "audio"), ("video", "video")])
    def test_sound_or_film(self, prefer: str, kind: str, tencent: Meetings, tmp_path: Path) -> None:
        """As the connection prefers."""
        with (
            TENCENT.build(tencent.config(prefer=prefer), services(tmp_path)) as source,
            source.open(tencent.reference) as download,
        ):
            assert download.media_type.startswith(kind)
            assert hashlib.sha256(b"".join(download.chunks)).digest() == hashlib.sha256(CONTENT).digest()

    def test_without_a_time_nothing_is_guessed(self, tencent: Meetings, records: Any) -> None:
        """A code is used again."""
        with pytest.raises(Rejected) as caught:
            whole(records, {"meeting_code": tencent.made["meeting_code"]})
        assert caught.value.vendor_code == "RECORDING_AMBIGUOUS"
