"""The endpoint on the wire: multipart in, JSON out, errors as `{"error": {message, type, param, code}}`.

401, 403, 429 insufficient_quota    AuthFailed: key, right or credit; a person must act
429, 503                            nothing was done: RateLimited, Retryable
404 on the model                    ConfigError: no recording is set aside for it
other 4xx                           Rejected
other 5xx, no answer, no JSON       UnknownOutcome: it may have been billed
"""

from typing import Any

from trivet.audio.wav import wav
from trivet.audio.windows import Window
from trivet.contract import Services
from trivet.errors import AuthFailed, ConfigError, Rejected, TrivetError, UnknownOutcome
from trivet.http import HttpClient, Reply, retry_after
from trivet.model import Document

from .config import OpenAiSpeechConfig

NAME = "openai_speech"
NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached")
"""OpenAI says 429 for an empty account too; waiting does not fill it."""
NO_MODEL = "model_not_found"


class Wire:
    """One service's client."""

    def __init__(self, config: OpenAiSpeechConfig, services: Services) -> None:
        self.config = config
        self.http = HttpClient(
            NAME, config.base_url.rstrip("/"), services, authenticate=self._proof, network=config,
            refuses_before_work=True, too_many=_pause,
        )  # fmt: skip

    def check(self) -> None:
        """The key is good and the model is there; servers that list no models are taken at their word."""
        reply = self.http.read("check", "GET", "/models")
        if reply.status in (404, 405, 501):
            return
        said = self._judged("check", reply)
        listed = said.get("data")
        names = (
            [entry.get("id") for entry in listed if isinstance(entry, dict)]
            if isinstance(listed, list)
            else []
        )
        if names and self.config.model not in names:
            raise self._no_model()

    def transcribe(self, window: Window, language: str | None, hints: list[str]) -> Document:
        """The service's answer on one piece."""
        fields = [
            ("model", self.config.model), ("response_format", "verbose_json"), ("temperature", "0"),
            ("timestamp_granularities[]", "segment"),
        ]  # fmt: skip
        if language:
            fields.append(("language", language))
        if hints:
            fields.append(("prompt", ", ".join(hints)))
        # a neutral name: what a file of the company's is called may be a person's name
        file = {"file": ("recording.wav", wav(window.pcm), "audio/wav")}
        reply = self.http.write("score", "POST", "/audio/transcriptions", data=fields, files=file)
        said = self._judged("score", reply)
        if not isinstance(said.get("text"), str):
            raise UnknownOutcome(
                "the answer has no text", vendor_code="RESPONSE_MALFORMED", **_where("score")
            )
        return said

    def _judged(self, operation: str, reply: Reply) -> Document:
        said = self._object(operation, reply)
        error = said.get("error") if isinstance(said, dict) else None
        # gateways in front of a model put errors into a 200
        if reply.status < 300 and not error:
            if not isinstance(said, dict):
                raise UnknownOutcome("the answer is no object", **_where(operation))
            return said
        raise self._refusal(operation, reply.status, error if isinstance(error, dict) else {})

    def _object(self, operation: str, reply: Reply) -> Any:
        if reply.status < 300:
            return self.http.decode(operation, reply, write=True)
        try:
            return reply.json()
        except (ValueError, RecursionError):
            return None

    def _refusal(self, operation: str, status: int, error: Document) -> TrivetError:
        code, param = _word(error.get("code")) or _word(error.get("type")), _word(error.get("param"))
        if code in NO_CREDIT:
            return AuthFailed(
                "the account's credit is used up", vendor_code=code, cure="top up the account, or raise its limit",
                **_where(operation),
            )  # fmt: skip
        if code == NO_MODEL or (status == 404 and param == "model"):
            return self._no_model()
        if param == "response_format":
            return ConfigError(
                f"{NAME}: {self.config.model} gives no times", code="MODEL_WITHOUT_TIMES",
                cure="set `model` to one that answers `verbose_json`, such as whisper-1",
            )  # fmt: skip
        if status == 404:
            return ConfigError(
                f"{NAME}: there is no speech service at {self.config.base_url}", code="SERVICE_MISSING",
                cure="`base_url` ends with /v1; the service answers POST /v1/audio/transcriptions",
            )  # fmt: skip
        # the service's own words may repeat what was sent
        said = f"the service refuses this (HTTP {status})"
        return Rejected(said, vendor_code=code or f"HTTP {status}", field=param, **_where(operation))

    def _no_model(self) -> ConfigError:
        return ConfigError(
            f"{NAME}: the service has no model {self.config.model}", code="MODEL_MISSING",
            cure="set `model` to a name that GET /v1/models lists",
        )  # fmt: skip

    def _proof(self) -> dict[str, str]:
        key = self.config.api_key
        return {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}


def _pause(reply: Reply) -> float | None:
    if reply.status != 429:
        return None
    try:
        error = reply.json().get("error") or {}
        empty = error.get("code") in NO_CREDIT or error.get("type") in NO_CREDIT
    except (ValueError, AttributeError, RecursionError):
        empty = False
    return None if empty else retry_after(reply)


def _word(value: Any) -> str | None:
    # a code is a short word; anything else might be a sentence with somebody's words in it
    return value if isinstance(value, str) and 0 < len(value) <= 64 and " " not in value else None


def _where(operation: str) -> dict[str, str]:
    return {"connector": NAME, "operation": operation}
