"""What the demo shows: a live line while it works, a closing table, what differs from what was expected."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text
from ruamel.yaml import YAML

from trivet.flow import report

Nested = dict[str, dict[str, dict[str, int]]]

WORDS = ("waiting", "planned", "refused", "unknown", "stuck", "cancelled", "taken_back", "written_off")
"""What may become of an operation, besides `delivered`."""
MANY = 10_000
PLAIN_EVERY = 5.0  # seconds between lines where there is no terminal to redraw


class Ticker:
    """One line that changes: redrawn on a terminal, printed now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = Status("", console=console) if console.is_terminal else None
        self._began = time.monotonic()
        self._shown, self._printed = "", 0.0
        self._pending = ""

    def __enter__(self) -> "Ticker":
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()
        self._flush()

    def show(self, text: str) -> None:
        """Make this the line."""
        elapsed = time.monotonic() - self._began
        line = f"{int(elapsed) // 60}:{int(elapsed) % 60:02d}  {text}"
        if self._status:
            self._status.update(line)
            return
        if text != self._shown:
            self._shown, self._pending = text, line
        if elapsed - self._printed >= PLAIN_EVERY:
            self._flush()
            self._printed = elapsed

    def _flush(self) -> None:
        if self._pending:
            self._console.print(self._pending, markup=False, highlight=False)
            self._pending = ""


def progress_line(progress: Mapping[str, Any]) -> str:
    """Records, recordings, minutes of audio and deliveries in one line."""
    operations = progress["operations"]
    told = [f"{operations.get('delivered', 0)} delivered"]
    told += [f"{operations[word]} {word.replace('_', ' ')}" for word in WORDS if operations.get(word)]
    minutes = progress["audio_seconds"] / 60
    return (
        f"{progress['records']} records, {progress['recordings']} recordings heard ({minutes:.1f} min), "
        f"{progress['scored']} interviews scored, {', '.join(told)}"
    )


def show_night(console: Console, summary: Mapping[str, Any]) -> None:
    """The closing tables: per system what became of its operations, and what was set aside and why."""
    console.print(f"\nBatch {summary['batch']}: {summary['state']}")
    words = [word for word in WORDS if any(row.get(word) for row in summary["systems"])]
    _print_table(console, ["system", "delivered", *words], summary["systems"])
    for title, columns in (
        ("set aside", ["stage", "code", "place", "pointer", "message"]),
        ("refused", ["system", "entity", "code", "field", "message"]),
        ("cases", ["code", "message"]),
    ):
        rows = summary[title.replace(" ", "_")]
        if rows:
            console.print(f"\n{title}:")
            _print_table(console, columns, rows)


def _print_table(console: Console, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        # Text, not markup: a vendor's message is data
        table.add_row(*(Text("" if row.get(column) is None else str(row[column])) for column in columns))
    console.print(table)


def show_differences(console: Console, hub: Any) -> bool:
    """Whether everything is as the demo's world expects; what is not is printed."""
    expected = YAML(typ="safe", pure=True).load(
        files("trivet_sandbox.world").joinpath("expected.yaml").read_text(encoding="utf-8")
    )
    found = _found(report.deliveries(hub, limit=MANY))
    lines = _differences(expected["deliveries"], found)
    aside = Counter(row["code"] for row in report.open_set_asides(hub))
    lines += _differences({"set aside": {"": expected["set_aside"]}}, {"set aside": {"": dict(aside)}})
    if not lines:
        console.print("\nEverything was delivered as expected.", style="green")
    else:
        console.print("\nNot as expected:", style="red")
        for line in lines:
            console.print(f"  {line}", markup=False)
    return not lines


def _found(operations: Sequence[Mapping[str, Any]]) -> Nested:
    found: Nested = {}
    for entry in operations:
        word = {"confirmed": "delivered", "waiting_identity": "waiting"}.get(entry["state"], entry["state"])
        if word != "superseded":
            words = found.setdefault(entry["target"], {}).setdefault(entry["entity"], {})
            words[word] = words.get(word, 0) + 1
    return found


def _differences(expected: Nested, found: Nested) -> list[str]:
    lines = []
    for system in sorted({*expected, *found}):
        wanted, have = expected.get(system, {}), found.get(system, {})
        for entity in sorted({*wanted, *have}):
            if wanted.get(entity, {}) != have.get(entity, {}):
                lines.append(f"{system} {entity}: {have.get(entity, {})}, expected {wanted.get(entity, {})}")
    return lines
