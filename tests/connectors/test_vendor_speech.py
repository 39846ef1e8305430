"""Speech services: the promises of every scorer that asks one, and what is each vendor's own."""

import json
import re
import socket
import wave
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import ROOT, World
from hypothesis import given
from hypothesis import strategies as st
from trivet_connectors.baidu_speech import SCORER as BAIDU
from trivet_connectors.iflytek_speech import SCORER as IFLYTEK
from trivet_connectors.iflytek_speech.lattice import sentences
from trivet_connectors.openai_speech import SCORER as OPENAI

from trivet.conformance.promises import SECRET
from trivet.conformance.scorer import waited
from trivet.conformance.services import ServiceSuite
from trivet.contract import ScorerConnector, Services
from trivet.errors import AuthFailed, ConfigError, Rejected, Retryable
from trivet.model import Pending, Scored, ScoringRequest

RECORDINGS = ROOT / "sandbox" / "world" / "recordings"
SCRIPTS = ROOT / "sandbox" / "world" / "scripts"
POSITION = {"keywords": ["PLC编程", "精益生产", "六西格玛"]}
RATE = 16_000


def sound(file: Path, *parts: tuple[float, int]) -> Path:
    """A WAV file of (seconds, loudness) after each other."""
    import numpy as np

    pieces = [(np.sin(np.arange(int(RATE * s)) / 6) * loud).astype(np.int16) for s, loud in parts]
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(b"".join(piece.tobytes() for piece in pieces))
    return file


class Standing:
    """A stand-in with one of the company's recordings before it."""

    def __init__(
        self, world: World, connector: ScorerConnector[Any], folder: Path, *, work: str, bill: str, secret: str,
        others: Sequence[Mapping[str, Any]], broken: Sequence[Mapping[str, Any]] = (), extra: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.world, self.connector, self.home = world, connector, ROOT
        self.name, self.work, self.bill, self.secret = connector.name, work, bill, secret
        self.basis = {**world.sandbox[self.name].announce(), "calls_per_second": 500, **(extra or {})}
        self.secrets = [self.basis[secret]]
        self._others, self._broken = others, broken
        self.request = ScoringRequest(
            "key-1", None, audio=RECORDINGS / "ae1.ogg", transcript={"text": "?"}, requisition=POSITION
        )
        (folder / "media").mkdir()
        noise = folder / "media" / "noise"
        noise.write_bytes(bytes(range(256)) * 20)
        self.unscorable = {
            "no recording at all": replace(
                self.request, audio=sound(folder / "media" / "silent.wav", (5, 0))
            ),
            "noise": replace(self.request, audio=noise),
        }

    def config(self, **changed: Any) -> Any:
        return self.connector.config.model_validate({**self.basis, **changed})

    def others(self) -> list[Any]:
        return [self.config(**changed) for changed in self._others]

    def alike(self) -> list[Any]:
        return [
            self.config(**changed)
            for changed in ({"max_minutes": 60}, {"calls_per_second": 400}, {"read_seconds": 9})
        ]

    def broken(self) -> list[Any]:
        return [self.config(**changed) for changed in self._broken]

    def wrong_secret(self) -> Any:
        return self.config(**{self.secret: SECRET})

    def nobody_home(self) -> Any:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}"
        return self.config(**{key: address for key in self.basis if key.endswith("_url")})

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave(self.name, kind=kind, method="POST", path=self.work, **how)

    def behave(self) -> None:
        self.world.behave(self.name)

    def billed(self) -> int:
        return len(self.world.held(self.name).get(self.bill, {}))

    def mix_up(self) -> None:
        self.world.change(self.name, what="confused", **{"with": "somebody else's"})

    def slow(self, questions: int) -> None:
        self.world.change(self.name, what="busy", questions=questions)


class TestOpenAiSpeech(ServiceSuite):
    """One piece, words at once."""

    connector = OPENAI

    @pytest.fixture
    def far_end(self, world: World, tmp_path: Path) -> Standing:
        """The stand-in, told its price."""
        return Standing(
            world, OPENAI, tmp_path, work="/transcriptions", bill="transcription", secret="api_key",
            others=[
                {"model": "whisper-2"}, {"hints": False}, {"language": "zh"}, {"max_upload_mb": 2},
                {"base_url": "http://10.0.0.1/v1"},
            ],
            broken=[{"model": "no-such-model"}],
        )  # fmt: skip


class TestIflytekSpeech(ServiceSuite):
    """Ordered, asked for."""

    connector = IFLYTEK
    gives_tickets = True

    @pytest.fixture
    def far_end(self, world: World, tmp_path: Path) -> Standing:
        """The stand-in, which answers quickly."""
        return Standing(
            world, IFLYTEK, tmp_path, work="/upload", bill="order", secret="secret_key",
            others=[{"language": "en"}, {"hints": False}, {"separate_speakers": True}], extra={"poll_seconds": 0.01},
        )  # fmt: skip


class TestBaiduSpeech(ServiceSuite):
    """One piece, no times."""

    connector = BAIDU
    tells_whose: ClassVar[bool] = False

    @pytest.fixture
    def far_end(self, world: World, tmp_path: Path) -> Standing:
        """The stand-in; a token of it comes from the same address."""
        return Standing(
            world, BAIDU, tmp_path, work="/server_api", bill="call", secret="secret_key",
            others=[{"language": "en"}, {"window_seconds": 20}],
        )  # fmt: skip


EVERY = {"openai_speech": OPENAI, "iflytek_speech": IFLYTEK, "baidu_speech": BAIDU}


def asked(world: World, name: str, folder: Path, request: ScoringRequest, **changed: Any) -> Scored:
    """The connector's answer, waited for."""
    quick = {"poll_seconds": 0.01} if name == "iflytek_speech" else {}
    there = {**world.sandbox[name].announce(), "calls_per_second": 500, **quick, **changed}
    connector = EVERY[name]
    services = Services("test", ROOT, folder, lambda: datetime.now(UTC))
    with connector.build(connector.config.model_validate(there), services) as scorer:
        said = scorer.score(request)
        # what it costs is told once, here or with the ticket
        return said if isinstance(said, Scored) else Scored(waited(scorer, said), said.cost)


def of(key: str, **what: Any) -> ScoringRequest:
    """Somebody's interview."""
    (file,) = RECORDINGS.glob(f"{key}.*")
    return ScoringRequest("k", None, audio=file, **what)


def bare(text: str) -> str:
    """Letters and figures alone."""
    return re.sub(r"\W", "", text).lower()


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("file", sorted(RECORDINGS.glob("*.[om][gp]*")), ids=lambda file: file.stem)
def test_every_word_of_the_company_arrives(name: str, file: Path, world: World, tmp_path: Path) -> None:
    """Film or sound, Chinese or English: decoded here, known by its length there, and nothing lost on the way."""
    script = (SCRIPTS / f"{file.stem}.txt").read_text(encoding="utf-8")
    language = "zh" if re.search(r"[\u4e00-\u9fff]", script) else "en"
    told = {} if name == "openai_speech" else {"language": language}
    said = asked(world, name, tmp_path, of(file.stem), **told)
    assert said.document["language"] == language
    assert bare(said.document["text"]) == bare(script)
    assert len(said.document["segments"]) > 3
    assert said.document["segments"][-1]["end"] <= said.document["duration"]


@pytest.mark.parametrize(
    ("name", "price"),
    [("openai_speech", {"price_per_minute": 0.6}), ("iflytek_speech", {"price_per_minute": 0.6}),
     ("baidu_speech", {"price_per_call": 0.331})],
)  # fmt: skip
def test_what_it_costs_is_told(name: str, price: dict[str, float], world: World, tmp_path: Path) -> None:
    """With the answer, or with the ticket where there is one, never twice."""
    said = asked(world, name, tmp_path, of("ae1"), **price)
    assert said.cost == pytest.approx(0.331)


def test_the_position_s_words_are_told(world: World, tmp_path: Path) -> None:
    """As prompt or hot words, and with the transcript; a word that the vendor does not take is left out."""
    position = {"keywords": ["PLC编程", "x", "CRM", "a very long name of a thing that nobody says"]}
    there = asked(world, "openai_speech", tmp_path, of("ae1", requisition=position))
    assert world.held("openai_speech")["transcription"]["1"]["prompt"] == ", ".join(position["keywords"])
    assert there.document["hints"] == position["keywords"]
    there = asked(world, "iflytek_speech", tmp_path, of("ae1", requisition=position))
    (order,) = world.held("iflytek_speech")["order"].values()
    assert order["hot_words"] == "PLC编程|CRM"
    assert there.document["hints"] == ["PLC编程", "CRM"]
    there = asked(world, "openai_speech", tmp_path, of("ae1", requisition=position), hints=False)
    assert world.held("openai_speech")["transcription"]["2"]["prompt"] is None
    assert there.document["hints"] == []


def test_the_prompt_that_comes_back_is_nobody_s_word(world: World, tmp_path: Path) -> None:
    """Whisper repeats its prompt where nobody speaks; said aloud, the same words count."""
    parts = [("我做过精益生产。", 0.01), (" PLC编程, 六西格玛", 0.9), ("精益生产", 0.1), ("谢谢。", 0.9)]
    answer = {
        "text": "".join(text for text, _ in parts), "language": "chinese", "duration": 33.1,
        "segments": [
            {"start": i, "end": i + 1, "text": text, "no_speech_prob": p, "avg_logprob": -0.7}
            for i, (text, p) in enumerate(parts)
        ],
    }  # fmt: skip
    for hints, said in (
        (True, ["我做过精益生产。", "精益生产", "谢谢。"]),
        (False, [text.strip() for text, _ in parts]),
    ):
        world.misbehave("openai_speech", kind="answer", path="/transcriptions", body=json.dumps(answer))
        heard = asked(world, "openai_speech", tmp_path, of("ae1", requisition=POSITION), hints=hints)
        assert [segment["text"] for segment in heard.document["segments"]] == said


def test_a_long_recording_goes_in_pieces_cut_where_it_is_quiet(world: World, tmp_path: Path) -> None:
    """Each under the limit, times of the whole, silence neither sent nor billed."""
    file = sound(tmp_path / "long.wav", (52, 9000), (1, 0), (62, 9000), (70, 0), (20, 9000))
    said = asked(
        world,
        "openai_speech",
        tmp_path,
        ScoringRequest("k", None, audio=file),
        max_upload_mb=2,
        price_per_minute=1,
    )
    longest = (2_000_000 - 4096) / 32_000
    sent = [body["seconds"] for body in world.held("openai_speech")["transcription"].values()]
    assert sum(sent) < 205 - 60
    assert all(seconds <= longest for seconds in sent)
    assert said.cost == pytest.approx(sum(sent) / 60)
    segments = said.document["segments"]
    # the first cut is in the second of quiet between the sentences
    assert 52 <= segments[0]["end"] <= 53
    assert segments[1]["start"] == segments[0]["end"]
    assert segments[-1]["end"] == said.document["duration"] == 205
    # what was heard first is told with the next piece
    told = [body["language"] for body in world.held("openai_speech")["transcription"].values()]
    assert told == [None, *["en"] * (len(told) - 1)]


def test_pieces_of_baidu_are_small_and_unclear_ones_are_said(world: World, tmp_path: Path) -> None:
    """Two megabytes a call; a piece that is not understood is told and not paid, an interview of such is refused."""
    file = sound(tmp_path / "long.wav", (40, 9000), (1, 0), (40, 9000), (1, 0), (40, 9000))
    unclear = json.dumps({"err_no": 3301, "err_msg": "speech quality error."})
    world.misbehave("baidu_speech", kind="answer", path="/server_api", after=1, body=unclear)
    said = asked(world, "baidu_speech", tmp_path, ScoringRequest("k", None, audio=file), price_per_call=1)
    assert said.cost == len(world.held("baidu_speech")["call"]) == 2
    assert all(body["seconds"] <= 45 for body in world.held("baidu_speech")["call"].values())
    assert said.document["unclear"] == [{"start": said.document["segments"][0]["end"],
                                         "end": said.document["segments"][1]["start"]}]  # fmt: skip
    world.change("baidu_speech", what="mumble", on=True)
    with pytest.raises(Rejected) as caught:
        asked(world, "baidu_speech", tmp_path, ScoringRequest("k", None, audio=file))
    assert caught.value.vendor_code == "MEDIA_NO_SPEECH"
    world.change("baidu_speech", what="mumble", on=False)
    world.misbehave("baidu_speech", kind="answer", path="/server_api", after=1, times=2, body=unclear)
    with pytest.raises(Rejected) as caught:
        asked(world, "baidu_speech", tmp_path, ScoringRequest("k", None, audio=file))
    assert caught.value.vendor_code == "MEDIA_UNCLEAR"


def test_a_token_that_ran_out_is_renewed(world: World, tmp_path: Path) -> None:
    """Baidu's lives a month; the call that finds it dead is made again with a fresh one."""
    connector, there = BAIDU, world.sandbox["baidu_speech"].announce()
    services = Services("test", ROOT, tmp_path, lambda: datetime.now(UTC))
    with connector.build(connector.config.model_validate(there), services) as scorer:
        scorer.check()
        world.change("baidu_speech", what="expire")
        assert isinstance(scorer.score(of("ae1")), Scored)
    assert len(world.held("baidu_speech")["call"]) == 1


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("openai_speech", {"what": "empty"}, "insufficient_quota"), ("iflytek_speech", {"what": "empty"}, "26625"),
        ("baidu_speech", {"what": "used_up"}, "3305"), ("baidu_speech", {"what": "scope", "scope": "vis"}, "SCOPE"),
    ],
)  # fmt: skip
def test_an_empty_account_stops_the_connection(
    name: str, change: dict[str, str], code: str, world: World, tmp_path: Path
) -> None:
    """A person must act: no interview is set aside, and nobody waits for credit to grow."""
    world.change(name, **change)
    with pytest.raises(AuthFailed) as caught:
        asked(world, name, tmp_path, of("ae1"))
    assert caught.value.vendor_code == code
    assert caught.value.cure


def test_a_model_that_is_gone_or_gives_no_times_is_a_config_error(world: World, tmp_path: Path) -> None:
    """While the night runs, too."""
    for model, code in (("no-such-model", "MODEL_MISSING"), ("gpt-4o-transcribe", "MODEL_WITHOUT_TIMES")):
        with pytest.raises(ConfigError) as caught:
            asked(world, "openai_speech", tmp_path, of("ae1"), model=model)
        assert caught.value.code == code
    with pytest.raises(ConfigError) as caught:
        asked(world, "openai_speech", tmp_path, of("ae1"), base_url=world.sandbox["openai_speech"].base_url)
    assert caught.value.code == "SERVICE_MISSING"


@pytest.mark.parametrize(
    ("kind", "code"), [(2, "MEDIA_DECODE_FAILED"), (6, "MEDIA_NO_SPEECH"), (3, "ORDER_FAILED_3")]
)
def test_an_order_that_fails_says_why(kind: int, code: str, world: World, tmp_path: Path) -> None:
    """The vendor's reason is the code."""
    world.change("iflytek_speech", what="fail", type=kind)
    with pytest.raises(Rejected) as caught:
        asked(world, "iflytek_speech", tmp_path, of("ae1"))
    assert caught.value.vendor_code == code


def test_an_order_of_another_length_is_refused(world: World, tmp_path: Path) -> None:
    """Numbers of orders may be mixed up between the ledger and the vendor: the length that was sent is in the ticket."""
    services = Services("test", ROOT, tmp_path, lambda: datetime.now(UTC))
    there = IFLYTEK.config.model_validate(world.sandbox["iflytek_speech"].announce())
    with IFLYTEK.build(there, services) as scorer:
        one, other = scorer.score(of("ae1")), scorer.score(of("be3"))
        assert isinstance(one, Pending)
        assert isinstance(other, Pending)
        swapped = json.dumps({**json.loads(one.ticket), "order": json.loads(other.ticket)["order"]})
        assert isinstance(scorer.poll(swapped), Pending)
        with pytest.raises(Rejected) as caught:
            scorer.poll(swapped)
        assert caught.value.vendor_code == "RESPONSE_MISMATCH"
        world.change("iflytek_speech", what="forget")
        with pytest.raises(Rejected) as caught:
            scorer.poll(one.ticket)
        assert caught.value.vendor_code == "26602"


def test_iflytek_is_not_asked_too_often(world: World, tmp_path: Path) -> None:
    """A hundred questions an order, five hours at most: never sooner than every three minutes."""
    services = Services("test", ROOT, tmp_path, lambda: datetime.now(UTC))
    with IFLYTEK.build(
        IFLYTEK.config.model_validate(world.sandbox["iflytek_speech"].announce()), services
    ) as scorer:
        said = scorer.score(of("ae1"))
        assert isinstance(said, Pending)
        again = scorer.poll(said.ticket)
        assert isinstance(again, Pending)
        assert again.ticket == said.ticket
    assert said.poll_after >= 5 * 3600 / 100
    assert again.poll_after >= 5 * 3600 / 100
    assert (said.cost, again.cost) == (0, 0)


def test_speakers_and_words_have_their_times(world: World, tmp_path: Path) -> None:
    """Who spoke where they are told apart; every word within its sentence."""
    said = asked(world, "iflytek_speech", tmp_path, of("ae1"), separate_speakers=True).document
    assert {segment["speaker"] for segment in said["segments"]} == {"1", "2"}
    for segment in said["segments"]:
        times = [(word["start"], word["end"]) for word in segment["words"]]
        assert times == sorted(times)
        assert segment["start"] <= times[0][0]
        assert times[-1][1] <= segment["end"] + 0.02
    plain = asked(world, "iflytek_speech", tmp_path, of("ae1")).document
    assert not any("speaker" in segment for segment in plain["segments"])


def test_a_name_of_a_file_stays_here(world: World, tmp_path: Path) -> None:
    """A recording's file may be called after the candidate; no vendor is told."""
    file = tmp_path / "Planted Person 4711.ogg"
    file.write_bytes((RECORDINGS / "ae1.ogg").read_bytes())
    for name in EVERY:
        asked(world, name, tmp_path, ScoringRequest("k", None, audio=file))
        assert all("Planted" not in call["path"] for call in world.calls(name))


def test_an_upload_s_shape_is_kept_for_the_support(world: World, tmp_path: Path) -> None:
    """Also of a file that is sent as it lies on the disk; no sample of it."""
    for name in EVERY:
        asked(world, name, tmp_path, of("ae1"), record_exchanges=True)
    kept = [json.loads(file.read_text()) for file in (tmp_path / "exchanges").rglob("*.json")]
    sent = {entry["path"]: entry["sent"] for entry in kept if entry["method"] == "POST"}
    assert re.fullmatch(r"<\d+ bytes, not JSON>", sent["/v2/api/upload"])
    assert "speech" in sent["/server_api"]
    assert all(len(json.dumps(shape or "")) < 500 for shape in sent.values())


def test_a_secret_is_in_no_address(world: World, tmp_path: Path) -> None:
    """Addresses get into logs of proxies; a signature of five minutes may."""
    for name in EVERY:
        asked(world, name, tmp_path, of("ae1"))
        for call in world.calls(name):
            assert "secret" not in call["path"]
            assert "token=" not in call["path"]


def test_a_language_that_is_none_of_its_own_is_refused(world: World, tmp_path: Path) -> None:
    """Before anything is sent."""
    for name in ("iflytek_speech", "baidu_speech"):
        with pytest.raises(Rejected) as caught:
            asked(world, name, tmp_path, replace(of("ae1"), language="fr"))
        assert caught.value.vendor_code == "LANGUAGE"
        assert world.calls(name) == []


def test_the_position_s_language_is_taken_where_none_is_told(world: World, tmp_path: Path) -> None:
    """These two services detect none; a connection may be of one language."""
    for requisition, told, spoken in (
        ({"language": "en"}, {}, "en"), ({"language": "fr"}, {}, "zh"), ({}, {}, "zh"),
        ({"language": "en"}, {"language": "zh"}, "zh"),
    ):  # fmt: skip
        for name in ("iflytek_speech", "baidu_speech"):
            said = asked(world, name, tmp_path, of("ae1", requisition=requisition), **told)
            assert said.document["language"] == spoken
    assert [order["language"] for order in world.held("iflytek_speech")["order"].values()] == [
        "en",
        "zh",
        "zh",
        "zh",
    ]


def test_a_service_in_trouble_may_be_asked_again(world: World, tmp_path: Path) -> None:
    """Codes of the vendors' own faults, in an answer with status 200."""
    for name, path, body in (
        ("iflytek_speech", "/upload", '{"code": "26600", "descInfo": "x", "content": null}'),
        ("baidu_speech", "/server_api", '{"err_no": 3307, "err_msg": "recognition error."}'),
    ):
        world.misbehave(name, kind="answer", method="POST", path=path, body=body)
        with pytest.raises(Retryable):
            asked(world, name, tmp_path, of("ae1"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "lattice",
                        "lattice2",
                        "json_1best",
                        "st",
                        "bg",
                        "ed",
                        "rt",
                        "ws",
                        "cw",
                        "w",
                        "wp",
                        "wb",
                        "we",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_lattice_is_read_or_refused(given: Any) -> None:
    """Nothing that a vendor sends ends a night."""
    for result in (given, json.dumps(given), {"lattice": [{"json_1best": given}]}):
        try:
            found = sentences(result, "zh")
        except ValueError:
            continue
        assert all(s["start"] <= s["end"] and s["text"] for s in found)
