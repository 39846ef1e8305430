"""Chat completions as OpenAI's API reference describes them: bearer key, models, structured outputs, usage, error objects.

After platform.openai.com/docs/api-reference (chat, models) and its guides on structured outputs and error codes: a strict
schema has only closed objects whose properties are all required; a refusal is `message.refusal`; an answer that met the limit
ends with `finish_reason` length.
"""

import hashlib
import json
import re
from typing import Any

from ..server import Answer, Request, Vendor
from ..store import Json, Store
from . import model

KEY, MODEL = "sk-sandbox-key", "sandbox-rater-1"
MODES = (
    "honest", "obeys", "invents", "misnumbers", "markup", "texts", "booleans", "hundreds", "negatives", "wavers", "doubts",
    "refuses", "filtered", "truncates", "prose", "half",
)  # fmt: skip
_HAN = re.compile(r"[\u3400-\u9fff]")


class OpenAiChat(Vendor):
    """The stand-in."""

    name = "openai_chat"

    def __init__(self, store: Store, size: int | None = None) -> None:  # noqa: ARG002 - no company lies here
        super().__init__(store)
        self.route("POST", "/v1/chat/completions", self.chat)
        self.route("GET", "/v1/models", self.models)

    def seed(self) -> None:
        """See `Vendor`."""
        self.store.put("_setting", "mode", {"mode": "honest", "times": 0})

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": f"{self.base_url}/v1", "api_key": KEY, "model": MODEL}

    def connection(self) -> Json:
        """See `Vendor`."""
        extra = {"environment": "sandbox", "model": MODEL, "calls_per_second": 200.0, "price_per_million_input": 1.0,
                 "price_per_million_output": 4.0}  # fmt: skip
        return {
            "conn_type": "trivet_llm_rubric",
            "host": f"{self.base_url}/v1",
            "password": KEY,
            "extra": extra,
        }

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`; proxies of other makers wrap their errors so."""
        return Answer(
            {"error": {"message": "upstream failed", "type": "server_error", "param": None, "code": None}}
        )

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`."""
        return _error(429, "rate_limit_exceeded", "Rate limit reached", {"Retry-After": retry_after})

    def models(self, request: Request) -> Answer:
        """The one model."""
        if (refused := self._refused(request)) is not None:
            return refused
        entry = {"id": MODEL, "object": "model", "created": 1_700_000_000, "owned_by": "sandbox"}
        return Answer({"object": "list", "data": [entry]})

    def chat(self, request: Request) -> Answer:
        """One completion."""
        if (refused := self._refused(request)) is not None:
            return refused
        body = request.json()
        if body.get("model") != MODEL:
            return _error(404, "model_not_found", f"The model `{body.get('model')}` does not exist")
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            return _error(400, "missing_required_parameter", "Missing required parameter: 'messages'.")
        schema = _schema(body, messages)
        if isinstance(schema, str):
            return _error(400, "invalid_json_schema", schema)
        mode = self._mode()
        if mode == "no_credit":
            return _error(429, "insufficient_quota", "You exceeded your current quota")
        if mode == "too_long":
            return _error(400, "context_length_exceeded", "This model's maximum context length is 4 tokens")
        return Answer(self._completion(body, messages, schema, mode))

    def _completion(self, body: Json, messages: list[Json], schema: Json, mode: str) -> Json:
        content = str(messages[-1]["content"])
        text, finish, refusal = _written(content, schema, mode, int(body.get("seed") or 0)), "stop", None
        limit = body.get("max_completion_tokens") or body.get("max_tokens") or 100_000
        if mode == "truncates" or tokens(text) > limit:
            text, finish = text[: len(text) // 2], "length"
        elif mode == "refuses":
            text, refusal = "", "I'm sorry, I can't help with that."
        elif mode == "filtered":
            text, finish = "", "content_filter"
        sent, told = sum(tokens(str(one["content"])) for one in messages), tokens(text)
        message = {"role": "assistant", "content": None if refusal else text, "refusal": refusal}
        made = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:20]
        return {
            "id": f"chatcmpl-{made}", "object": "chat.completion", "created": 1_700_000_000, "model": MODEL,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
            "usage": {"prompt_tokens": sent, "completion_tokens": told, "total_tokens": sent + told},
            "system_fingerprint": "fp_sandbox",
        }  # fmt: skip

    def _refused(self, request: Request) -> Answer | None:
        if request.headers.get("Authorization") == f"Bearer {KEY}":
            return None
        return _error(401, "invalid_api_key", "Incorrect API key provided")

    def _mode(self) -> str:
        held = self.store.get("_setting", "mode") or {}
        if held["times"]:
            left = held["times"] - 1
            self.store.put(
                "_setting", "mode", {**held, "times": left} if left else {"mode": "honest", "times": 0}
            )
        return str(held["mode"])

    def change(self, spec: Json) -> Json:
        """`mode`: how the model behaves from now on, or for the next `times` calls; see MODES, no_credit and too_long."""
        if spec["mode"] not in (*MODES, "no_credit", "too_long"):
            raise KeyError(spec["mode"])
        self.store.put("_setting", "mode", {"mode": spec["mode"], "times": int(spec.get("times", 0))})
        return {"ok": True}


def tokens(text: str) -> int:
    """About as many as a tokeniser counts."""
    han = len(_HAN.findall(text))
    return han + (len(text) - han + 3) // 4


def _written(content: str, schema: Json, mode: str, seed: int) -> str:
    if mode == "prose":
        return "Here is my honest opinion: a splendid candidate."
    said: Json = {"answer": "ok"}
    properties = schema.get("properties", {})
    if "evidence" in properties:
        said = model.evidence(content, _competencies(properties["evidence"]), mode)
    elif "ratings" in properties:
        said = model.ratings(content, _competencies(properties["ratings"]), mode, seed)
        if mode == "half":
            said["ratings"] = said["ratings"][:-1]
    return json.dumps(said, ensure_ascii=False)


def _competencies(listed: Json) -> list[str]:
    return [str(name) for name in listed["items"]["properties"]["competency"]["enum"]]


def _schema(body: Json, messages: list[Json]) -> Json | str:
    """The form of the answer: of a strict schema, or told in words; a text says what is wrong with it."""
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        schema = form["json_schema"]["schema"]
        wrong = _not_strict(schema, "()") if form["json_schema"].get("strict") else None
        return f"Invalid schema for response_format: In context={wrong}" if wrong else dict(schema)
    told = str(messages[0]["content"]).rpartition("JSON Schema of the answer:\n")[2]
    try:
        made = json.loads(told)
    except ValueError:
        return {}
    return made if isinstance(made, dict) else {}


def _not_strict(schema: Any, place: str) -> str | None:
    """The first place where a strict schema is none."""
    if not isinstance(schema, dict):
        return None
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return f"{place}, 'additionalProperties' is required to be supplied and to be false."
        if sorted(schema.get("required", [])) != sorted(schema.get("properties", {})):
            return f"{place}, 'required' is required to be supplied and to be an array including every key"
    inner = [
        *schema.get("properties", {}).items(),
        ("items", schema.get("items")),
        *enumerate(schema.get("anyOf", [])),
    ]
    return next((wrong for name, one in inner if (wrong := _not_strict(one, f"{place}.{name}"))), None)


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Answer:
    kind = {401: "invalid_request_error", 429: "requests"}.get(status, "invalid_request_error")
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Answer(body, status, headers or {})
