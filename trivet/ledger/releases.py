"""Releases of mapping and rules files: which versions a flow uses, since when, applied by whom from which plan.

The files themselves are kept as they counted, so that a delivery can be explained by the very version it names.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.bulk import chunks, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import file_version, release, release_plan
from trivet.model import Document


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a flow."""

    tenant: str
    flow: str
    n: int
    versions: dict[str, str]
    """Version id by file name."""
    plan_id: str | None
    applied_at: str
    applied_by: str
    note: str


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What somebody looked at before applying it."""

    id: str
    tenant: str
    flow: str
    base: int
    """The release that it was compared with; 0 where there was none."""
    versions: dict[str, str]
    outcome: dict[str, Any]
    """Counts; no personal data."""
    planned_at: str = ""


def keep(tx: Transaction, contents: Mapping[str, Document]) -> None:
    """Keeps file contents by version id."""
    rows = [
        {
            "id": version_id,
            "name": content["name"],
            "content": json.dumps(content, ensure_ascii=False),
            "stored_at": tx.stamp,
        }
        for version_id, content in contents.items()
    ]
    upsert(tx.conn, file_version, rows, keep=True)


def known(tx: Transaction, version_ids: Iterable[str]) -> set[str]:
    """Those of the versions that are kept."""
    found: set[str] = set()
    for part in chunks(version_ids):
        found |= set(tx.conn.scalars(select(file_version.c.id).where(file_version.c.id.in_(part))))
    return found


def contents(tx: Transaction, version_ids: Iterable[str]) -> dict[str, Document]:
    """The kept contents of those that are known, by version id."""
    found: dict[str, Document] = {}
    for part in chunks(version_ids):
        rows = tx.conn.execute(select(file_version).where(file_version.c.id.in_(part)))
        found |= {row.id: json.loads(row.content) for row in rows}
    return found


def last_used(tx: Transaction, names: Iterable[str]) -> dict[str, str]:
    """The newest kept version of each file, by name."""
    query = select(file_version.c.name, file_version.c.id).where(file_version.c.name.in_(list(names)))
    return {row.name: row.id for row in tx.conn.execute(query.order_by(file_version.c.stored_at))}


def put_plan(tx: Transaction, entry: ReleasePlan) -> None:
    """Keeps what was planned, as of now."""
    row = {name: getattr(entry, name) for name in ReleasePlan.__slots__} | {"planned_at": tx.stamp}
    row |= {name: json.dumps(row[name], ensure_ascii=False) for name in ("versions", "outcome")}
    upsert(tx.conn, release_plan, [row])


def newest_plan(tx: Transaction, *, tenant: str, flow: str) -> ReleasePlan | None:
    """The flow's latest plan."""
    query = select(release_plan).filter_by(tenant=tenant, flow=flow)
    row = tx.conn.execute(query.order_by(release_plan.c.planned_at.desc()).limit(1)).mappings().first()
    if row is None:
        return None
    return ReleasePlan(
        **{**row, "versions": json.loads(row["versions"]), "outcome": json.loads(row["outcome"])}
    )


def newest(tx: Transaction, *, tenant: str, flow: str) -> Release | None:
    """The release that counts."""
    return next(iter(history(tx, tenant=tenant, flow=flow)), None)


def history(tx: Transaction, *, tenant: str, flow: str) -> list[Release]:
    """Every release of the flow, newest first."""
    query = select(release).filter_by(tenant=tenant, flow=flow).order_by(release.c.n.desc())
    rows = tx.conn.execute(query).mappings()
    return [Release(**{**row, "versions": json.loads(row["versions"])}) for row in rows]


def add(
    tx: Transaction,
    *,
    tenant: str,
    flow: str,
    versions: Mapping[str, str],
    plan_id: str | None,
    actor: str,
    note: str,
) -> Release:
    """The flow's next release."""
    before = newest(tx, tenant=tenant, flow=flow)
    made = Release(
        tenant, flow, before.n + 1 if before else 1, dict(versions), plan_id, tx.stamp, actor, note
    )
    row = {name: getattr(made, name) for name in Release.__slots__}
    tx.conn.execute(insert(release).values({**row, "versions": json.dumps(row["versions"])}))
    about = f"{tenant}/{flow}/{made.n}"
    tx.events.append(Event(WHOLE_LEDGER, about, "RELEASE_APPLIED", actor=actor, note=note))
    return made
