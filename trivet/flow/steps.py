"""What Airflow tasks, the CLI and tests call: one function a step, batch id in, counts out. Only ids travel between steps."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from trivet.errors import ConnectorError
from trivet.flow import decide as deciding
from trivet.flow import deliver, drift, holding, lineage, runs, wishes
from trivet.flow import hear as hearing
from trivet.flow import pull as pulling
from trivet.flow import score as scoring
from trivet.flow.gates import approvals
from trivet.flow.hub import Hub
from trivet.flow.privacy import erase
from trivet.flow.reports import make_reports
from trivet.flow.translate import translate
from trivet.ledger import batches, cursors, gates, shapes
from trivet.ledger.batches import Batch

Row = dict[str, Any]


def pull(hub: Hub, flow_name: str, run_key: str) -> str:
    """The id of the flow's batch, new or resumed, with everything new upstream in it as canonical documents.

    `LedgerError` FLOW_HELD, and nothing done, where a person holds the flow (so does `hear`); RUN_OVERLAPS where another run
    is pulling.
    """
    holding.check_flow(hub, flow_name)
    flow = hub.flow(flow_name)
    with runs.alone(hub, flow) as claim:
        batch = pulling.open_batch(hub, flow, run_key)
        pulling.pull_streams(hub, flow, batch, claim)
        translate(hub, flow, batch)
    return batch.id


def about_run(hub: Hub, batch_id: str) -> str:
    """What the run's line says of its batch: the id, and the missed nights that it makes up for."""
    batch = _batch(hub, batch_id)
    return runs.said(hub, hub.flow(batch.flow), batch)


def hear(hub: Hub, flow_name: str, run_key: str) -> str | None:
    """The id of the flow's event batch, new or resumed, with what vendors told of in it as canonical documents; None where
    they told nothing."""
    holding.check_flow(hub, flow_name)
    batch = hearing.hear(hub, hub.flow(flow_name), run_key)
    return batch.id if batch else None


def deliver_fresh(hub: Hub, batch_id: str) -> dict[str, int]:
    """Counts of what became of an event batch's operations at the ERPs; one that stops does not stop the others, and its
    trouble is raised at the end."""
    flow = hub.flow(_batch(hub, batch_id).flow)
    counts = Counter({f"{action} planned": number for action, number in decide(hub, batch_id).items()})
    return dict(counts + _push_all(hub, batch_id, [delivery.connection for delivery in flow.deliveries]))


def tell_back(hub: Hub, batch_id: str) -> dict[str, int]:
    """Counts of what became of an event batch's write-backs; settles, verifies and closes the batch."""
    flow = hub.flow(_batch(hub, batch_id).flow)
    erps = {delivery.connection for delivery in flow.deliveries}
    try:
        counts = _push_all(hub, batch_id, [name for name in flow.targets() if name not in erps])
    finally:
        ended = conclude(hub, batch_id)
    return {**counts, **ended}


def _push_all(hub: Hub, batch_id: str, targets: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    troubles: list[ConnectorError] = []
    for target in targets:
        try:
            counts.update(push(hub, batch_id, target))
        except ConnectorError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return counts


def score(
    hub: Hub, batch_id: str, shard: int, of: int, on_progress: scoring.Progress | None = None
) -> scoring.Done:
    """Counts of interviews scored, unchanged, pending and set aside in this shard, and when to look again."""
    batch = _batch(hub, batch_id)
    return scoring.score(hub, hub.flow(batch.flow), batch, shard, of, on_progress)


def decide(hub: Hub, batch_id: str) -> dict[str, int]:
    """Counts of planned operations by what is to happen to them."""
    batch = _batch(hub, batch_id)
    return dict(Counter(entry.action for entry in deciding.decide(hub, hub.flow(batch.flow), batch)))


def plan_only(hub: Hub, batch_id: str) -> list[Row]:
    """Every operation that `decide` would plan; nothing is written."""
    batch = _batch(hub, batch_id)
    planned = deciding.decide(hub, hub.flow(batch.flow), batch, dry_run=True)
    return [
        {**asdict(entry), "kind": entry.action, "state": "not planned"}
        for entry in planned
        if entry.action != "unchanged"
    ]


def push(hub: Hub, batch_id: str, connection: str) -> dict[str, int]:
    """Counts of operations by outcome; raises where the connection must stop."""
    batch = _batch(hub, batch_id)
    done = deliver.push(hub, hub.flow(batch.flow), batch, connection)
    if done is None:
        waits = holding.flow_waits(hub, batch.flow) or holding.system_waits(hub, connection)
        return {"on_hold": 1} if waits else {"before_cut_over": 1}
    names = ("confirmed", "accepted", "unknown", "rejected", "stuck", "taken_back", "left")
    return {name: getattr(done, name) for name in names if getattr(done, name)}


def conclude(hub: Hub, batch_id: str) -> dict[str, int]:
    """Settles, verifies and closes the batch; raises what a scheduler should try again."""
    batch = _batch(hub, batch_id)
    flow = hub.flow(batch.flow)
    troubles = deliver.conclude(hub, flow, batch)
    make_reports(hub, flow, batch)
    lineage.tell(hub, flow, batch_id)
    if troubles:
        raise troubles[0]
    with hub.ledger.read() as tx:
        state = batches.get(tx, batch_id).state
    return {state: 1}


def push_approved(hub: Hub, batch_id: str, connection: str) -> dict[str, int]:
    """As `push`, after a night; nothing, and the system is not called, where nothing that was approved is left for it."""
    with hub.ledger.read() as tx:
        if not gates.unsent(tx, batch_id, connection):
            return {}
    return push(hub, batch_id, connection)


def follow_up(hub: Hub, batch_id: str) -> dict[str, int]:
    """Settles and verifies what was sent of a batch after its night; raises what a scheduler should try again.

    A night that is still under way closes it itself.
    """
    batch = _batch(hub, batch_id)
    troubles = deliver.look_after(hub, hub.flow(batch.flow), batch)
    if troubles:
        raise troubles[0]
    return {_batch(hub, batch_id).state: 1}


def settle(hub: Hub) -> list[Row]:
    """One row a target at which something was in the air, or at which what was approved since went; erasures that waited for
    it go on, and so does what two people wanted done and a kill cut short.

    Questions that nobody answered in time are expired, and of those that wait somebody is told again.
    """
    approvals.expire(hub)
    approvals.remind(hub)
    wishes.resume(hub)
    rows = deliver.settle(hub)
    erase.resume(hub)
    return rows


def cursors_of(hub: Hub, flow_name: str) -> list[Row]:
    """Where each stream of the flow resumes."""
    flow = hub.flow(flow_name)
    with hub.ledger.read() as tx:
        stored = cursors.show(tx, tenant=flow.tenant, flow=flow.name)
    return [
        {"connection": c.connection, "stream": c.stream, "cursor": c.value, "updated_at": c.updated_at}
        for c in stored
    ]


def reset_cursors(hub: Hub, flow_name: str, stream: str | None, *, actor: str = "cli") -> list[Row]:
    """The streams whose cursor was forgotten."""
    flow = hub.flow(flow_name)
    with hub.ledger.begin() as tx:
        gone = cursors.reset(
            tx, tenant=flow.tenant, flow=flow.name, streams=[stream] if stream else None, actor=actor
        )
    return [{"connection": connection, "stream": name, "cursor": None} for connection, name in gone]


def drift_of(hub: Hub, flow_name: str) -> list[Row]:
    """What looks different and nobody accepted yet."""
    flow = hub.flow(flow_name)
    with hub.ledger.read() as tx:
        return drift.shown(shapes.noticed(tx, tenant=flow.tenant, flow=flow.name))


def accept_drift(hub: Hub, flow_name: str, *, actor: str) -> list[Row]:
    """What was accepted."""
    flow = hub.flow(flow_name)
    with hub.ledger.begin() as tx:
        return drift.shown(shapes.accept(tx, tenant=flow.tenant, flow=flow.name, actor=actor))


def _batch(hub: Hub, batch_id: str) -> Batch:
    with hub.ledger.read() as tx:
        return batches.get(tx, batch_id)
