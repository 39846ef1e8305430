"""The official `openai` client transcribes at our stand-in: addresses, form, answer and errors are as its own types want them."""

from typing import Any

import pytest
from conftest import ROOT, World

openai = pytest.importorskip(
    "openai", reason="the official `openai` client is not installed: pip install openai"
)
RECORDINGS = ROOT / "sandbox" / "world" / "recordings"
SCRIPTS = ROOT / "sandbox" / "world" / "scripts"


@pytest.fixture
def client(world: World) -> Any:
    """The official client, which tries nothing twice."""
    said = world.sandbox["openai_speech"].announce()
    with openai.OpenAI(base_url=said["base_url"], api_key=said["api_key"], max_retries=0) as made:
        yield made


@pytest.mark.parametrize(
    ("file", "language"), [("ae1.ogg", "chinese"), ("be2.mp4", "english")], ids=["a sound", "a film"]
)
def test_the_client_transcribes_a_recording_with_times(
    client: Any, world: World, file: str, language: str
) -> None:
    """In the client's model, every field of its kind; the second of sound is billed."""
    from openai.types.audio import TranscriptionVerbose

    with (RECORDINGS / file).open("rb") as opened:
        said = client.audio.transcriptions.create(
            model="whisper-1", file=opened, response_format="verbose_json", timestamp_granularities=["segment"],
            prompt="PLC编程", temperature=0,
        )  # fmt: skip
    assert isinstance(said, TranscriptionVerbose)
    # `create` builds models without judging them
    assert TranscriptionVerbose.model_validate(said.model_dump(exclude_unset=True), strict=True)
    assert said.language == language
    assert said.duration == pytest.approx(float(said.usage.seconds), abs=1)
    script = (SCRIPTS / f"{file[:3]}.txt").read_text(encoding="utf-8")
    assert script.startswith(said.segments[0].text.strip())
    assert said.segments[-1].end == pytest.approx(said.duration, abs=0.1)
    (billed,) = world.held("openai_speech")["transcription"].values()
    assert billed["prompt"] == "PLC编程"


def test_the_client_gets_the_text_alone(client: Any) -> None:
    """Without a format: `json`, as every model has it."""
    with (RECORDINGS / "be1.ogg").open("rb") as opened:
        said = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=opened)
    assert said.text.split()[:2] == (SCRIPTS / "be1.txt").read_text(encoding="utf-8").split()[:2]


def test_the_client_lists_the_models(client: Any) -> None:
    """Where our connector looks whether its model is there."""
    assert "whisper-1" in [model.id for model in client.models.list()]


def test_the_client_knows_our_errors(client: Any, world: World) -> None:
    """Each in the client's own class, with its code: key, model, format, pace, credit."""
    with (RECORDINGS / "be1.ogg").open("rb") as opened:
        file = ("be1.ogg", opened.read())
    ask = client.audio.transcriptions.create
    with pytest.raises(openai.AuthenticationError) as locked:
        client.with_options(api_key="sk-wrong").models.list()
    assert locked.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError) as missing:
        ask(model="whisper-9", file=file)
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.BadRequestError) as wrong:
        ask(model="gpt-4o-transcribe", file=file, response_format="verbose_json")
    assert wrong.value.param == "response_format"
    world.misbehave("openai_speech", kind="http_429", method="POST", path="/transcriptions", retry_after="7")
    with pytest.raises(openai.RateLimitError) as paced:
        ask(model="whisper-1", file=file)
    assert paced.value.response.headers["Retry-After"] == "7"
    world.change("openai_speech", what="empty")
    with pytest.raises(openai.RateLimitError) as empty:
        ask(model="whisper-1", file=file)
    assert empty.value.code == "insufficient_quota"
