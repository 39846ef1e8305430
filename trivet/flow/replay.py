"""Dead letters once more: what was refused, got stuck or was set aside is decided again with the files that count now.

    refused, the document differs now     a new revision is sent
    refused, the same document            nothing, or with `again` the same once more: the target was mended
    stuck, provably without effect        sent again, or its newer revision
    stuck, the effect in doubt            left to a person
    set aside at translation              translated, scored and decided again

Everything happens in the flow's batch: the one that a run has open, or one of its own, which is closed at the end.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from trivet.delivery import progress
from trivet.delivery.decide import decide as decide_on
from trivet.delivery.plan import Planned
from trivet.delivery.states import FLYING
from trivet.errors import ConnectorError, TrivetError
from trivet.flow import decide as deciding
from trivet.flow import deliver
from trivet.flow import score as scoring
from trivet.flow.cases import touched
from trivet.flow.dead_letters import Chosen, choose
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.pull import open_batch
from trivet.flow.through import DECIDED, missing, passed
from trivet.flow.translate import translate
from trivet.ledger import batches, operations, records, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.operations import StoredOperation
from trivet.ledger.rehearsal import rehearsed

Row = dict[str, Any]
_SAID = {
    "refused_before": "nothing changed: the document is the same as the refused one",
    "held": "held back: another record of the person is still refused",
    "unchanged": "nothing changed",
    "wait": "waits for the person's number",
    "elsewhere": "another flow has the record under way",
    "duplicate": "two decisions want the same record",
    "delete": "not wanted any more: withdrawn",
    "cancel": "not wanted any more",
}


@dataclass(slots=True)
class Replayed:
    """One row per operation and set-aside item, and the troubles with whole connections."""

    rows: list[Row] = field(default_factory=list)
    troubles: list[TrivetError] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """True where nothing is left of what was to be replayed."""
        left = FLYING | {"rejected", "stuck", "set_aside", "planned"}
        return not self.troubles and not any(row["now"] in left for row in self.rows)


def replay(
    hub: Hub,
    what: str | None = None,
    *,
    flow: str | None = None,
    state: str | None = None,
    target: str | None = None,
    again: bool = False,
    dry_run: bool = False,
    actor: str = "cli",
) -> Replayed:
    """What came of each; a dry run plans by the same code and leaves nothing behind."""
    if flow is not None:
        hub.flow(flow)  # a misspelt one is not a flow with nothing to replay
    with hub.ledger.read() as tx:
        chosen = choose(tx, what, flow=flow, state=state, target=target)
    done = Replayed()
    for name, letters in chosen.items():
        wanted = hub.flow(name)
        if dry_run:
            with rehearsed(hub.ledger) as ledger:
                there = replace(hub, ledger=ledger)
                batch, planned = _plan(there, wanted, letters, again=again, actor=actor, score=False)
                done.rows += _rows(there, batch, letters, planned)
            continue
        batch, planned = _plan(hub, wanted, letters, again=again, actor=actor, score=True)
        done.troubles += _deliver(hub, wanted, batch, letters)
        done.rows += _rows(hub, batch, letters, planned)
    return done


def _plan(
    hub: Hub, flow: Flow, letters: Chosen, *, again: bool, actor: str, score: bool
) -> tuple[Batch, dict[str, Planned]]:
    """What is planned now, by reference."""
    _send_again(hub, letters.operations, again=again, actor=actor)
    batch = open_batch(hub, flow, "replay")
    if letters.records:
        with hub.ledger.begin() as tx:
            records.replay(tx, batch.id, letters.records)
        translate(hub, flow, batch)
        for shard in range(flow.shards if score else 0):
            scoring.score(hub, flow, batch, shard, flow.shards)
    ids = letters.applications
    if letters.records:
        with hub.ledger.read() as tx:
            ids |= set(touched(tx, batch))
    planned = deciding.decide(hub, flow, batch, only=ids)
    if letters.records:
        # nothing else of the batch is left to decide
        passed(hub, batch, DECIDED)
    return batch, {entry.reference: entry for entry in planned}


def _send_again(hub: Hub, entries: Iterable[StoredOperation], *, again: bool, actor: str) -> None:
    # before the batch is opened: a new one takes planned operations over from the closed ones
    for entry in entries:
        without_effect = entry.state == "stuck" and entry.stuck_from == "planned"
        if without_effect or (again and entry.state == "rejected"):
            decide_on(hub.ledger, entry.id, "send_again", actor=actor, note="replay")


def _deliver(hub: Hub, flow: Flow, batch: Batch, letters: Chosen) -> list[TrivetError]:
    """Pushes, settles and verifies; closes the batch where no other run is at work in it."""
    with hub.ledger.read() as tx:
        now = operations.by_ids(tx, (entry.id for entry in letters.operations)).values()
        planned = {entry.batch_id for entry in now if entry.state == "planned"}
        ours = [batches.get(tx, name) for name in sorted(planned | {batch.id})]
    troubles: list[TrivetError] = []
    for target in flow.targets():
        for one in ours:
            try:
                deliver.push(hub, flow, one, target)
            except ConnectorError as error:
                troubles.append(error)
                break
    for one in ours:
        troubles += deliver.look_after(hub, flow, one)
    with hub.ledger.begin() as tx:
        if not batches.shared(tx, batch.id):
            batches.close(tx, batch.id, missing=missing(flow, batches.get(tx, batch.id)))
        progress.judge(tx, [batch.id])
    return troubles


def _rows(hub: Hub, batch: Batch, letters: Chosen, planned: dict[str, Planned]) -> list[Row]:
    with hub.ledger.read() as tx:
        known = operations.by_reference(tx, {entry.reference for entry in letters.operations} | set(planned))
        open_ones = {(a.stage, a.item): a for a in set_asides.find(tx, tenant=batch.tenant)}
        refused: dict[str, list[str]] = defaultdict(list)
        for aside in set_asides.find(tx, batch_id=batch.id):
            refused[aside.item].append(f"{aside.code} {aside.pointer} {aside.message}")
    before = {entry.reference: entry for entry in letters.operations}
    rows = []
    for reference, was in before.items():
        now = known[reference][-1]
        said = _said(was, now, planned.get(reference), refused.get(was.scope or "", []))
        rows.append(_row(was, was.state, was.error_code, now, said))
    for reference, plan in planned.items():
        if reference not in before and plan.action not in ("unchanged", "refused_before"):
            entries = known.get(reference)
            if entries:
                rows.append(_row(entries[-1], None, None, entries[-1], _SAID.get(plan.action, plan.action)))
    return rows + [_aside_row(aside, open_ones.get((aside.stage, aside.item))) for aside in letters.asides]


def _said(was: StoredOperation, now: StoredOperation, plan: Planned | None, refused: list[str]) -> str:
    if now.state == "stuck":
        return f"a person has to decide first: {now.error_text or now.error_code}"
    if refused:
        return "; ".join(refused)
    if now.id != was.id or now.state != was.state:
        return now.error_text or ""
    return _SAID.get(plan.action, "") if plan else "no decision wants it any more"


def _row(
    entry: StoredOperation, before: str | None, code: str | None, now: StoredOperation, said: str
) -> Row:
    return {
        "target": entry.target, "entity": entry.entity, "reference": entry.reference, "before": before,
        "before_code": code, "now": now.state, "now_code": now.error_code, "message": said, "batch_id": now.batch_id,
    }  # fmt: skip


def _aside_row(was: set_asides.SetAside, now: set_asides.SetAside | None) -> Row:
    return {
        "target": was.stage, "entity": was.kind, "reference": was.item, "before": "set_aside", "before_code": was.code,
        "now": "set_aside" if now else "resolved", "now_code": now.code if now else None,
        "message": f"{now.pointer} {now.message}".strip() if now else "", "batch_id": now.batch_id if now else "",
    }  # fmt: skip
