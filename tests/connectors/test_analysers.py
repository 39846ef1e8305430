"""The quick analysers: facts are facts, and the quick way finds what the plain way finds."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from trivet_connectors.behaviour_baseline.hearing import Ear, Pattern
from trivet_connectors.behaviour_baseline.indicators import Competency, load
from trivet_connectors.behaviour_baseline.literals import required
from trivet_connectors.speech_facts import SCORER as FACTS
from trivet_connectors.term_recogniser.dictionary import Dictionary

from trivet.conformance.scorer import ScorerSuite
from trivet.contract import Services
from trivet.model import Document, ScoringRequest
from trivet.transcript import Sentence, Spoken, count_words, sentences_of

MAPPINGS = ROOT / "mappings"
COMPETENCIES = [load(file) for file in sorted((MAPPINGS / "behaviours").glob("*.yaml"))]
PATTERNS = [pattern for competency in COMPETENCIES for pattern in competency.patterns()]
EAR = Ear(PATTERNS)
DICTIONARY = Dictionary(sorted((MAPPINGS / "terms").glob("*.yaml")))
SCRIPTS = [
    sentence.strip()
    for file in sorted((ROOT / "sandbox" / "world" / "scripts").glob("*.txt"))
    for sentence in re.split(r"(?<=[.。])", file.read_text(encoding="utf-8"))
    if sentence.strip()
]


def heard(texts: Sequence[str], **more: Any) -> Document:
    """A transcript of these sentences, three seconds each with a second between."""
    segments = [{"start": 4.0 * i, "end": 4.0 * i + 3, "text": text} for i, text in enumerate(texts)]
    return {"duration": 4.0 * len(texts), "segments": segments, **more}


def plainly_seen(competency: Competency, texts: Sequence[str]) -> list[tuple[str, int]]:
    """Every pattern in every sentence, what speaks against first and blotted out: the first way in which this was written."""
    lowered = [text.lower() for text in texts]
    languages = [
        name
        for name, letters in (("en", "[a-z]{2}"), ("zh", "[\u3400-\u9fff]"))
        if re.search(letters, "\n".join(lowered))
    ]
    found = []
    for indicator in sorted(competency.indicators, key=lambda one: one.weight >= 0):
        expressions = [p.expression for language in languages for p in indicator.patterns[language]]
        expressions = [e for e in expressions if any(e.search(text.lower()) for text in texts)]
        hit = next((i for i, text in enumerate(lowered) if any(e.search(text) for e in expressions)), None)
        if hit is not None:
            found.append((indicator.name, hit))
        if indicator.weight < 0:
            for expression in expressions:
                lowered = [expression.sub(" ", text) for text in lowered]
    return found


def quickly_seen(competency: Competency, texts: Sequence[str]) -> list[tuple[str, int]]:
    """As the scorer does."""
    sentences = [{"text": text, "start": i, "end": i} for i, text in enumerate(texts)]
    said = EAR.listen([text.lower() for text in texts])
    return [(piece["indicator"], piece["start"]) for piece in competency.seen(said, sentences)]


def made_up(chance: random.Random) -> list[str]:
    """Sentences of scripts, of what patterns look for, and of both run together."""
    literals = sorted(
        {literal for pattern in chance.sample(PATTERNS, 40) for literal in required(pattern.expression)}
    )
    pieces = [*literals, *SCRIPTS, " the team ", "同事", " ", "没有", "not ", "I ", "İſı", "\n", "Ｐ", "，"]
    return ["".join(chance.choices(pieces, k=chance.randint(1, 8))) for _ in range(chance.randint(1, 12))]


def test_behaviours_are_heard_as_the_plain_way_hears_them_in_the_demo() -> None:
    """Every script by itself, and all of them together."""
    for file in (ROOT / "sandbox" / "world" / "scripts").glob("*.txt"):
        texts = [s for s in re.split(r"(?<=[.。])", file.read_text(encoding="utf-8")) if s.strip()]
        for competency in COMPETENCIES:
            assert quickly_seen(competency, texts) == plainly_seen(competency, texts)
    for competency in COMPETENCIES:
        assert quickly_seen(competency, SCRIPTS) == plainly_seen(competency, SCRIPTS)
        assert plainly_seen(competency, SCRIPTS)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_behaviours_are_heard_as_the_plain_way_hears_them_in_whatever_is_said(seed: int) -> None:
    """Also where blotting out joins what stood apart, and with letters whose case is odd."""
    texts = made_up(random.Random(seed))
    for competency in COMPETENCIES:
        assert quickly_seen(competency, texts) == plainly_seen(competency, texts)


def test_every_pattern_of_ours_has_something_to_look_for() -> None:
    """Otherwise it is tried on every sentence of everybody."""
    assert [p.expression.pattern for p in PATTERNS if not required(p.expression)] == []


LITERALS = {
    "solved|replaced": {"solved", "replaced"},
    "help(?:ed)? (?:a|my) (?:\\w+ )?team": {"help a ", "help my ", "helped a ", "helped my "},
    "(?:\\w+ )?team": {"team"},
    "\\d+|team": set(),
    "(?:team)*": set(),
    "(?<!not )satisfied": {"satisfied"},
    "(?:互相|相互)(?:检查|复查)": {"互相检查", "互相复查", "相互检查", "相互复查"},
    "said (?:that (?:I was|we were) )?sorry": {
        "said sorry",
        "said that i was sorry",
        "said that we were sorry",
    },
}


@pytest.mark.parametrize("pattern", LITERALS)
def test_what_a_pattern_requires_stands_in_all_that_it_matches(pattern: str) -> None:
    """The longest texts of which one has to be there; nothing where nothing has to."""
    assert required(re.compile(pattern)) == LITERALS[pattern]


def test_a_pattern_without_anything_to_look_for_is_tried_everywhere() -> None:
    """It is slower, not deaf."""
    anything = Pattern(re.compile(r"\d\d"))
    said = Ear([anything]).listen(["one", "the 42", "11"])
    assert said.places == {anything: [1, 2]}


def plainly_counted(texts: Sequence[str]) -> dict[tuple[int, str], int]:
    """Every sentence read sign by sign."""
    found: dict[tuple[int, str], int] = {}
    for i, text in enumerate(texts):
        for hit in DICTIONARY.hits(text):
            found[i, hit.term] = found.get((i, hit.term), 0) + 1
    return found


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                ["PLC", "编程", " ", "-", "P L C", "ＰＬＣ", "py torch", "PyTorch", "六西格玛", "e\u0301", "Σ", "dis",
                 "plc", "\0", "\x1c", "\u3000", "精益", "生产", "transformers", ".", "，", "ﬁ", "portfolio", "s"]
            ),
            max_size=8,
        ).map("".join),
        max_size=8,
    )
)  # fmt: skip
def test_no_sentence_with_a_term_is_left_unread(texts: list[str]) -> None:
    """Whatever letters stand in it."""
    read = set(DICTIONARY.worth_reading(texts))
    assert {i for i, _ in plainly_counted(texts)} <= read


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.text("ab 1.,-_'\t\n\x1c\x1f", max_size=30)
)
def test_words_are_counted_as_one_would_by_hand(text: str, plain: str) -> None:
    """Pieces between blanks that hold a letter or digit, and each Chinese character."""
    for one in (text, plain, plain + "中文" + text):
        han = [c for c in one if "\u3400" <= c <= "\u9fff" or "\U00020000" <= c <= "\U0003ffff"]
        rest = "".join(" " if c in han else c for c in one)
        assert count_words(one) == len(han) + sum(any(c.isalnum() for c in word) for word in rest.split())


def test_quotes_are_found_whatever_their_stops() -> None:
    """Within one sentence, over two, and not where nobody said them."""
    said = [
        Sentence(i + 1, text, float(i), i + 0.5)
        for i, text in enumerate(["I checked it, twice.", "Then I left.", "我很耐心。"])
    ]
    spoken = Spoken(said)
    assert spoken.number_of("“Checked it twice”") == 1
    assert spoken.number_of("我很耐心") == 3
    assert spoken.number_of("nobody said this") is None
    assert spoken.number_of("") is None
    assert spoken.number_of("I") is None
    passage = spoken.passage("twice. then I LEFT")
    assert passage is not None
    assert (passage.text, passage.start, passage.end) == ("I checked it, twice. Then I left.", 0.0, 1.5)
    assert spoken.passage("nobody said this") is None


def test_sentences_end_where_they_end() -> None:
    """Not within a number or a name; blanks are single."""
    request = ScoringRequest(
        "k", None, transcript=heard(["We use ver. 2.5 of it. Yes!  And\nmore。好的。再见"])
    )
    assert [s.text for s in sentences_of(request, "c")] == [
        "We use ver.",
        "2.5 of it.",
        "Yes!",
        "And more。",
        "好的。",
        "再见",
    ]


SAID = heard(["我主要做数控机床的调试。", "PLC 编程一直在自学。"], duration=8.0, speech_duration=6.0)
REQUEST = ScoringRequest("key-1", "zh", transcript=SAID)


class Desk:
    """Needs nothing but the transcript."""

    home, request = ROOT, REQUEST
    unscorable = {  # noqa: RUF012 - a class of constants
        "segments are a text": replace(REQUEST, transcript={"segments": "words"}),
        "a segment is null": replace(REQUEST, transcript={"segments": [None]}),
        "a segment without a time": replace(REQUEST, transcript={"segments": [{"text": "words"}]}),
        "a duration in words": replace(REQUEST, transcript={**SAID, "duration": "long"}),
        "a duration that is true": replace(REQUEST, transcript={**SAID, "speech_duration": True}),
    }

    def config(self, **changed: Any) -> Any:
        return FACTS.config.model_validate(changed)

    def others(self) -> list[Any]:
        return [self.config(pause_seconds=2.0)]

    def alike(self) -> list[Any]:
        return []

    def broken(self) -> list[Any]:
        return []


class TestSpeechFacts(ScorerSuite):
    """Facts."""

    connector = FACTS

    @pytest.fixture
    def far_end(self) -> Desk:
        """The desk."""
        return Desk()


@pytest.fixture
def facts(tmp_path: Path) -> Iterator[Any]:
    """What the scorer says of a transcript."""
    services = Services("test", ROOT, tmp_path, lambda: datetime.now(UTC))
    with FACTS.build(FACTS.config(), services) as built:
        yield lambda transcript: built.score(ScoringRequest("k", None, transcript=transcript)).document[
            "speech_facts"
        ]


def test_pace_is_that_of_the_time_in_which_something_was_said(facts: Any) -> None:
    """Characters for Chinese, words for the rest; silence does not slow anybody down."""
    said = facts(SAID)
    assert (said["words"], said["unit"]) == (19, "characters")
    assert said["per_minute"] == 190.0
    assert said["pause_share"] == 0.25
    english = facts(heard(["one two three", "four five six"]))
    assert (english["unit"], english["per_minute"]) == ("words", 60.0)


def test_pauses_lie_between_words_where_these_have_times(facts: Any) -> None:
    """The longest with its place; overlapping speech is no pause."""
    words = [
        {"start": 0.0, "end": 0.5, "word": "a"}, {"start": 2.0, "end": 2.5, "word": "b"}, {"start": 2.6, "end": 3.0, "word": "c"},
    ]  # fmt: skip
    said = facts({"duration": 3.0, "segments": [{"start": 0.0, "end": 3.0, "text": "a b c", "words": words}]})
    assert said["pauses"] == {"count": 1, "seconds": 1.5, "longest": 1.5, "longest_at": 0.5}
    both = [
        {"start": 0.0, "end": 5.0, "text": "a"},
        {"start": 1.0, "end": 2.0, "text": "b"},
        {"start": 5.2, "end": 6.0, "text": "c"},
    ]
    assert facts({"duration": 6.0, "segments": both})["pauses"] == {"count": 0, "seconds": 0.0}


def test_turns_are_shared_among_those_who_are_told_apart(facts: Any) -> None:
    """By speaker or channel; nothing where one segment does not say."""
    segments = [
        {"start": 0.0, "end": 1.0, "text": "how are you", "channel": 0},
        {"start": 1.0, "end": 4.0, "text": "I am fine", "channel": 1},
    ]
    said = facts({"duration": 4.0, "segments": segments})
    assert [(t["speaker"], t["share"], t["words"], t["per_minute"]) for t in said["turns"]] == [
        ("0", 0.25, 3, 180.0), ("1", 0.75, 3, 60.0),
    ]  # fmt: skip
    assert "turns" not in facts(
        {"duration": 4.0, "segments": [segments[0], {**segments[1], "channel": None}]}
    )


def test_the_interviewer_fills_pauses_and_takes_turns(facts: Any) -> None:
    """Where a transcript keeps the candidate's words apart; the pace is the candidate's."""
    mine = [{"start": at, "end": at + 1.0, "text": "one two", "channel": 1} for at in (0.0, 4.0)]
    others = [{"start": 1.0, "end": 3.0, "text": "how many", "channel": 0}]
    said = facts({"duration": 5.0, "speech_duration": 4.0, "segments": mine, "others": others})
    assert (said["words"], said["per_minute"], said["speech_duration"]) == (4, 120.0, 2.0)
    assert said["pauses"] == {"count": 1, "seconds": 1.0, "longest": 1.0, "longest_at": 3.0}
    assert said["pause_share"] == 0.2
    assert {t["speaker"]: t["share"] for t in said["turns"]} == {"1": 0.5, "0": 0.5}


def test_of_nothing_said_nothing_is_known(facts: Any) -> None:
    """No pace is invented."""
    assert facts({"segments": []}) == {"words": 0, "unit": "words", "pauses": {"count": 0, "seconds": 0.0}}
