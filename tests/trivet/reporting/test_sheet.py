"""PDF that shows every character on any machine."""

from collections.abc import Iterator
from typing import Any

import pypdfium2
import pytest
from reported import EVIL, evidence, hostile, sample, sources

from trivet.reporting.render import rendered

LIMIT = 300 * 1024


def texts(content: bytes) -> str:
    """What can be copied out of it, page after page."""
    return "\n".join(_pages(content))


def _pages(content: bytes) -> Iterator[str]:
    document = pypdfium2.PdfDocument(content)
    for page in document:
        text = page.get_textpage()
        yield text.get_text_range()
        text.close()
        page.close()
    document.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_text_can_be_copied_out(language: Any) -> None:
    """Names, scores, quotes, times, terms, remarks, machinery."""
    made = sample(language)
    text = "".join(texts(rendered(made, "pdf")).split())
    said = [
        made.person, made.scores[1].name, "6.3", "7.0", made.scores[0].evidence[0].text, "00:14", "会员管理", "周颖", "表达清楚",
        "whisper_local", made.reference, made.say("decides"),
    ]  # fmt: skip
    for part in said:
        assert "".join(part.split()) in text, part


def test_no_character_is_a_box() -> None:
    """Every character of both languages' phrases is in the embedded font, and a report embeds it."""
    from trivet.reporting.paper import Paper
    from trivet.reporting.words import WORDS

    for language, words in WORDS.items():
        paper = Paper("t", language, sample().scored_at, "")
        for phrase in words.values():
            assert "?" not in paper.shown(phrase.replace("?", "").replace("\n", ""))
        assert paper.bytes()
    content = rendered(sample(), "pdf")
    assert b"/FontFile3" in content
    assert content.count(b"/FontDescriptor ") == 1


def test_what_the_font_does_not_know_is_a_question_mark() -> None:
    """Never a box, never a gap that hides that something was there."""
    text = texts(rendered(sample(candidate={"id": "c", "name": "李 👩 محمد"}), "pdf"))
    assert "李 ? ????" in text


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_text_is_only_text(evil: str) -> None:
    """No action, no script, no link comes into the file."""
    made = sample(**hostile(evil))
    for audience in ("recruiter", "candidate"):
        content = rendered(made, "pdf", audience, evil)  # type: ignore[arg-type]
        for forbidden in (
            b"/JavaScript",
            b"/JS ",
            b"/URI",
            b"/Launch",
            b"/EmbeddedFile",
            b"/AA",
            b"/OpenAction <<",
        ):
            assert forbidden not in content
        assert texts(content)


def test_the_same_report_is_the_same_file() -> None:
    """Whoever compares archives sees no difference where there is none."""
    assert rendered(sample(), "pdf") == rendered(sample(), "pdf")


def test_a_long_report_stays_small() -> None:
    """An hour of evidence over many pages is under 300 KB."""
    said = tuple(
        f"第{n}句：{chr(0x4E00 + n * 7)}{chr(0x4E03 + n * 11)}我们一起检查了设备并且记录了结果。"
        for n in range(400)
    )
    assessment = sources().assessment | {
        "competency_scores": [
            {
                "competency": "teamwork",
                "score": 8.5,
                "evidence": [evidence(said, n, "reviews") for n in range(0, 400, 4)],
            }
        ],
        "term_counts": [{"term": f"术语{n}", "count": n + 1} for n in range(200)],
    }
    segments = [{"start": 7.0 * n, "end": 7.0 * n + 6, "text": text} for n, text in enumerate(said)]
    content = rendered(sample(assessment=assessment, transcript={"segments": segments}), "pdf")
    assert len(content) < LIMIT
    assert len(list(_pages(content))) > 5


def test_no_line_runs_over_the_edge() -> None:
    """Everything that is drawn lies within the sheet's margins."""
    long = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 6
    made = sample(candidate={"id": "c", "name": long}, names={"teamwork": long, "communication": long})
    document = pypdfium2.PdfDocument(rendered(made, "pdf"))
    for page in document:
        width, height = page.get_size()
        picture = page.render(scale=1).to_numpy()
        assert (picture[:, int(width) - 20 :][30:] == 255).all()
        assert (picture[int(height) - 20 :] == 255).all()
        page.close()
    document.close()
