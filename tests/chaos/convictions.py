"""Every broken engine lives through histories until one shows it; ours has to pass that one."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.forks import PROCESSES, Tick, side_by_side
from chaos.histories import History, about, judge, live_all
from chaos.mutants import MUTANTS, broken
from chaos.simulation import fresh_ledger

MOST = 400
"""Histories within which each of them has to be caught."""


@dataclass(frozen=True)
class Catch:
    """How a broken engine was caught."""

    histories: int
    said: str
    """The broken promise; empty where none was."""
    history: str
    ours: str
    """What our engine did wrong in the same history."""


class _Caught(Exception):
    pass


def catch(folder: Path, migrated: Path, name: str) -> Catch:
    """One broken engine's end."""
    ledger = fresh_ledger(folder, migrated)
    lived = 0
    shown: list[History] = []

    def judged(history: History) -> None:
        nonlocal lived
        lived += not shown
        try:
            judge(ledger, history)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is seen
            shown.append(history)
            raise _Caught(str(error)) from None

    said = ours = ""
    try:
        with broken(name):
            live_all(judged, 1, MOST, of=about(**MUTANTS[name].theme), shrink=False)
    except _Caught as caught:
        said = str(caught)
        try:
            judge(ledger, shown[0])
        except Exception:  # noqa: BLE001 - it is told, not hidden
            ours = traceback.format_exc()
    ledger.close()
    return Catch(lived, said, str(shown[:1]), ours)


def catch_all(folder: Path, migrated: Path, tell: Callable[[int], None] = lambda _: None) -> dict[str, Catch]:
    """Every broken engine's end, by rule."""
    names = list(MUTANTS)

    def work(n: int, tick: Tick) -> dict[str, Catch]:
        caught = {}
        for name in names[n::PROCESSES]:
            caught[name] = catch(folder / f"mutant{names.index(name)}", migrated, name)
            tick()
        return caught

    parts = side_by_side([partial(work, n) for n in range(PROCESSES)], tell)
    return {name: parts[k % PROCESSES][name] for k, name in enumerate(names)}
