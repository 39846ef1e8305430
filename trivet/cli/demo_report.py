"""What the demo shows: a live line while it works, a closing table, what differs from what was expected."""

import time
from types import TracebackType

from rich.console import Console
from rich.status import Status

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
