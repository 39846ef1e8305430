"""OpenAI's own client, unmodified, at our stand-in of a chat endpoint."""

from collections.abc import Iterator
from typing import Any

import pytest
import trivet_sandbox

openai = pytest.importorskip("openai")


@pytest.fixture
def standing() -> Iterator[Any]:
    """The stand-in."""
    with trivet_sandbox.start(["openai_chat"]) as sandbox:
        yield sandbox["openai_chat"]


@pytest.fixture
def client(standing: Any) -> Iterator[Any]:
    """The client with its own repetitions off."""
    said = standing.announce()
    with openai.OpenAI(base_url=said["base_url"], api_key=said["api_key"], max_retries=0) as made:
        yield made


SCHEMA = {
    "type": "object",
    "properties": {
        "ratings": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "competency": {"type": "string", "enum": ["teamwork"]},
                    "reason": {"type": "string"},
                    "level": {"type": "number"},
                },
                "required": ["competency", "reason", "level"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["ratings"],
    "additionalProperties": False,
}


def ask(client: Any, **changed: Any) -> Any:
    """One completion with a strict schema."""
    content = "evidence for teamwork:\n[1] (for) We planned it together."
    how = {
        "model": "sandbox-rater-1",
        "messages": [{"role": "system", "content": "Rate."}, {"role": "user", "content": content}],
        "temperature": 0,
        "seed": 1,
        "response_format": {
            "type": "json_schema", "json_schema": {"name": "rate", "strict": True, "schema": SCHEMA},
        },
    }  # fmt: skip
    return client.chat.completions.create(**{**how, **changed})


def test_the_client_gets_an_answer_in_the_form_that_it_asked_for(client: Any) -> None:
    """Parsed by the client's own types, usage and fingerprint with it."""
    answer = ask(client)
    (choice,) = answer.choices
    assert (answer.object, choice.finish_reason, choice.message.refusal) == ("chat.completion", "stop", None)
    assert '"level": 3.5' in choice.message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert answer.system_fingerprint
    assert ask(client).choices[0].message.content == choice.message.content


def test_the_client_lists_the_model(client: Any) -> None:
    """As the API does."""
    assert [model.id for model in client.models.list()] == ["sandbox-rater-1"]


def test_the_client_reads_our_errors(client: Any, standing: Any) -> None:
    """Each as its own exception with its code."""
    with pytest.raises(openai.AuthenticationError) as denied:
        ask(client.with_options(api_key="sk-wrong"))
    assert denied.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError) as unknown:
        ask(client, model="gpt-none")
    assert unknown.value.code == "model_not_found"
    open_schema = {**SCHEMA, "additionalProperties": True}
    with pytest.raises(openai.BadRequestError):
        ask(
            client,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "x", "strict": True, "schema": open_schema},
            },
        )
    standing.change({"mode": "no_credit", "times": 1})
    with pytest.raises(openai.RateLimitError) as spent:
        ask(client)
    assert spent.value.code == "insufficient_quota"


def test_the_client_sees_refusals_and_cut_answers(client: Any, standing: Any) -> None:
    """In the fields that the API keeps for them."""
    standing.change({"mode": "refuses", "times": 1})
    assert ask(client).choices[0].message.refusal
    standing.change({"mode": "truncates", "times": 1})
    assert ask(client).choices[0].finish_reason == "length"
