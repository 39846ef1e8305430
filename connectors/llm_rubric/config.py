"""Settings of a rubric that a language model rates."""

import re
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from trivet.http import HttpSettings


class LlmRubricConfig(HttpSettings):
    """One model behind an OpenAI-compatible endpoint, and what it rates."""

    standard_fields: ClassVar[Mapping[str, str]] = {"host": "base_url", "password": "api_key"}

    base_url: str = Field(pattern=r"^https?://[^\s?#]+$")
    """Address that `/chat/completions` goes on from, such as https://api.openai.com/v1."""
    api_key: SecretStr = SecretStr("")
    """Key of the endpoint; empty where the network lets in."""
    model: str = Field(min_length=1)
    """Name of the model, as exact as the endpoint knows it: a name that moves on makes old and new scores incomparable."""
    competencies: tuple[str, ...] = (
        "service_orientation",
        "teamwork",
        "risk_awareness",
        "leadership",
        "learning_ability",
        "communication",
        "technical_ability",
    )
    """Names of files below mappings/rubrics/, without .yaml; the same for every candidate of a flow, so that scores compare."""
    samples: int = Field(default=3, ge=1, le=15)
    """How often each is rated, with another seed; the median counts, disagreement lowers the confidence."""
    seed: int = Field(default=1, ge=0)
    """Seed of the first sample; the following ones count on."""
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    """Temperature; null where the model takes none."""
    response_format: Literal["json_schema", "json_object", "none"] = "json_schema"
    """How the endpoint is told the form of the answer: a strict schema, or, where it knows none, in words only."""
    max_tokens: int = Field(default=4096, ge=256)
    """Most tokens of one answer."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """How the endpoint calls that limit; reasoning models of OpenAI's know the second only."""
    max_characters: int = Field(default=200_000, ge=1000)
    """A longer transcript is refused before it costs anything."""
    price_per_million_input: float = Field(default=0.0, ge=0)
    """Price of a million tokens sent, in the currency of the flow's budget."""
    price_per_million_output: float = Field(default=0.0, ge=0)
    """Price of a million tokens answered."""
    calls_per_second: float = Field(default=5.0, gt=0)
    """Calls a second that all processes of this machine share."""
    read_seconds: float = Field(default=180.0, gt=0, le=900)
    """Longest silence of the server before the answer counts as lost."""

    @field_validator("competencies")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not re.fullmatch(r"[a-z][a-z_]*", name):
                raise ValueError(f"{name!r} is not the name of a competency")
        if not names or len(set(names)) != len(names):
            raise ValueError("name each competency once, and at least one")
        return names
