"""Tables for spreadsheets: what is written is read back, and nothing of it runs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.errors import DocumentRefused
from trivet.spreadsheet import read_rows, write_rows


@pytest.mark.parametrize("said", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_runs_as_a_formula(said: str, tmp_path: Path) -> None:
    """It gets an apostrophe; a number stays one, negative too."""
    file = tmp_path / "t.csv"
    write_rows(file, ["a", "b", "c"], [{"a": said, "b": -0.5, "c": True}])
    text = file.read_bytes().decode("utf-8-sig")
    assert text.splitlines()[1].lstrip('"').startswith("'")
    assert text.rstrip().endswith(",-0.5,yes")


@given(rows=st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))).map(str.strip), max_size=5))
def test_what_is_written_is_read(rows: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Commas, quotes and Chinese included."""
    file = tmp_path_factory.mktemp("sheet") / "t.csv"
    write_rows(file, ["a", "b"], [{"a": cell, "b": "x"} for cell in rows])
    read = [cells["a"].removeprefix("'") for _, cells in read_rows(file)]
    assert read == [cell.removeprefix("'") for cell in rows]


def test_blank_lines_and_blanks_are_passed_over(tmp_path: Path) -> None:
    """The line number is the one that a person sees."""
    file = tmp_path / "t.csv"
    file.write_text("a, b\n\n,\n x ,y\n", encoding="utf-8")
    assert list(read_rows(file)) == [(4, {"a": "x", "b": "y"})]


@pytest.mark.parametrize("text", ["a,a\n1,2\n", "a,,b\n", "", 'a,b\n"x"y,2\n', "a,b\n1\n"])
def test_what_is_no_table_is_refused(text: str, tmp_path: Path) -> None:
    """With the line."""
    file = tmp_path / "t.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentRefused) as caught:
        list(read_rows(file, ("a",)))
    assert caught.value.code in ("TABLE_HEAD", "TABLE_ROW")
    assert str(file) in str(caught.value.place)
