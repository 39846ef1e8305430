"""Works done side by side in processes of their own, with a count of how far they are."""

import os
import pickle
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar

PROCESSES = 2
R = TypeVar("R")
Tick = Callable[[], object]


class Failed(AssertionError):
    """A work failed; says how."""


def side_by_side(
    works: Sequence[Callable[[Tick], R]], tell: Callable[[int], None] = lambda _: None
) -> list[R]:
    """The works' results, in order; `tell` hears how often they ticked."""
    told, ticks = os.pipe()
    lines = []
    for work in works:
        answer, give = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            _work(work, ticks, give)
        os.close(give)
        lines.append((pid, answer))
    os.close(ticks)
    while some := os.read(told, 4096):
        tell(len(some))
    os.close(told)
    results: list[R] = []
    failed = ""
    for pid, answer in lines:
        with os.fdopen(answer, "rb") as stream:
            said = stream.read()
        _, status = os.waitpid(pid, 0)
        died = f"the process died: {os.waitstatus_to_exitcode(status)}"
        result, wrong = pickle.loads(said) if said else (None, died)
        results.append(result)
        failed = failed or wrong
    if failed:
        raise Failed(failed)
    return results


def _work(work: Callable[[Tick], object], ticks: int, give: int) -> None:
    result, wrong = None, ""
    try:
        result = work(lambda: os.write(ticks, b"."))
    except BaseException:  # noqa: BLE001 - the parent raises it
        wrong = traceback.format_exc()
    finally:
        # first: the parent reads answers only when nobody ticks any more
        os.close(ticks)
        with os.fdopen(give, "wb") as stream:
            stream.write(pickle.dumps((result, wrong)))
        os._exit(0)
