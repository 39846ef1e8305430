"""Code tables against what the ERP knows: mappings/codes/<table>.<column>.csv lists the codes that exist there.

The list's first column counts; put it there by export or by a job. A table without a list is not judged.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from trivet.documents.yaml_file import read_yaml
from trivet.errors import ConfigError
from trivet.mapping.check.finding import Finding
from trivet.mapping.inputs import near


def check_codes(home: Path) -> Iterator[Finding]:
    """Every entry of a table that its list does not have."""
    tables = home / "mappings" / "tables"
    for file in sorted((home / "mappings" / "codes").glob("*.csv")):
        table, _, column = file.stem.rpartition(".")
        shown = str(file.relative_to(home))
        known = {row[0].strip() for row in _csv(file)[1:] if row}
        for suffix, cells in ((".csv", _csv_cells), (".yaml", _yaml_cells)):
            source = tables / f"{table}{suffix}"
            if source.is_file():
                for line, at, value in cells(source, column):
                    if value not in known:
                        said = f"{column} {value!r} is not in {shown}{near(value, known)}"
                        yield Finding(str(source.relative_to(home)), line, at, "TABLE_CODE", said)
                break
        else:
            said = f"no table mappings/tables/{table}.csv or .yaml: lists are named <table>.<column>.csv"
            yield Finding(shown, 1, 1, "TABLE_MISSING", said)


def _csv(file: Path) -> list[list[str]]:
    try:
        return list(csv.reader(StringIO(file.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _csv_cells(file: Path, column: str) -> Iterator[tuple[int, int, str]]:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    reader = csv.reader(StringIO(text))
    head = next(reader, [])
    lines = text.split("\n")
    if column not in head:
        return
    index = head.index(column)
    for cells in reader:
        if index < len(cells) and cells[index]:
            # a cell that is quoted over lines is found on its last one, or at the line's start
            at = lines[reader.line_num - 1].rfind(cells[index]) if index else 0
            yield reader.line_num, max(at, 0) + 1, cells[index]


def _yaml_cells(file: Path, column: str) -> Iterator[tuple[int, int, str]]:
    try:
        loaded = read_yaml(file)
        rows = loaded.data["rows"]
    except (ConfigError, KeyError, TypeError):
        return
    for key, row in rows.items() if isinstance(rows, dict) else ():
        if isinstance(row, dict) and column in row:
            at = loaded.position(f"/rows/{key.replace('~', '~0').replace('/', '~1')}/{column}")
            yield at.line, at.column, str(row[column])
