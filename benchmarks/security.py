"""What sealing costs: the same night with AES-256-GCM and people's own keys, and with values that are stored as they are.

    python -m benchmarks.security [CANDIDATES] [ROUNDS]

The nights run in turn, each in a process of its own, over real sockets against the stand-ins, recordings looked up
instead of transcribed (`benchmarks.hub`). The pass-through ring keeps the form of sealed values, so that everything else is
equal: only the cipher, people's keys and their table are left out. CPU seconds are the hub's own process.
"""

import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import hub as night

ROUNDS = 3


def _plain() -> None:
    """Takes the cipher and people's keys out of this process."""
    from trivet.ledger.keyring import Keyring
    from trivet.ledger.ledger import Transaction

    def seal(self: Keyring, plain: bytes, place: str) -> bytes:
        del place
        return self._head + bytes(12) + plain + bytes(16)

    def unseal(self: Keyring, sealed: bytes, place: str) -> bytes:
        del place
        return bytes(sealed)[len(self._head) + 12 : -16]

    def seal_bytes(self: Transaction, plain: bytes, place: str, subject_ref: str | None = None) -> bytes:
        del subject_ref
        return self.keys.seal(plain, place)

    patches: dict[Any, dict[str, Callable[..., Any]]] = {
        Keyring: {"seal": seal, "unseal": unseal},
        Transaction: {
            "seal_bytes": seal_bytes,
            "prepare": lambda *_: None,
            "opening": lambda _, rows, *__: iter(rows),
        },
    }
    for kind, changes in patches.items():
        for name, change in changes.items():
            setattr(kind, name, change)


def _measured(size: int, *, plain: bool, into: Any) -> None:
    if plain:
        _plain()
    rows: list[Any] = []
    vars(night)["_print"] = lambda _size, measured, *_: rows.extend(measured)
    sys.argv = ["hub", str(size)]
    night.main()
    into.put([(row.name, row.cpu, row.wall) for row in rows])


def main() -> None:
    """Prints the table."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "world"))
    best: dict[bool, dict[str, float]] = {True: {}, False: {}}
    for turn in range(2 * rounds):
        into: Any = multiprocessing.get_context("spawn").Queue()
        plain = turn % 2 == 0
        process = multiprocessing.get_context("spawn").Process(
            target=_measured, args=(size,), kwargs={"plain": plain, "into": into}
        )
        process.start()
        for name, cpu, _ in into.get():
            best[plain][name] = min(cpu, best[plain].get(name, cpu))
        process.join()
    print(
        f"{size} candidates; CPU seconds of the hub's process, the best of {rounds} nights each, taken in turn\n"
    )
    print(f"{'step':<26}{'stored as it is':>16}{'sealed':>10}{'more':>8}")
    for name, bare in best[True].items():
        print(
            f"{name:<26}{bare:>16.2f}{best[False][name]:>10.2f}{best[False][name] / bare - 1 if bare else 0:>8.1%}"
        )
    bare, full = sum(best[True].values()), sum(best[False].values())
    print(f"{'together':<26}{bare:>16.2f}{full:>10.2f}{full / bare - 1:>8.1%}")


if __name__ == "__main__":
    main()
