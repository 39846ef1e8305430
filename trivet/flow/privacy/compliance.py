"""What an auditor asks for about automated decisions, in one document without personal data.

    systems      which scorer versions assessed how many interviews, when: deployers' records of the AI act (Regulation (EU)
                 2024/1689, articles 12 and 26 (6)), and the distribution date of a tool (6 RCNY § 5-302)
    oversight    what waited for a person, who answered, when and how, and what went without one under which site's policy
                 (article 14, article 26 (2))
    decisions    by kind, system and state; taken back, refused and stuck ones by code
    changes      releases of mapping and rules files with who applied them, drift with who accepted it
    impact       the tables of Local Law 144, where groups are given (`trivet.flow.judging.impact`)

Which inputs a single decision was made from, and by which rule, stays with the decision: `trivet explain`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from trivet import __version__
from trivet.errors import LedgerError
from trivet.flow.gates.asking import Row
from trivet.flow.gates.gating import SENSITIVE
from trivet.flow.hub import Hub
from trivet.flow.judging import assessed
from trivet.flow.judging.impact import impact
from trivet.flow.sites import load_sites
from trivet.ledger import approvals, audit, documents, releases
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import batch, event, gate, operation, shape

_STOPS = ("ROLLED_BACK", "APPROVAL_REJECTED", "HELD", "RELEASED", "DRIFT_ACCEPTED")


def export(hub: Hub, flow_name: str, since: str, *, actor: str, groups: Path | None = None) -> Row:
    """The document about one flow from that day on (`2026-01-01`); that it was made stands in the audit trail.

    `ConfigError` DATE for a day that is none; errors of `impact` where the file of groups cannot be used.
    """
    begin = assessed.day(since)
    flow = hub.flow(flow_name)
    with hub.ledger.read() as tx:
        made: Row = {
            "made_at": tx.stamp, "made_by": actor, "trivet": __version__, "tenant": flow.tenant, "flow": flow.name,
            "environment": flow.environment, "since": begin,
            "systems": _systems(tx, flow.tenant, begin, hub, flow_name),
            "oversight": _oversight(hub, tx, flow.tenant, flow.name, begin),
            "decisions": list(_decisions(tx, flow.tenant, flow.name, begin)),
            "changes": _changes(tx, flow.tenant, flow.name, begin),
            "audit_heads": {name: {"events": n, "mac": mac} for name, (n, mac) in sorted(audit.heads(tx.conn).items())},
        }  # fmt: skip
    if groups is not None:
        found = impact(hub, groups, flow=flow_name, since=since)
        made["impact"] = {"sample": found.sample, "tables": found.rows}
    with hub.ledger.begin() as tx:
        note = f"since {begin}, {len(made['oversight']['approvals'])} approvals"
        tx.events.append(Event(WHOLE_LEDGER, flow.name, "COMPLIANCE_EXPORTED", actor=actor, note=note))
    return made


def write(made: Row, file: Path) -> None:
    """Writes it; `LedgerError` EXPORT_EXISTS where something lies there: a record is not overwritten."""
    try:
        with file.open("x", encoding="utf-8") as out:
            json.dump(made, out, ensure_ascii=False, indent=1)
            out.write("\n")
    except FileExistsError:
        raise LedgerError(
            "a file lies there already", code="EXPORT_EXISTS", place=str(file), cure="choose another name"
        ) from None


def _systems(tx: Transaction, tenant: str, begin: str, hub: Hub, flow_name: str) -> list[Row]:
    flow = hub.flow(flow_name)
    seen: dict[str, list[str]] = {}
    for entry in documents.since(tx, tenant, assessed.ASSESSMENT, begin):
        if assessed.of_flow(flow, entry.document):
            seen.setdefault(assessed.made_by(entry.document), []).append(str(entry.document["scored_at"]))
    return [
        {"scorer": name, "interviews": len(times), "first": min(times), "last": max(times)}
        for name, times in sorted(seen.items())
    ]


def _oversight(hub: Hub, tx: Transaction, tenant: str, flow: str, begin: str) -> Row:
    asked = [one for one in approvals.find(tx, state=None, tenant=tenant, flow=flow) if one.asked_at >= begin]
    gated = (
        select(gate.c.approved_by.is_not(None), func.count())
        .join(operation, operation.c.id == gate.c.operation_id)
        .join(batch, batch.c.id == operation.c.batch_id)
        .where(batch.c.tenant == tenant, batch.c.flow == flow, operation.c.created_at >= begin)
        .group_by(gate.c.approved_by.is_not(None))
    )
    counted = {bool(row[0]): row[1] for row in tx.conn.execute(gated)}
    return {
        "always_asked": sorted(SENSITIVE),
        "sites": [
            {"site": site.name, "country": site.country, "eea": site.in_eea, "flow_without_approver": sorted(site.flows or ())}
            for site in load_sites(hub.settings.home).values()
        ],
        "operations_approved": counted.get(True, 0),
        "operations_not_approved": counted.get(False, 0),
        "approvals": [
            {
                "approval": one.id, "batch": one.batch_id, "causes": list(one.causes), "state": one.state,
                "operations": one.detail.get("operations"), "people": one.detail.get("people"), "asked_at": one.asked_at,
                "answered_at": one.decided_at, "by": one.decided_by, "how": one.how,
            }
            for one in asked
        ],
    }  # fmt: skip


def _decisions(tx: Transaction, tenant: str, flow: str, begin: str) -> Iterator[Row]:
    columns = (
        operation.c.target,
        operation.c.entity,
        operation.c.kind,
        operation.c.state,
        operation.c.error_code,
    )
    query = (
        select(*columns, func.count())
        .join(batch, batch.c.id == operation.c.batch_id)
        .where(batch.c.tenant == tenant, batch.c.flow == flow, operation.c.created_at >= begin)
        .group_by(*columns)
        .order_by(*columns)
    )
    for row in tx.conn.execute(query):
        yield {
            "system": row[0],
            "record": row[1],
            "kind": row[2],
            "state": row[3],
            "code": row[4],
            "number": row[5],
        }


def _changes(tx: Transaction, tenant: str, flow: str, begin: str) -> Row:
    ours = select(batch.c.id).where(batch.c.tenant == tenant, batch.c.flow == flow)
    stops = (
        select(event.c.code, event.c.actor, event.c.at, event.c.chain)
        .where(event.c.code.in_(_STOPS), event.c.at >= begin)
        .where(event.c.chain.in_(ours) | (event.c.about == f"flow {flow}"))
    )
    said: Counter[tuple[str, str, str, str]] = Counter(
        (row.code, row.actor, row.at[:16], row.chain) for row in tx.conn.execute(stops)
    )
    noticed = select(shape).where(
        shape.c.tenant == tenant, shape.c.flow == flow, shape.c.noticed_batch.is_not(None)
    )
    return {
        "releases": [
            {"release": one.n, "at": one.applied_at, "by": one.applied_by, "note": one.note, "versions": one.versions}
            for one in releases.history(tx, tenant=tenant, flow=flow)
            if one.applied_at >= begin
        ],
        "drift": [
            {"source": row.source, "path": row.path, "state": row.state, "batch": row.noticed_batch}
            for row in tx.conn.execute(noticed)
        ],
        "stopped": [
            {"code": code, "by": by, "at": f"{at}Z", "chain": chain, "operations": number}
            for (code, by, at, chain), number in sorted(said.items(), key=lambda one: one[0][2])
        ],
    }  # fmt: skip
