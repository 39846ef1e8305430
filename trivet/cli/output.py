"""One way to print: a table for people, JSON for programs, the error line and its cure on stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trivet.errors import TrivetError

Row = Mapping[str, Any]


def print_rows(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, empty: str = "nothing") -> None:
    """The rows as a table with these columns, or all of each row as JSON."""
    if as_json:
        print_json(rows)
        return
    console = Console(soft_wrap=False)
    if not rows:
        console.print(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        # Text, not markup: a name such as [/bold] is data
        table.add_row(*(Text(_plain(row.get(column))) for column in columns))
    console.print(table)


def print_json(value: Any) -> None:
    """JSON on stdout, readable and in the order given."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_jsonable) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Plain lines on stdout."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def print_beside(left: str, one: Any, right: str, other: Any) -> None:
    """Two values side by side, as readable JSON."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for title in (left, right):
        table.add_column(title, overflow="fold", ratio=1)
    table.add_row(
        *(Text(json.dumps(value, ensure_ascii=False, indent=2, default=_jsonable)) for value in (one, other))
    )
    Console(soft_wrap=False).print(table)


def print_error(error: TrivetError, *, as_json: bool) -> None:
    """The line and its cure on stderr; with JSON wanted, an object on stdout."""
    if as_json:
        print_json({"error": {"code": error.code, "message": str(error), "cure": error.cure}})
    sys.stderr.write(f"error: {error.explained()}\n")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {count}" for key, count in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)
