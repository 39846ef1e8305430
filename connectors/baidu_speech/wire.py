"""The recognition on the wire: a token in the body, HTTP 200 whatever happened, `err_no` says what.

0             good: `result`, the best reading first
3301          nothing clear is said in this piece
3302          the token is refused: one fresh login, then AuthFailed
3303, 3304    busy, too many at once: waited for, then RateLimited
3305          AuthFailed: the day's calls are used up; a person must act
3307, 3313, 3315    Retryable: the service's own trouble
others        Rejected
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected, Retryable
from trivet.http import HttpClient, Reply, retry_after

from .config import BaiduSpeechConfig

NAME = "baidu_speech"
DEV_PIDS = {"zh": 1537, "en": 1737}
SCOPE = "audio_voice_assistant_get"
"""The right to recognise speech, among the rights that come with a token."""
UNCLEAR, REFUSED, USED_UP = 3301, 3302, 3305
BUSY = (3303, 3304)
TROUBLE = (3307, 3313, 3315)
_JSON = {"Content-Type": "application/json"}


class Wire:
    """One application's client."""

    def __init__(self, config: BaiduSpeechConfig, services: Services) -> None:
        self.config = config
        self.token = ""
        self.http = HttpClient(
            NAME, config.base_url.rstrip("/"), services, authenticate=self._login, network=config,
            auth_failed=lambda reply: reply.status == 401 or _code(reply) == REFUSED, too_many=_pause,
        )  # fmt: skip

    def recognise(self, pcm: bytes, language: str) -> str | None:
        """What is said in the piece; None where nothing clear is."""

        def each() -> Mapping[str, Any]:
            # the token stays out of addresses, which get into logs
            asked = {
                "format": "pcm", "rate": 16000, "channel": 1, "cuid": "trivet", "token": self.token,
                "dev_pid": DEV_PIDS[language], "len": len(pcm), "speech": base64.b64encode(pcm).decode(),
            }  # fmt: skip
            return {"data": json.dumps(asked).encode(), "headers": _JSON}

        reply = self.http.read("score", "POST", "/server_api", each=each)
        said = self.http.decode("score", reply, write=False)
        code = said.get("err_no") if isinstance(said, dict) else None
        if not isinstance(code, int) and reply.status < 300:
            raise Retryable("the answer has no code", vendor_code="RESPONSE_MALFORMED", **_where())
        if code == UNCLEAR:
            return None
        if code == USED_UP:
            raise AuthFailed(
                "the day's calls are used up", vendor_code=str(code), cure="buy calls for 短语音识别, or wait for tomorrow",
                **_where(),
            )  # fmt: skip
        if code in TROUBLE:
            raise Retryable("the service is in trouble", vendor_code=str(code), **_where())
        if code != 0:
            shown = str(code) if isinstance(code, int) else f"HTTP {reply.status}"
            raise Rejected("the service refuses this", vendor_code=shown, **_where())
        result = said.get("result")
        if not isinstance(result, list) or not result or not isinstance(result[0], str):
            raise Rejected("the answer has no words", vendor_code="RESPONSE_MALFORMED", **_where())
        return result[0].strip() or None

    def _login(self) -> Mapping[str, str]:
        asked = {
            "grant_type": "client_credentials", "client_id": self.config.api_key,
            "client_secret": self.config.secret_key.get_secret_value(),
        }  # fmt: skip
        # in the body: the documents show an address with the secret in it
        reply, said = self.http.ask_for_login(
            "POST", "/oauth/2.0/token", base_url=self.config.auth_url.rstrip("/"), data=asked
        )
        token = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(token, str) or not token:
            raise AuthFailed(
                "API Key or Secret Key is wrong", connector=NAME, operation="login", vendor_code=f"HTTP {reply.status}",
                cure="take both from the application's page",
            )  # fmt: skip
        scope = said.get("scope")
        if isinstance(scope, str) and scope and SCOPE not in scope.split():
            raise AuthFailed(
                "the application may not recognise speech", connector=NAME, operation="login", vendor_code="SCOPE",
                cure="tick 短语音识别 in the application's interfaces",
            )  # fmt: skip
        self.token = token
        return {}


def _code(reply: Reply) -> Any:
    if len(reply.body) > 100_000:
        return None
    try:
        said = reply.json()
    except (ValueError, RecursionError):
        return None
    return said.get("err_no") if isinstance(said, dict) else None


def _pause(reply: Reply) -> float | None:
    return retry_after(reply) if reply.status == 429 or _code(reply) in BUSY else None


def _where() -> dict[str, str]:
    return {"connector": NAME, "operation": "score"}
