"""Tencent Meeting's recordings (documents 1095/51189 and 51174); every call carries its own signature (42413)."""

import base64
import hashlib
import hmac
import secrets
import time
from functools import partial

from ..company import RECORDINGS, people
from ..files import served
from ..interviews import MINUTES, begin_ms, instant
from ..server import Answer, Handler, Request, Vendor
from ..store import Json, Store

APP_ID, SDK_ID, SECRET_ID, SECRET_KEY = "2000000001", "10000000001", "tm-sandbox-id", "tm-sandbox-key"
OPERATOR = "hr-admin"
FRESH_SECONDS, LINK_SECONDS = 300, 21_600
FIRST_MEETING, FIRST_CODE = 1_900_004_128_000_000_000, 880_000_000
LATE_MS = 120_000
STATES = {"recording": 1, "processing": 2, "completed": 3}


class TencentMeeting(Vendor):
    """The stand-in."""

    name = "tencent_meeting"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.links: dict[str, tuple[str, float]] = {}
        self.route("GET", "/v1/records", partial(self.guarded, inner=self.records))
        self.route("GET", "/v1/addresses", partial(self.guarded, inner=self.addresses))
        self.route("GET", "/files/{link}", self.file)

    def seed(self) -> None:
        """See `Vendor`."""
        with self.store.together():
            for i, person in enumerate(people(self.size)):
                self._put(person.key, i, begin_ms(i) + LATE_MS, person.recording)

    def _put(self, key: str, i: int, at: int, file: str | None) -> None:
        name = f"rec-{self.store.next_number('record', 1)}"
        body = {
            "meeting_record_id": name, "meeting_id": str(FIRST_MEETING + i), "meeting_code": str(FIRST_CODE + i),
            "_i": i, "_at": at, "_key": key, "_state": "completed", "file": file,
        }  # fmt: skip
        self.store.put("record", name, body, at)

    def announce(self) -> Json:
        """See `Vendor`."""
        return {
            "base_url": self.base_url, "app_id": APP_ID, "sdk_id": SDK_ID, "secret_id": SECRET_ID, "secret_key": SECRET_KEY,
            "operator_id": OPERATOR,
        }  # fmt: skip

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_tencent_meeting", "host": self.base_url, "login": SECRET_ID, "password": SECRET_KEY,
            "extra": {
                "environment": "sandbox", "private_networks": ["127.0.0.0/8"], "app_id": APP_ID, "sdk_id": SDK_ID,
                "operator_id": OPERATOR, "calls_per_second": 200.0,
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`; there is none with status 200."""
        return _refusal(9003, "param error")

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        said = {"error_code": 500125, "message": "frequency limit"}
        return Answer({"error_info": said}, 429, {"Retry-After": retry_after})

    def guarded(self, request: Request, inner: Handler) -> Answer:
        """The inner answer for a call that is signed by the app, now."""
        given = {name: request.headers.get(f"X-TC-{name}", "") for name in ("Key", "Nonce", "Timestamp")}
        if (request.headers.get("AppId"), request.headers.get("SdkId"), given["Key"]) != (
            APP_ID,
            SDK_ID,
            SECRET_ID,
        ):
            return _refusal(190303, "AppId or X-TC-Key is wrong")
        text = "\n".join([
            request.method,
            f"X-TC-Key={given['Key']}&X-TC-Nonce={given['Nonce']}&X-TC-Timestamp={given['Timestamp']}",
            request.raw_path,
            request.body.decode(),
        ])  # fmt: skip
        digest = hmac.new(SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
        good = base64.b64encode(digest.encode()).decode() == request.headers.get("X-TC-Signature")
        if not good or abs(time.time() - int(given["Timestamp"] or 0)) > FRESH_SECONDS:
            return _refusal(200003, "Signature failed", 500)
        if request.query.get("operator_id") != OPERATOR or request.query.get("operator_id_type") != "1":
            return _refusal(500133, "no permission")
        return inner(request)

    def records(self, request: Request) -> Answer:
        """Recordings of a meeting, or of all, that began within a time of at most 31 days."""
        query = request.query
        low, high = int(query["start_time"]), int(query["end_time"])
        size, page = int(query.get("page_size", 10)), int(query.get("page", 1))
        if high - low > 31 * 86_400 or size > 20:
            return _refusal(9003, "param error")
        found = [
            body for _, body in self.store.all("record")
            if low * 1000 <= body["_at"] <= high * 1000 and body["_state"] != "none"
            and query.get("meeting_id") in (None, body["meeting_id"])
            and query.get("meeting_code") in (None, body["meeting_code"])
        ]  # fmt: skip
        shown = [self._shown(body) for body in found[(page - 1) * size : page * size]]
        return Answer({
            "total_count": len(found), "current_size": len(shown), "current_page": page,
            "total_page": max(1, -(-len(found) // size)), "record_meetings": shown,
        })  # fmt: skip

    def _shown(self, body: Json) -> Json:
        end = body["_at"] + MINUTES * 60_000
        file = {
            "record_file_id": f"{body['meeting_record_id']}-1",
            "record_start_time": body["_at"],
            "record_end_time": end,
        }
        return {
            "meeting_record_id": body["meeting_record_id"], "meeting_id": body["meeting_id"],
            "meeting_code": body["meeting_code"], "host_user_id": "host", "media_start_time": body["_at"],
            "subject": "Interview", "state": STATES[body["_state"]], "record_type": 0, "record_files": [file],
        }  # fmt: skip

    def addresses(self, request: Request) -> Answer:
        """Addresses of a recording's files."""
        body = self.store.get("record", request.query.get("meeting_record_id", ""))
        if body is None or body["_state"] != "completed":
            return _refusal(500126, "record not exist")
        link = secrets.token_urlsafe(16)
        self.links[link] = (body["meeting_record_id"], time.monotonic() + LINK_SECONDS)
        file = {
            "record_file_id": f"{body['meeting_record_id']}-1", "view_address": f"{self.base_url}/view/x",
            "download_address": f"{self.base_url}/files/{link}?kind=video", "download_address_file_type": "mp4",
            "audio_address": f"{self.base_url}/files/{link}?kind=audio", "audio_address_file_type": "m4a",
        }  # fmt: skip
        named = {name: body[name] for name in ("meeting_record_id", "meeting_id", "meeting_code")}
        return Answer({**named, "total_count": 1, "total_page": 1, "record_files": [file]})

    def file(self, request: Request) -> Answer:
        """The bytes behind a living link; nothing is asked for."""
        name, until = self.links.get(request.params["link"], ("", 0.0))
        body = self.store.get("record", name)
        if body is None or until < time.monotonic():
            return Answer(b"<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        known = body.get("content")
        content = bytes.fromhex(known) if known else (RECORDINGS / str(body["file"])).read_bytes()
        return served(request, content, "video/mp4")

    def change(self, spec: Json) -> Json:
        """What happens to the meeting of a candidate: `what` is recording (a new one), state (none, recording, processing,
        completed), or again (recorded a second time, `minutes` later)."""
        record = next(body for _, body in self.store.all("record") if body["_key"] == spec["candidate"])
        match spec["what"]:
            case "recording":
                record["content"] = spec["content_hex"]
            case "state":
                record["_state"] = spec["state"]
            case "again":
                self._put(
                    record["_key"], record["_i"], record["_at"] + spec["minutes"] * 60_000, record["file"]
                )
            case _:
                raise KeyError(spec["what"])
        self.store.put("record", record["meeting_record_id"], record, record["_at"])
        named = {name: record[name] for name in ("meeting_id", "meeting_code")}
        return {"ok": True, **named, "starts_at": instant(record["_at"] - LATE_MS)}


def _refusal(code: int, message: str, status: int = 400) -> Answer:
    return Answer(
        {"error_info": {"error_code": code, "new_error_code": 200_000_000 + code, "message": message}}, status
    )
