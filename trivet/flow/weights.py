"""KPI weights are part of a person's plan and make 100 percent with the goals beside them.

A goal of ours needs room: the rule says how the others make it (`balance` of the decision), and each of them becomes an
operation of its own, sent before ours where it gives and after ours where it gains, with its earlier weight kept.

    proportional  every other goal by the same factor       largest  the heaviest one alone       none  somebody else watches

A plan without other goals is only being begun and needs no balance. What cannot make 100 is refused with the reason, and so
is a plan in which a person has moved weights after us.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

from trivet.contract import TargetConnector, Weighing
from trivet.delivery import history
from trivet.delivery.drafts import Wanted
from trivet.delivery.keys import record_reference
from trivet.errors import ConnectorError
from trivet.flow.definition import Flow
from trivet.flow.holding import system_waits
from trivet.flow.hub import Hub
from trivet.ledger import contents, operations
from trivet.model import Operation, Share, WeighedPlan

WEIGHT = "kpi_weight"
WHOLE = Decimal(100)
STEP = Decimal("0.01")
ROOM = 10
"""Steps between the positions of two targets: what gives goes before what gains."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a weight cannot be sent."""

    wanted: Wanted
    code: str
    message: str


def balance(hub: Hub, flow: Flow, wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[Refused]]:
    """What is wanted with the goals that make room for it; without the weights that cannot be sent, and why."""
    kept = [replace(entry, order=entry.order * ROOM) for entry in wanted]
    refused: list[Refused] = []
    by_target: dict[str, list[Wanted]] = defaultdict(list)
    for entry in kept:
        weighs = entry.decision.get("kind") == WEIGHT and entry.decision.get("balance") != "none"
        if weighs and entry.document is not None:
            by_target[entry.target].append(entry)
    for target_id, weights in by_target.items():
        waits = system_waits(hub, target_id)
        if waits is not None:
            refused += [
                Refused(entry, "KPI_PLAN_UNREAD", f"its plan cannot be read: {waits}") for entry in weights
            ]
            continue
        try:
            more, less = _at_target(hub, flow, target_id, weights)
        except ConnectorError as error:
            more, less = (
                [],
                [Refused(e, "KPI_PLAN_UNREAD", f"its plan cannot be read: {error}") for e in weights],
            )
        gone = {id(entry.wanted) for entry in less}
        moved = {id(entry) for entry in weights} if more or less else set()
        kept = [
            replace(entry, order=entry.order + 1) if id(entry) in moved else entry
            for entry in kept
            if id(entry) not in gone
        ] + more
        refused += less
    return kept, refused


def _at_target(
    hub: Hub, flow: Flow, target_id: str, weights: Sequence[Wanted]
) -> tuple[list[Wanted], list[Refused]]:
    with hub.built(TargetConnector, target_id) as target:
        if not isinstance(target, Weighing):
            return [], []
        named = {_reference(flow, entry): entry for entry in weights}
        plans = target.plans(
            [
                Operation("", reference, "create", entry.entity, entry.document or {})
                for reference, entry in named.items()
            ]
        )
    together: dict[str, list[str]] = defaultdict(list)
    for reference, plan in plans.items():
        together[plan.key].append(reference)
    more: list[Wanted] = []
    less: list[Refused] = []
    for references in together.values():
        ours = [named[reference] for reference in references]
        made = _plan(hub, flow, plans[references[0]], ours)
        if isinstance(made, list):
            more += made
        else:
            less += [Refused(entry, *made) for entry in ours]
    return more, less


def _reference(flow: Flow, entry: Wanted) -> str:
    return record_reference(flow.tenant, entry.target, entry.entity, entry.business_key)


def _plan(hub: Hub, flow: Flow, plan: WeighedPlan, ours: Sequence[Wanted]) -> list[Wanted] | tuple[str, str]:
    """The changes of the other goals, or code and reason of the refusal."""
    others = [share for share in plan.shares if share.reference is None]
    if not others:
        return []
    written = _written(hub, flow, ours[0], plan, others)
    now = {share.remote_id: _decimal(share.weight) for share in others}
    taken = sum((_decimal((entry.document or {}).get(plan.field, 0)) for entry in ours), Decimal(0))
    rest = WHOLE - taken
    if sum(now.values()) == rest:
        # as it should be: what we changed earlier stays wanted
        return [_wanted(ours[0], plan, name, weight, weight) for name, weight in written.items()]
    moved = [name for name, weight in written.items() if now[name] != weight]
    if moved:
        return (
            "KPI_PLAN_CHANGED",
            f"a person changed {len(moved)} weights of this plan after us; decide there",
        )
    made = METHODS[str(ours[0].decision.get("balance") or "proportional")](now, rest)
    if made is None:
        return "KPI_WEIGHT_SUM", f"the weights of the plan cannot make 100 percent beside {taken:f}"
    return [
        _wanted(ours[0], plan, name, weight, now[name])
        for name, weight in made.items()
        if weight != now[name] or name in written
    ]


def _written(
    hub: Hub, flow: Flow, like: Wanted, plan: WeighedPlan, others: Iterable[Share]
) -> Mapping[str, Decimal]:
    """The weights that we gave to goals of others, by the target's id, as the ledger remembers them."""
    names = {_reference(flow, _adopting(like, share.remote_id)): share.remote_id for share in others}
    with hub.ledger.read() as tx:
        alive = {
            reference: life
            for reference, revisions in operations.by_reference(tx, names).items()
            if (life := history.live(revisions)) is not None
        }
        known = contents.get(tx, [life.id for life in alive.values()], "document")
    return {
        names[reference]: _decimal((known[life.id].document or {}).get(plan.field, 0))
        for reference, life in alive.items()
    }


def _wanted(like: Wanted, plan: WeighedPlan, remote_id: str, weight: Decimal, now: Decimal) -> Wanted:
    gains = weight > now
    return replace(
        _adopting(like, remote_id),
        document={plan.field: float(weight)},
        order=like.order + 2 if gains else like.order,
        decision={**like.decision, "about": "another goal of the plan makes room"},
    )


def _adopting(like: Wanted, remote_id: str) -> Wanted:
    return replace(like, business_key=f"{WEIGHT}|beside|{remote_id}", adopts=remote_id)


def _proportional(now: Mapping[str, Decimal], rest: Decimal) -> dict[str, Decimal] | None:
    whole = sum(now.values())
    if rest < 0 or not whole:
        return None
    exact = {name: weight * rest / whole for name, weight in now.items()}
    made = {name: weight.quantize(STEP, ROUND_DOWN) for name, weight in exact.items()}
    # the steps that rounding lost go to those that lost most
    lost = int((rest - sum(made.values())) / STEP)
    for name in sorted(made, key=lambda n: (made[n] - exact[n], n))[:lost]:
        made[name] += STEP
    return made


def _largest(now: Mapping[str, Decimal], rest: Decimal) -> dict[str, Decimal] | None:
    name = max(now, key=lambda n: (now[n], n))
    weight = now[name] + rest - sum(now.values())
    return {**now, name: weight} if weight >= 0 else None


METHODS: Mapping[str, Any] = {"proportional": _proportional, "largest": _largest}


def _decimal(weight: Any) -> Decimal:
    return Decimal(str(weight or 0))
