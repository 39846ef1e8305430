"""CSV files as people's spreadsheets write and open them: every cell text, and none that a spreadsheet would run."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from trivet.errors import DocumentRefused

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet runs as a formula (OWASP, CSV injection)."""
MOST_BYTES = 50_000_000


def read_rows(file: Path, required: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of every row, blanks around them taken off; empty rows are passed over.

    `DocumentRefused` with line and cure where the file cannot be read as such a table.
    """
    reader = csv.reader(StringIO(_text(file)), strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        if not all(head) or len(set(head)) != len(head):
            raise _refused("the first line has to name every column once", "TABLE_HEAD", f"{file}:1")
        missing = [name for name in required if name not in head]
        if missing:
            said = f"there is no column {missing[0]!r}; there are: {', '.join(head) or 'none'}"
            raise _refused(said, "TABLE_HEAD", f"{file}:1")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head):
                said = f"{len(cells)} cells, the head has {len(head)}"
                raise _refused(said, "TABLE_ROW", f"{file}:{reader.line_num}")
            yield reader.line_num, {k: cell.strip() for k, cell in zip(head, cells, strict=True)}
    except csv.Error as error:
        raise _refused(f"not CSV: {error}", "TABLE_ROW", f"{file}:{reader.line_num}") from None


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise _refused(f"larger than {MOST_BYTES:,} bytes", "TABLE_SIZE", str(file))
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _refused(f"cannot be read: {error.strerror}", "TABLE_MISSING", str(file)) from None
    except UnicodeDecodeError:
        raise _refused("not UTF-8", "TABLE_ENCODING", str(file), "save it as CSV UTF-8") from None


def _refused(said: str, code: str, place: str, cure: str | None = None) -> DocumentRefused:
    return DocumentRefused(said, code=code, place=place, cure=cure)


def write_rows(file: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the table, with the mark by which spreadsheets know UTF-8; a text that begins like a formula gets a `'`."""
    table = [columns, *([row.get(name) for name in columns] for row in rows)]
    file.write_text(csv_text(table), encoding="utf-8-sig", newline="")


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """The rows as CSV, without the mark; a text that begins like a formula gets a `'`."""
    out = StringIO()
    csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
