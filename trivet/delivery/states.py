"""Which transitions are legal; everything else raises.

    waiting_identity ─► planned ─► intent ─► confirmed ─► comp_planned ─► comp_intent ─► compensated
                          ▲  │        ├────► accepted ──┐      ▲  ▲             │
                          │  │        ├────► unknown ◄──┘      │  └─ comp_unknown ◄
                          └──┼────────┤                        │
                             │        └────► rejected          │
          superseded, cancelled           stuck ──(a person)───┴─► confirmed, planned, compensated, written_off

Where nothing can be asked and the same may be sent again, an unknown one has its intent noted once more (`again`).
An operation that was never sent ends `superseded` (a newer revision took its place) or `cancelled` (not wanted any more).
A confirmed one rests, and moves on only when it is to be taken back or a later look finds it wrong.
"""

from collections.abc import Iterable, Mapping

from trivet.errors import LedgerError

OPERATION: Mapping[str, frozenset[str]] = {
    "waiting_identity": frozenset({"planned", "superseded", "cancelled"}),
    "planned": frozenset({"intent", "superseded", "cancelled", "stuck"}),
    # planned again: the target provably did nothing
    "intent": frozenset({"confirmed", "accepted", "unknown", "rejected", "planned", "stuck"}),
    "accepted": frozenset({"confirmed", "rejected", "unknown", "stuck"}),
    # planned again: asked after the quiet time, nothing there; intent: the same may be sent again without asking
    "unknown": frozenset({"confirmed", "planned", "intent", "stuck"}),
    "confirmed": frozenset({"comp_planned", "stuck"}),
    "rejected": frozenset({"planned"}),
    "comp_planned": frozenset({"comp_intent", "compensated", "stuck"}),
    "comp_intent": frozenset({"compensated", "comp_unknown", "comp_planned", "stuck"}),
    "comp_unknown": frozenset({"comp_planned", "stuck"}),
    # comp_planned again: a late apply left something behind
    "compensated": frozenset({"comp_planned"}),
    # by a person only, but cancelled: a roll-back may cancel what provably was never applied
    "stuck": frozenset({"planned", "confirmed", "comp_planned", "compensated", "written_off", "cancelled"}),
    "superseded": frozenset(),
    "cancelled": frozenset(),
    "written_off": frozenset(),
}

INITIAL = frozenset({"waiting_identity", "planned"})
RESTING = frozenset({"confirmed", "rejected", "compensated", "superseded", "cancelled", "written_off"})
"""Nothing is left to do, unless somebody wishes otherwise."""
UNSENT = frozenset({"waiting_identity", "planned"})
FLYING = frozenset({"intent", "accepted", "unknown"})
"""The effect at the target is open."""
TAKING_BACK = frozenset({"comp_planned", "comp_intent", "comp_unknown"})
BLOCKING = FLYING | TAKING_BACK | {"stuck"}
"""A later revision of the same record waits for these."""

_JUDGED = frozenset({"open", "pushing", "verifying", "confirmed", "partly_confirmed", "stuck"})
BATCH: Mapping[str, frozenset[str]] = {
    # judged by its operations, a batch may turn from any of these to any other, and be rolled back at any time
    **{state: _JUDGED - {state} | {"compensating", "compensated"} for state in _JUDGED},
    "compensating": frozenset({"compensated", "partly_confirmed", "stuck"}),
    "compensated": frozenset({"compensating", "stuck"}),
}
BATCH_RESTING = frozenset({"confirmed", "partly_confirmed", "compensated"})


def check_edge(table: Mapping[str, Iterable[str]], before: str, after: str) -> None:
    """Raises `LedgerError` ILLEGAL_TRANSITION where the table has no such edge."""
    if after not in table[before]:
        raise LedgerError(f"{before} cannot become {after}", code="ILLEGAL_TRANSITION")


def batch_state(tally: Mapping[str, int], *, rolled_back: bool, closed: bool, unverified: int) -> str:
    """What a batch has come to, judged by its operations alone."""
    states = {state for state, number in tally.items() if number}
    if rolled_back:
        if states & (UNSENT - {"waiting_identity"} | FLYING | TAKING_BACK):
            return "compensating"
        if "stuck" in states:
            return "stuck"
        return "partly_confirmed" if "confirmed" in states else "compensated"
    if states & {"planned", "intent"}:
        return "pushing"
    if states & (FLYING | TAKING_BACK):
        return "verifying"
    if "stuck" in states:
        return "stuck"
    if unverified:
        return "verifying"
    if states & {"rejected", "cancelled", "compensated", "written_off"}:
        return "partly_confirmed"
    return "confirmed" if closed or "confirmed" in states else "open"
