"""What a report says, and what a candidate is told."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reported import FLAGGED, sample, sources

from trivet.reporting.candidate import feedback
from trivet.reporting.plain import clock, plain
from trivet.reporting.render import rendered
from trivet.reporting.words import WORDS
from trivet.reporting.wrap import wrapped

STEERING = set(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\ufeff\x00\x1b\x9b"
)


class TestReport:
    """The whole of it."""

    def test_a_score_stands_beside_what_the_position_requires(self) -> None:
        """With the gap where there is one, and with the confidence where the scorer gives one."""
        service, teamwork, risk, _ = sample().scores
        assert (service.value, service.required, service.gap, service.confidence) == (9.0, 8, 0.0, 0.82)
        assert (teamwork.value, teamwork.required, teamwork.gap) == (6.3, 7, 0.7)
        assert (risk.required, risk.gap, risk.evidence[0].against) == (None, 0.0, True)

    def test_strengths_and_what_to_improve_come_from_scores_and_evidence(self) -> None:
        """A strength quotes; what falls short says of what."""
        made = sample("en")
        assert made.strengths == ("Service orientation (9.0): “I let the customer finish first.” [00:14]",)
        assert made.to_improve == ("Teamwork: below the required 7.0", "risk awareness: low (4.2)")

    def test_the_mappings_own_summary_counts_in_its_language(self) -> None:
        """In another language the report derives its own, for the lines are the mapping's."""
        given_ = sources("zh").assessment | {"summary": {"strengths": ["自己的话"], "to_improve": []}}
        assert sample("zh", assessment=given_).strengths == ("自己的话",)
        assert "自己的话" not in str(sample("zh", assessment=given_, told="en"))

    def test_evidence_leads_to_its_sentence(self) -> None:
        """Every quote knows its passage, and the passage is marked."""
        made = sample()
        for score in made.scores:
            for quote in score.evidence:
                assert quote.passage is not None
                assert made.excerpt[quote.passage].text == quote.text
                assert made.excerpt[quote.passage].counted

    def test_the_excerpt_shows_a_sentence_before_and_after_and_no_more(self) -> None:
        """The first sentence and the last were not near anything that counted."""
        made = sample()
        assert [passage.at for passage in made.excerpt] == [
            "00:07",
            "00:14",
            "00:21",
            "00:28",
            "00:35",
            "00:42",
            "00:49",
        ]

    def test_what_a_person_should_look_at_is_shown_with_its_reason(self) -> None:
        """To recruiters, in words; to the candidate never."""
        (flag,) = sample().flags
        assert (flag.at, flag.text) == ("00:49", FLAGGED["zh"])
        assert flag.why == WORDS["zh"]["flag_addressed_to_scorer"]
        for form in ("html", "pdf"):
            assert rendered(sample(), form)
        assert FLAGGED["zh"] in rendered(sample(), "html").decode()
        assert FLAGGED["zh"] not in rendered(sample(), "html", "candidate").decode()

    def test_without_a_transcript_there_is_no_excerpt(self) -> None:
        """The quotes keep their times."""
        made = sample(transcript=None)
        assert made.excerpt == ()
        assert [quote.at for quote in made.scores[0].evidence] == ["00:14", "00:21"]

    def test_times_are_the_flows_own(self) -> None:
        """Six in the morning in UTC is two in the afternoon in Shanghai."""
        assert sample().when == "2026-11-19 14:00"

    def test_everything_optional_may_be_absent(self) -> None:
        """The smallest assessment that the contract allows."""
        bare = sources().assessment
        bare = {name: bare[name] for name in ("id", "scored_at", "provenance", "application_id", "interview_id")} | {
            "competency_scores": [], "insufficient_evidence": [], "term_counts": [],
        }  # fmt: skip
        made = sample(assessment=bare, judgements=(), names={}, requisition={"id": "r/j/1", "title": "x", "competencies": {}},
                      interview={"id": "i/i/1", "application_id": "a"})  # fmt: skip
        for form in ("html", "pdf"):
            for audience in ("recruiter", "candidate"):
                assert rendered(made, form, audience)

    def test_of_a_paper_it_says_the_paragraph(self) -> None:
        """Where a recording has a minute; of several sentences in a paragraph the one that was counted is marked."""
        plain_ones = sources("en").assessment
        said = ["I worked alone.", "I let the customer finish first.", "Then we agreed."]
        counted = {"quote": said[1], "start": 2, "end": 2, "weight": 1.0}
        given_ = {name: value for name, value in plain_ones.items() if name not in ("speech", "flags")} | {
            "places": "paragraphs", "term_counts": [{"term": "CRM", "count": 1, "first_at": 3}],
            "competency_scores": [{"competency": "teamwork", "score": 9, "evidence": [counted]}],
        }  # fmt: skip
        segments = [{"start": n, "end": n, "text": text} for n, text in zip((2, 2, 3), said, strict=True)]
        made = sample("en", assessment=given_, transcript={"segments": segments})
        (quote,) = made.scores[0].evidence
        assert (quote.at, made.terms[0][3]) == ("¶ 2", "¶ 3")
        assert quote.passage == 1
        assert [passage.counted for passage in made.excerpt] == [False, True, False]
        assert "recording" not in str(feedback(made)).lower()
        assert feedback(made).well[0].text == "You wrote: “I let the customer finish first.”"

    def test_both_languages_say_the_same_things(self) -> None:
        """With the same names to fill in."""
        names = {
            language: {word: set(re.findall(r"\{(\w+)\}", text)) for word, text in said.items()}
            for language, said in WORDS.items()
        }
        assert names["zh"] == names["en"]


class TestCandidate:
    """The short, kind version."""

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_no_score_no_required_level_no_machinery(self, language: str) -> None:
        """Nothing in it is a number of anybody's."""
        text = (
            rendered(sample(language), "html", "candidate", "hr@yunxiu.example").decode().split("<body>")[1]
        )
        text = text.replace(sample(language).reference, "")
        assert not re.search(r"\d\.\d", text)
        for hidden in (
            "whisper",
            "behaviour_baseline",
            "beam",
            "ab12",
            "周颖",
            "会员管理",
            "skips a rule",
            "没有按流程",
        ):
            assert hidden not in text.replace("我自学了会员管理系统", "")

    def test_what_went_well_is_quoted_and_what_did_not_is_advice(self) -> None:
        """The one sentence that counted against is not held up to the person."""
        told = feedback(sample("en"), None)
        assert [point.name for point in told.well] == ["Service orientation", "learning ability"]
        assert [point.name for point in told.work] == ["risk awareness", "Teamwork"]
        assert "did not follow" not in str(told)
        assert "recruiter who invited you" in told.rights

    def test_silence_is_not_held_against_anybody(self) -> None:
        """What did not come up is said so."""
        assert (
            feedback(sample("en")).unheard
            == "We did not hear about: Communication. This does not count against you."
        )

    def test_whom_to_ask_for_a_persons_look(self) -> None:
        """The flow's contact."""
        assert "write to hr@yunxiu.example" in feedback(sample("en"), "hr@yunxiu.example").rights


class TestPlain:
    """Strangers' text."""

    @given(st.text())
    def test_nothing_steers(self, text: str) -> None:
        """No control, no override of direction, no lone surrogate, one line."""
        shown = plain(text)
        assert not STEERING & set(shown)
        assert "\n" not in shown
        shown.encode()

    def test_what_can_be_read_stays(self) -> None:
        """Letters of all scripts, marks, emoji."""
        assert (
            plain(" 李 静怡\tO’Brien\n محمد =cmd|' /C calc'!A0 👩‍🔧")
            == "李 静怡 O’Brien محمد =cmd|' /C calc'!A0 👩‍🔧"
        )
        assert plain("a\x00b\u202ec\ud800d") == "abc\ufffdd"
        assert plain("x" * 50, 10) == "x" * 9 + "…"

    @pytest.mark.parametrize(("seconds", "shown"), [(0, "00:00"), (187.9, "03:07"), (4510, "75:10")])
    def test_minutes_and_seconds(self, seconds: float, shown: str) -> None:
        """Hours are minutes, as recorders show them."""
        assert clock(seconds) == shown


class TestWrap:
    """Lines that fit."""

    @given(st.text(alphabet="ab 我们，。（）「x1.", max_size=80), st.integers(2, 20))
    def test_nothing_is_lost_and_nothing_is_too_wide(self, text: str, width: int) -> None:
        """One letter is one wide."""
        lines = wrapped(text, width, len)
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert max(map(len, lines)) <= width

    def test_a_comma_begins_no_line(self) -> None:
        """It stays with what it follows; an opening bracket stays with what follows it."""
        assert wrapped("我们说，你好", 3, len) == ["我们", "说，你", "好"]
        assert wrapped("我们（你好", 3, len) == ["我们", "（你好"]

    def test_words_stay_whole(self) -> None:
        """A word that is wider than the line is cut."""
        assert wrapped("one two three", 7, len) == ["one two", "three"]
        assert wrapped("abcdefghij", 4, len) == ["abcd", "efgh", "ij"]
