"""Chat completions on the wire: one question, one answer in JSON, its price; every way to fail named by what comes next."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from trivet.contract import Services
from trivet.errors import AuthFailed, ConfigError, ConnectorError, Rejected, Retryable
from trivet.http import HttpClient, Reply
from trivet.http import retry_after as asked_pause
from trivet.model import Document

from .config import LlmRubricConfig
from .rubrics import NAME

NO_CREDIT = "insufficient_quota"
"""Comes with HTTP 429, and no pause mends it."""
TOO_LONG = ("context_length_exceeded", "string_above_max_length")


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """What the model answered, and what it cost."""

    content: T
    cost: float
    model: str


class Wire:
    """One endpoint's client."""

    def __init__(self, config: LlmRubricConfig, services: Services) -> None:
        self.config = config
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            too_many=lambda reply: asked_pause(reply) if reply.status == 429 else None,
            auth_failed=lambda reply: (
                reply.status == 401 or (reply.status == 429 and _code(reply) == NO_CREDIT)
            ),
        )

    def check(self) -> None:
        """The endpoint lists the model; one without a list is believed."""
        reply = self.http.read("check", "GET", "/models")
        if reply.status != 200:
            return
        listed = self.http.decode("check", reply, write=False)
        rows = listed.get("data") if isinstance(listed, dict) else None
        known = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        if known and self.config.model not in known:
            raise ConfigError(
                f"{NAME}: the endpoint has no model {self.config.model!r}", code="MODEL_UNKNOWN",
                place="the setting `model`", cure="take a name that the endpoint lists under /models",
            )  # fmt: skip

    def ask(
        self, name: str, messages: list[Document], schema: Document, seed: int, judge: Callable[[Any], T]
    ) -> Said[T]:
        """What `judge` reads from the model's answer; asked once more where that is cut off, refused or malformed."""
        cost = 0.0
        for last in (False, True):
            reply = self.http.read(
                name, "POST", "/chat/completions", json=self._body(name, messages, schema, seed)
            )
            answer = self._answer(name, reply)
            cost += self._cost(answer)
            try:
                content = judge(_content(name, answer))
            except ConnectorError:
                if last:
                    raise
                continue
            return Said(content, cost, str(answer.get("model") or self.config.model))
        raise AssertionError("unreachable")

    def _body(self, name: str, messages: list[Document], schema: Document, seed: int) -> Document:
        config = self.config
        body: Document = {
            "model": config.model,
            "messages": messages,
            "seed": seed,
            config.limit_name: config.max_tokens,
        }
        if config.temperature is not None:
            body["temperature"] = config.temperature
        if config.response_format == "json_schema":
            strict = {"name": name, "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": strict}
            return body
        if config.response_format == "json_object":
            body["response_format"] = {"type": "json_object"}
        first, *rest = messages
        told = f"{first['content']}\n\nJSON Schema of the answer:\n{json.dumps(schema)}"
        return {**body, "messages": [{**first, "content": told}, *rest]}

    def _answer(self, operation: str, reply: Reply) -> Document:
        if reply.status != 200:
            code = _code(reply) or f"HTTP {reply.status}"
            cure = "a model with a larger context, or a shorter recording" if code in TOO_LONG else None
            raise Rejected(
                "the endpoint refuses the call",
                connector=NAME,
                operation=operation,
                vendor_code=code,
                cure=cure,
            )
        answer = self.http.decode(operation, reply, write=False)
        if not isinstance(answer, dict):
            raise malformed(operation, "the answer is no object")
        return answer

    def _cost(self, answer: Document) -> float:
        usage = answer.get("usage")
        if not isinstance(usage, dict):
            return 0.0
        sent, told = (_count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens"))
        config = self.config
        return (sent * config.price_per_million_input + told * config.price_per_million_output) / 1_000_000

    def _login(self) -> Mapping[str, str]:
        key = self.config.api_key.get_secret_value()
        if key and not (key.isascii() and key.isprintable()):
            raise AuthFailed("the key holds a sign that no header can", connector=NAME, operation="login")
        return {"Authorization": f"Bearer {key}"} if key else {}


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(
        what, connector=NAME, operation=operation, vendor_code="ANSWER_MALFORMED",
        cure="take a model that keeps to a JSON schema, or set `response_format` to what the endpoint knows",
    )  # fmt: skip


def _content(operation: str, answer: Document) -> Any:
    """The JSON that the model wrote."""
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict) or not isinstance(choice, dict):
        raise malformed(operation, "the answer holds no message")
    if choice.get("finish_reason") == "length":
        raise Rejected(
            "the model's answer is cut off", connector=NAME, operation=operation, vendor_code="ANSWER_TRUNCATED",
            cure="raise `max_tokens` of the connection",
        )  # fmt: skip
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        raise Rejected(
            "the model refuses to answer", connector=NAME, operation=operation, vendor_code="ANSWER_REFUSED",
            cure="have a person rate this interview, or take another model",
        )  # fmt: skip
    text = message.get("content")
    try:
        return Reply(200, {}, _unfenced(text).encode()).json()
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise malformed(operation, "the model's answer is not JSON") from None


def _unfenced(text: Any) -> str:
    # models that know no schema like to put their JSON between fences
    stripped = str(text.strip())
    if stripped.startswith("```"):
        stripped = stripped.partition("\n")[2].rpartition("```")[0]
    return stripped


def _code(reply: Reply) -> str | None:
    try:
        error = reply.json().get("error")
        code = error.get("code") or error.get("type")
    except (ValueError, AttributeError, RecursionError):
        return None
    return " ".join(str(code).split())[:100] if code else None


def _count(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0
