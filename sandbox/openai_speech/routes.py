"""`/v1/audio/transcriptions` and `/v1/models`: a key, a file, words with times; each success is billed by the second.

After the reference at developers.openai.com and the types of the `openai` client: `json` has the text alone, `verbose_json`
the language by its English name, the duration and segments; gpt-4o models know no `verbose_json`; a file may have 25 MB.
"""

from ..hearing import Speech, heard
from ..server import Answer, Request, Vendor
from ..store import Json, Store
from .multipart import fields

KEY = "sk-sandbox-speech"
MODELS = ("whisper-1", "gpt-4o-transcribe")
MOST_BYTES = 25 * 1024 * 1024
NAMES = {"zh": "chinese", "en": "english"}


class OpenAiSpeech(Vendor):
    """The stand-in."""

    name = "openai_speech"

    def __init__(self, store: Store, size: int | None = None) -> None:  # noqa: ARG002 - it holds no company
        super().__init__(store)
        self.route("GET", "/v1/models", self.models)
        self.route("POST", "/v1/audio/transcriptions", self.transcribe)

    def seed(self) -> None:
        """See `Vendor`."""
        for name in MODELS:
            self.store.put(
                "model", name, {"id": name, "object": "model", "created": 1677532384, "owned_by": "openai"}
            )

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": f"{self.base_url}/v1", "api_key": KEY, "model": MODELS[0]}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_openai_speech", "host": f"{self.base_url}/v1", "password": KEY,
            "extra": {"environment": "sandbox", "price_per_minute": 0.006, "calls_per_second": 200.0},
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`; a gateway before the service answers so."""
        return _error(200, "upstream failed", "server_error", "server_error")

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        answer = _error(429, "Rate limit reached", "requests", "rate_limit_exceeded")
        answer.headers["Retry-After"] = retry_after
        return answer

    def models(self, request: Request) -> Answer:
        """Every model."""
        if (refused := self._locked(request)) is not None:
            return refused
        return Answer({"object": "list", "data": [body for _, body in self.store.all("model")]})

    def transcribe(self, request: Request) -> Answer:
        """The words of a file; billed by the second."""
        if (refused := self._locked(request)) is not None:
            return refused
        form = fields(request.headers.get("Content-Type") or "", request.body)
        given = {name: value.decode() for name, value in form.items() if name != "file"}
        if (refused := self._refused(form, given)) is not None:
            return refused
        try:
            speech = heard(form["file"], given.get("language"))
        except ValueError:
            return _invalid("file", "Invalid file format.", None)
        if self.store.get("_setting", "confused") is not None:
            speech = Speech(speech.seconds + 600, speech.language, speech.sentences)
        number = str(self.store.next_number("transcription", 1))
        self.store.put("transcription", number, {
            "seconds": speech.seconds, "model": given["model"], "language": given.get("language"),
            "prompt": given.get("prompt"),
        })  # fmt: skip
        usage = {"type": "duration", "seconds": -(-speech.seconds // 1)}
        if given.get("response_format", "json") == "json":
            return Answer({"text": speech.text, "usage": usage})
        return Answer({**_verbose(speech), "usage": usage})

    def _refused(self, form: dict[str, bytes], given: dict[str, str]) -> Answer | None:
        model, wanted = given.get("model"), given.get("response_format", "json")
        if not model or "file" not in form:
            return _invalid("file" if model else "model", "you must provide it", None)
        if self.store.get("model", model) is None:
            said = f"The model `{model}` does not exist or you do not have access to it."
            return _error(404, said, "invalid_request_error", "model_not_found", "model")
        if wanted not in ("json", "verbose_json") or (wanted == "verbose_json" and model != MODELS[0]):
            return _invalid("response_format", "not compatible with the model", "unsupported_value")
        if len(form["file"]) > MOST_BYTES:
            return _error(413, f"Maximum content size limit ({MOST_BYTES}) exceeded", "server_error", None)
        return None

    def _locked(self, request: Request) -> Answer | None:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _error(401, "Incorrect API key provided", "invalid_request_error", "invalid_api_key")
        if self.store.get("_setting", "empty") is not None:
            return _error(429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota")
        return None

    def change(self, spec: Json) -> Json:
        """What the account's owner does: `what` is empty (the credit is used up), filled, model (one more, `id`), or confused
        (answers are on another caller's sound)."""
        match spec["what"]:
            case "empty":
                self.store.put("_setting", "empty", {})
            case "filled":
                self.store.delete("_setting", "empty")
            case "confused":
                self.store.put("_setting", "confused", {})
            case "model":
                self.store.put("model", spec["id"], {"id": spec["id"], "object": "model"})
            case _:
                raise KeyError(spec["what"])
        return {"ok": True}


def _verbose(speech: Speech) -> Json:
    segments = [
        {"id": i, "seek": 0, "start": round(start, 2), "end": round(end, 2), "text": f" {text}", "tokens": [],
         "temperature": 0.0, "avg_logprob": -0.21, "compression_ratio": 1.4, "no_speech_prob": 0.01}
        for i, (start, end, text) in enumerate(speech.sentences)
    ]  # fmt: skip
    return {
        "task": "transcribe", "language": NAMES[speech.language], "duration": round(speech.seconds, 2), "text": speech.text,
        "segments": segments,
    }  # fmt: skip


def _invalid(param: str, message: str, code: str | None) -> Answer:
    return _error(400, message, "invalid_request_error", code, param)


def _error(status: int, message: str, kind: str, code: str | None, param: str | None = None) -> Answer:
    return Answer({"error": {"message": message, "type": kind, "param": param, "code": code}}, status)
