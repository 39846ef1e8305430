"""iFlytek's own Python SDK orders a transcription at our stand-in: its signature, parameters and bytes are taken."""

import json
import wave
from pathlib import Path
from typing import Any

import pytest
from conftest import World

lfasr = pytest.importorskip(
    "xfyunsdkspeech.lfasr_client", reason="iFlytek's SDK is not installed: pip install xfyunsdkspeech"
)
# the SDK sends bytes in a way that its HTTP library calls old
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def client(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The SDK's client; the service's address is fixed in it and is led to the stand-in."""
    said = world.sandbox["iflytek_speech"].announce()
    real = lfasr.LFasrEnum.get_url
    monkeypatch.setattr(
        lfasr.LFasrEnum,
        "get_url",
        lambda which: real(which).replace("https://raasr.xfyun.cn", said["base_url"]),
    )
    return lfasr.LFasrClient(app_id=said["app_id"], secret_key=said["secret_key"])


def test_the_sdk_orders_and_asks(client: Any, world: World, tmp_path: Path) -> None:
    """An order, worked on, done; the lattice is JSON in a string in JSON."""
    file = tmp_path / "some.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(b"\1\0" * 16000 * 5)
    asked = {
        "fileName": file.name,
        "fileSize": file.stat().st_size,
        "duration": "5000",
        "audioMode": "fileStream",
    }
    made = json.loads(client.upload(asked, str(file)))
    assert made["code"] == "000000"
    order = made["content"]["orderId"]
    states = []
    for _ in range(2):
        said = json.loads(client.get_result({"orderId": order}))
        states.append(said["content"]["orderInfo"]["status"])
    assert states == [3, 4]
    (sentence,) = json.loads(said["content"]["orderResult"])["lattice"]
    words = json.loads(sentence["json_1best"])["st"]["rt"][0]["ws"]
    assert "".join(word["cw"][0]["w"] for word in words) == "这里没有人认识这段录音。"
    assert len(world.held("iflytek_speech")["order"]) == 1


def test_a_wrong_key_is_refused(client: Any) -> None:
    """The signature is judged, not only looked for."""
    client.api_key = "wrong"
    assert json.loads(client.get_result({"orderId": "x"}))["code"] == "26601"
