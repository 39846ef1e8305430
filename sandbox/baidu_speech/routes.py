"""短语音识别标准版: a token by key and secret, a call for under a minute of sound, the words at once without times.

After cloud.baidu.com/doc/SPEECH: `err_no` of an answer with status 200; a call may have 2 MB of base64; failed calls are
not billed.
"""

import base64
import secrets
import time
from urllib.parse import parse_qsl

from ..hearing import heard
from ..server import Answer, Request, Vendor
from ..store import Json, Store

API_KEY, SECRET_KEY = "bd-sandbox", "bd-sandbox-secret"
TOKEN_SECONDS = 30 * 86400
MOST_SECONDS, MOST_BASE64 = 60, 2_000_000
LANGUAGES = {1537: "zh", 1737: "en"}
NAMES = ("format", "rate", "channel", "cuid", "token", "len", "speech")


class BaiduSpeech(Vendor):
    """The stand-in; tokens and recognition share one address here."""

    name = "baidu_speech"

    def __init__(self, store: Store, size: int | None = None) -> None:  # noqa: ARG002 - it holds no company
        super().__init__(store)
        self.tokens: dict[str, float] = {}
        self.route("POST", "/oauth/2.0/token", self.token)
        self.route("POST", "/server_api", self.recognise)

    def seed(self) -> None:
        """See `Vendor`."""
        self.store.put(
            "application",
            API_KEY,
            {"calls_left": 100_000, "scope": "audio_voice_assistant_get brain_all_scope"},
        )

    def announce(self) -> Json:
        """See `Vendor`."""
        return {
            "base_url": self.base_url, "auth_url": self.base_url, "api_key": API_KEY, "secret_key": SECRET_KEY,
        }  # fmt: skip

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_baidu_speech", "host": self.base_url, "login": API_KEY, "password": SECRET_KEY,
            "extra": {
                "environment": "sandbox", "auth_url": self.base_url, "price_per_call": 0.0034, "calls_per_second": 200.0,
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return _error(3300, "param error")

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`; the status stays 200."""
        answer = _error(3304, "request pv too much")
        answer.headers["Retry-After"] = retry_after
        return answer

    def token(self, request: Request) -> Answer:
        """A token for a month, by query or by form."""
        said = {**request.query, **dict(_form(request.body))}
        if (said.get("client_id"), said.get("client_secret")) != (API_KEY, SECRET_KEY):
            refused = {"error": "invalid_client", "error_description": "Client authentication failed"}
            return Answer(refused, 401)
        if said.get("grant_type") != "client_credentials":
            return Answer({"error": "unsupported_grant_type", "error_description": "grant type"}, 400)
        token = f"24.{secrets.token_hex(16)}.{TOKEN_SECONDS}"
        self.tokens[token] = time.monotonic() + TOKEN_SECONDS
        scope = (self.store.get("application", API_KEY) or {})["scope"]
        return Answer(
            {"access_token": token, "expires_in": TOKEN_SECONDS, "scope": scope, "session_key": "x"}
        )

    def recognise(self, request: Request) -> Answer:
        """The words of a piece; a success is billed."""
        asked = request.json()
        if not isinstance(asked, dict) or any(name not in asked for name in NAMES):
            return _error(3300, "param error")
        if self.tokens.get(asked["token"], 0) < time.monotonic():
            return _error(3302, "auth check failed")
        if asked["rate"] != 16000:
            return _error(3311, "param rate invalid")
        if asked["format"] not in ("pcm", "wav"):
            return _error(3312, "param format invalid")
        language = LANGUAGES.get(asked.get("dev_pid", 1537))
        content = base64.b64decode(asked["speech"], validate=True)
        if language is None or asked["channel"] != 1 or asked["len"] != len(content):
            return _error(3300, "param error")
        if len(asked["speech"]) > MOST_BASE64 or len(content) > MOST_SECONDS * 32_000:
            return _error(3308, "speech too long")
        return self._heard(content, language, pcm=asked["format"] == "pcm")

    def _heard(self, content: bytes, language: str, *, pcm: bool) -> Answer:
        account = self.store.get("application", API_KEY) or {}
        if account["calls_left"] < 1:
            return _error(3305, "day request limit reached")
        mumbled = self.store.get("_setting", "mumble")
        speech = heard(content, language, pcm=pcm)
        if not speech.sentences or mumbled is not None:
            return _error(3301, "speech quality error")
        number = str(self.store.next_number("call", 1))
        self.store.put("application", API_KEY, {**account, "calls_left": account["calls_left"] - 1})
        self.store.put("call", number, {"seconds": speech.seconds, "language": language})
        return Answer({
            "err_no": 0, "err_msg": "success.", "corpus_no": f"76{number:0>17}", "sn": secrets.token_hex(12),
            "result": [speech.text],
        })  # fmt: skip

    def change(self, spec: Json) -> Json:
        """What happens over there: `what` is expire (tokens), used_up (the day's calls), mumble (nothing is understood; `on`),
        scope (the application's rights become `scope`)."""
        account = self.store.get("application", API_KEY) or {}
        match spec["what"]:
            case "expire":
                self.tokens.clear()
            case "used_up":
                self.store.put("application", API_KEY, {**account, "calls_left": 0})
            case "mumble" if spec["on"]:
                self.store.put("_setting", "mumble", {})
            case "mumble":
                self.store.delete("_setting", "mumble")
            case "scope":
                self.store.put("application", API_KEY, {**account, "scope": spec["scope"]})
            case _:
                raise KeyError(spec["what"])
        return {"ok": True}


def _form(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("utf-8", "replace"))


def _error(number: int, message: str) -> Answer:
    return Answer({"err_no": number, "err_msg": message, "sn": secrets.token_hex(12)})
