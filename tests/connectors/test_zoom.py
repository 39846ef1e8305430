"""Zoom: a meeting's recording is the interview's only where it began with it; its token is Zoom's alone."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from elsewhere import CONTENT, Elsewhere
from trivet_connectors.zoom import INBOUND, RECORDINGS
from trivet_sandbox.zoom import events

from trivet.conformance.promises import error_is_clear
from trivet.conformance.recordings import RecordingsSuite, whole
from trivet.contract import Services
from trivet.errors import AuthFailed, NotYet, Rejected
from trivet.model import Call, Document, Heard

NAME = "zoom"
SECRET = "a-secret-token"  # noqa: S105 - a test's
LONG_AGO = "2020-01-01T10:00:00Z"


class Meetings(Elsewhere):
    """The stand-in; three of its candidates' meetings."""

    def __init__(self, world: World) -> None:
        super().__init__(world, NAME, RECORDINGS)
        made = world.change(NAME, what="recording", candidate="be1", content_hex=CONTENT.hex())
        self.reference = interview(made)
        self.waiting = interview(world.change(NAME, what="state", candidate="be2", state="processing"))
        self.missing = {"meeting_id": "84999999999", "starts_at": LONG_AGO, "ends_at": LONG_AGO}

    def config(self, **changed: Any) -> Any:
        # the stand-in's interviews were days ago
        return super().config(**{"wait_hours": 1000, **changed})


def interview(made: Document) -> Document:
    """The reference of the interview that a change of the stand-in was about."""
    begin = datetime.fromisoformat(made["starts_at"])
    end = begin + timedelta(minutes=30)
    return {
        "meeting_id": str(made["meeting_id"]),
        "starts_at": made["starts_at"],
        "ends_at": end.isoformat(),
    }


class TestZoom(RecordingsSuite):
    """Files of the meeting, behind a link that leads on."""

    connector = RECORDINGS
    waits = True

    @pytest.fixture
    def far_end(self, world: World) -> Meetings:
        """The stand-in."""
        return Meetings(world)


@pytest.fixture
def there(world: World) -> Meetings:
    """The stand-in."""
    return Meetings(world)


@pytest.fixture
def source(there: Meetings, tmp_path: Path) -> Iterator[Any]:
    """The connector at the stand-in."""
    with RECORDINGS.build(there.config(), services(tmp_path)) as built:
        yield built


def services(folder: Path, now: datetime | None = None) -> Services:
    """A deployment."""
    return Services(NAME, folder, folder, lambda: now or datetime.now(UTC))


def test_the_token_is_shown_to_zoom_and_not_to_where_it_leads(there: Meetings, source: Any) -> None:
    """The store on the other host refuses whoever shows it a second proof."""
    assert whole(source, there.reference) == CONTENT
    paths = [call["path"].split("?")[0].split("/")[1] for call in there.world.calls(NAME)]
    assert paths[-2:] == ["rec", "files"]
    assert there.world.calls(NAME)[-1]["status"] == 200


def test_a_host_that_is_not_zooms_sees_no_token(there: Meetings, tmp_path: Path) -> None:
    """Whatever the answer says: the link is asked without, and refused."""
    config = there.config(download_hosts=["zoom.us", "*.zoom.us"])
    with RECORDINGS.build(config, services(tmp_path)) as source, pytest.raises(Exception, match="HTTP 401"):
        whole(source, there.reference)


def test_a_broken_line_is_taken_up_by_range(there: Meetings, source: Any) -> None:
    """The log of the store tells: the second half is asked for, behind a fresh link."""
    there.misbehave("truncated")
    assert whole(source, there.reference) == CONTENT
    ranges = [call["range"] for call in there.world.calls(NAME) if call["path"].startswith("/files/")]
    assert ranges == [None, f"bytes={len(CONTENT) // 2}-"]


class TestRooms:
    """One meeting id for one interview after the other."""

    def test_each_interview_gets_its_own(self, there: Meetings, source: Any) -> None:
        """By its begin, from the instances of the past; the latest is not everybody's."""
        others = b"OggS" + bytes(1000)
        there.world.change(NAME, what="recording", candidate="ae1", content_hex=others.hex())
        meeting = next(body for _, body in there.vendor.store.all("meeting") if body["_key"] == "ae1")
        moved = meeting | {"_at": meeting["_at"] + 3_600_000}
        there.vendor.store.put("meeting", moved["uuid"], moved, moved["_at"])
        made = there.world.change(NAME, what="room", candidate="ae1", of="be1")
        assert whole(source, there.reference) == CONTENT
        assert whole(source, interview(made)) == others

    def test_another_interviews_recording_is_not_taken(self, there: Meetings, source: Any) -> None:
        """An hour later in the same room it is somebody else's; hers is waited for."""
        begin = datetime.fromisoformat(there.reference["starts_at"]) + timedelta(hours=1)
        hers = {**there.reference, "starts_at": begin.isoformat()}
        with pytest.raises(NotYet):
            whole(source, hers)


def test_a_meeting_in_parts_is_not_half_scored(there: Meetings, source: Any) -> None:
    """A part is a plausible interview."""
    there.world.change(
        NAME, what="files", candidate="be1", files=[["M4A", "audio_only"], ["M4A", "audio_only"]]
    )
    with pytest.raises(Rejected) as caught:
        whole(source, there.reference)
    assert caught.value.vendor_code == "RECORDING_IN_PARTS"


@pytest.mark.parametrize(("prefer", "kind"), [("audio", "audio/mp4"), ("video", "video/mp4")])
def test_sound_or_film(prefer: str, kind: str, there: Meetings, tmp_path: Path) -> None:
    """As the connection prefers; where there is one only, that one."""
    with RECORDINGS.build(there.config(prefer=prefer), services(tmp_path)) as source:
        with source.open(there.reference) as download:
            assert download.media_type == kind
        there.world.change(NAME, what="files", candidate="be1", files=[["MP4", "gallery_view"]])
        with source.open(there.reference) as download:
            assert download.media_type == "video/mp4"


@pytest.mark.parametrize(
    ("hours", "code"), [(-1, "RECORDING_NOT_YET"), (10, "RECORDING_NOT_YET"), (80, "RECORDING_MISSING")]
)
def test_a_recording_is_waited_for_as_long_as_the_connection_says(
    hours: int, code: str, there: Meetings, tmp_path: Path
) -> None:
    """Before the interview's end nobody is asked; long after it, it is missing."""
    there.world.change(NAME, what="state", candidate="be1", state="none")
    end = datetime.fromisoformat(there.reference["ends_at"])
    now = services(tmp_path, end + timedelta(hours=hours))
    before = len(there.world.calls(NAME))
    with (
        RECORDINGS.build(there.config(wait_hours=72), now) as source,
        pytest.raises((NotYet, Rejected)) as caught,
    ):
        whole(source, there.reference)
    assert caught.value.vendor_code == code
    assert isinstance(caught.value, NotYet) == (code == "RECORDING_NOT_YET")
    assert (len(there.world.calls(NAME)) == before) == (hours < 0)
    error_is_clear(caught.value, NAME)


def test_a_scope_that_lacks_is_told(there: Meetings, source: Any) -> None:
    """Once, to a person: nothing else can help."""
    said = json.dumps({"code": 4711, "message": "Invalid access token, does not contain scopes:[…]."})
    plain = there.vendor.handle

    def handle(request: Any) -> Any:
        answer = plain(request)
        if request.path.startswith("/v2/"):
            answer.body, answer.status = json.loads(said), 400
        return answer

    there.vendor.handle = handle  # type: ignore[method-assign]
    try:
        with pytest.raises(AuthFailed, match="scope"):
            whole(source, there.reference)
    finally:
        del there.vendor.handle


AT = 1795500000


def hear(folder: Path, headers: dict[str, str], body: bytes) -> Heard:
    """What the connector makes of the call."""
    settings = {"account_id": "x", "client_id": "x", "client_secret": "x", "webhook_secret": SECRET}
    config = INBOUND.config.model_validate(settings)
    with INBOUND.build(config, services(folder)) as inbound:
        return inbound.hear(Call(headers, body, datetime.fromtimestamp(AT, UTC)))


def sent(kind: str = "recording.completed", secret: str = SECRET, at: float = AT, **payload: Any) -> Any:
    """A call of Zoom's."""
    body = events.body(kind, payload or {"object": {"id": 85000000007, "uuid": "a=="}})
    return {name.lower(): value for name, value in events.headers(body, secret, at).items()}, body


class TestEvents:
    """Proven by a signature over time and body."""

    def test_the_signature_is_over_version_time_and_body(self, tmp_path: Path) -> None:
        """`printf 'v0:1795500000:{"event":"x.y","payload":{}}' | openssl dgst -sha256 -hmac a-secret-token`."""
        signature = "v0=c3871bc1f6de016f1b34da59b4b74b5a767722331b665498bfcd6c58b287c47a"
        headers = {"x-zm-request-timestamp": str(AT), "x-zm-signature": signature}
        (event,) = hear(tmp_path, headers, b'{"event":"x.y","payload":{}}').events
        assert (event.kind, event.about) == ("x.y", ())

    def test_a_recording_that_is_ready_names_its_meeting(self, tmp_path: Path) -> None:
        """And the same delivery again is the same event."""
        headers, body = sent()
        (event,) = hear(tmp_path, headers, body).events
        assert (event.kind, event.about) == ("recording.completed", (("recordings", "85000000007"),))
        assert hear(tmp_path, headers, body).events == (event,)

    @pytest.mark.parametrize(
        ("made", "code"),
        [
            (lambda: sent(secret="another"), "WEBHOOK_SIGNATURE"),  # noqa: S106
            (lambda: ({}, sent()[1]), "WEBHOOK_SIGNATURE"),
            (lambda: (sent()[0], sent()[1] + b" "), "WEBHOOK_SIGNATURE"),
            (lambda: ({**sent()[0], "x-zm-request-timestamp": str(AT + 1)}, sent()[1]), "WEBHOOK_SIGNATURE"),
            (lambda: sent(at=AT - 301), "WEBHOOK_STALE"),
            (lambda: sent(at=AT + 302), "WEBHOOK_STALE"),
        ],
    )
    def test_bad_input(self, made: Any, code: str, tmp_path: Path) -> None:
        """Refused with a code."""
        with pytest.raises(AuthFailed) as caught:
            hear(tmp_path, *made())
        assert caught.value.vendor_code == code

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"[" * 100_000, b'{"event": 1, "payload": {}}', b'{"event": "x"}']
    )
    def test_bad_input_that_cannot_be_read(self, body: bytes, tmp_path: Path) -> None:
        """Signed or not, it is none."""
        headers = {name.lower(): value for name, value in events.headers(body, SECRET, AT).items()}
        with pytest.raises(Rejected) as caught:
            hear(tmp_path, headers, body)
        assert caught.value.vendor_code == "EVENT_MALFORMED"

    def test_the_address_is_proven_by_a_challenge(self, tmp_path: Path) -> None:
        """Signed or not; its HMAC is `openssl dgst -sha256 -hmac a-secret-token` of the token."""
        headers, body = sent("endpoint.url_validation", plainToken="qgg8vlvZRS6UYooatFL8Aw")  # noqa: S106
        wanted = {
            "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
            "encryptedToken": "c22e788aaa0b13b8cbb139d66de0d7e0a4fd07e92e0e1584b90e06b8d1d160ce",
        }
        for proof in (headers, {}):
            assert hear(tmp_path, proof, body) == Heard(answer=wanted)

    @pytest.mark.parametrize("token", [f'v0:{AT}:{{"event":"recording.completed"}}', "a b", "", "x" * 200, 7])
    def test_nobody_gets_an_event_signed_by_a_challenge(self, token: Any, tmp_path: Path) -> None:
        """What could begin a signed event is no challenge of Zoom's."""
        _, body = sent("endpoint.url_validation", plainToken=token)
        with pytest.raises(AuthFailed):
            hear(tmp_path, {}, body)
