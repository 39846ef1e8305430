"""Named places where a test may stop the program; nothing happens in production."""

from collections.abc import Callable

hook: Callable[[str], None] | None = None
"""Set by tests only: called with the name of each place that is reached; it may raise, or kill the process."""


def reach(name: str) -> None:
    """Tells the test, if there is one, that the program got here."""
    if hook is not None:
        hook(name)
