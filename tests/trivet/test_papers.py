"""What candidates write is read in its order, tables with it, and no file of theirs harms anything."""

from pathlib import Path

import pytest
from bad_inputs import papers

from trivet.errors import Rejected
from trivet.papers.lines import paragraphs
from trivet.papers.reading import PaperLimits, Paragraph, read


def found(folder: Path, content: bytes, **limits: int) -> list[Paragraph]:
    """The paragraphs of the file."""
    file = folder / "paper"
    file.write_bytes(content)
    return read(file, PaperLimits(**limits), folder, "reader")


def texts(folder: Path, content: bytes) -> list[str]:
    """As `found`, without pages."""
    return [one.text for one in found(folder, content)]


def test_word_paragraphs_and_tables_come_in_their_order(tmp_path: Path) -> None:
    """Chinese papers are tables; what was struck out is not read, what was added is, and notes come last."""
    field = (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>'
    )
    changed = "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>"
    box = f"<w:p><w:r><w:txbxContent>{papers.paragraph('in a box')}</w:txbxContent></w:r></w:p>"
    notes = f'<w:footnotes xmlns:w="{papers.W}"><w:footnote>{papers.paragraph("a note")}</w:footnote></w:footnotes>'
    content = papers.word(
        papers.paragraph("第一题：如何实现负载均衡？"),
        papers.table([["问题", "回答"], ["缓存", "使用 Redis 集群"]]),
        f"<w:sdt><w:sdtContent>{papers.paragraph('in a control')}</w:sdtContent></w:sdt>",
        field, changed, box,
        papers.paragraph("The end & nothing more."),
        more={"word/footnotes.xml": notes, **papers.elsewhere("hyperlink", "https://example.com/me")},
    )  # fmt: skip
    assert texts(tmp_path, content) == [
        "第一题：如何实现负载均衡？", "问题 | 回答", "缓存 | 使用 Redis 集群", "in a control", "new", "in a box",
        "The end & nothing more.", "a note",
    ]  # fmt: skip


def test_pdf_lines_become_paragraphs_with_their_page(tmp_path: Path) -> None:
    """A term that was broken at the margin is whole."""
    lines = [
        "I would put a load balancer in front and measure the lat-",
        "ency of each call, then move the cache",
        "closer.",
        "2. Next",
    ]
    assert found(tmp_path, papers.written(lines)) == [
        Paragraph("I would put a load balancer in front and measure the latency of each call, then move the cache closer.", 1),
        Paragraph("2. Next", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_in_every_encoding_that_people_save_it_in(encoding: str, tmp_path: Path) -> None:
    """Markdown's marks are left out."""
    content = "# 答案\r\n\r\n使用消息队列解耦。\n> quoted".encode(encoding)
    assert texts(tmp_path, content) == ["答案", "使用消息队列解耦。", "quoted"]


def test_an_archive_of_papers_is_read_one_after_the_other(tmp_path: Path) -> None:
    """Word, PDF and text in one zip file."""
    content = papers.packed(
        {
            "1.docx": papers.word(papers.paragraph("one")),
            "2/2.pdf": papers.written(["two two"]),
            "3.txt": "three",
            "empty.md": "",
        }
    )
    assert texts(tmp_path, content) == ["one", "two two", "three"]


def test_what_packs_well_and_is_small_is_no_bomb(tmp_path: Path) -> None:
    """An empty form unpacks to a hundred times its size, too."""
    content = papers.word(papers.paragraph("a"), *["<w:p></w:p>"] * 40_000)
    assert texts(tmp_path, content) == ["a"]


def test_columns_and_short_lines_end_paragraphs() -> None:
    """A heading is not run into the text below it."""
    lines = [
        "Caching",
        "We keep what is read often close to those who read it, and",
        "throw it away in time.",
        "",
        "那么",
    ]
    assert list(paragraphs(lines)) == [
        "Caching", "We keep what is read often close to those who read it, and throw it away in time.", "那么",
    ]  # fmt: skip


CUT = {"word": papers.word(papers.paragraph("a")), "pdf": papers.written(["some text of a candidate"])}


@pytest.mark.parametrize("name", CUT)
def test_half_a_file_is_damaged(name: str, tmp_path: Path) -> None:
    """By a code, never half an answer."""
    with pytest.raises(Rejected) as caught:
        found(tmp_path, CUT[name][: len(CUT[name]) // 2])
    assert caught.value.vendor_code in ("DOC_DAMAGED", "DOC_NO_TEXT")


def test_more_than_the_reader_may_take_is_refused(tmp_path: Path) -> None:
    """Its size, before anything is opened."""
    with pytest.raises(Rejected) as caught:
        found(tmp_path, b"x" * (1024 * 1024 + 1), max_megabytes=1)
    assert caught.value.vendor_code == "DOC_LIMIT"
