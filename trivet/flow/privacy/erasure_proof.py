"""The document that proves an erasure: what was done at which place, signed by the audit chain."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select

from trivet.flow.hub import Hub
from trivet.flow.report import FoundPerson
from trivet.ledger import erasures
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.tables import chain, event

Row = dict[str, Any]
STARTED, DONE = "ERASURE_STARTED", "ERASED"


def proof_of(hub: Hub, found: FoundPerson) -> Row:
    """The document that proves it, signed by the audit chain: the event that ends the erasure holds its hash."""
    with hub.ledger.read() as tx:
        about = select(event).where(event.c.chain == WHOLE_LEDGER, event.c.about == found.subject_ref)
        happened = list(tx.conn.execute(about.order_by(event.c.n)))
        started = [row for row in happened if row.code == STARTED][-1]
        file = hub.settings.state / "erasures" / f"{found.subject_ref}-{started.n}.json"
        if file.exists():
            return {"state": "erased", "proof": str(file), **json.loads(file.read_text(encoding="utf-8"))}
        body: Row = {
            "format": "trivet/erasure-proof/v1",
            "subject_ref": found.subject_ref,
            "tenant": found.tenant,
            "asked_by": started.actor,
            "reason": started.note,
            "started_at": started.at,
            "ended_at": tx.stamp,
            "places": [asdict(entry) for entry in erasures.places(tx, found.subject_ref)],
        }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    with hub.ledger.begin() as tx:
        tx.events.append(Event(WHOLE_LEDGER, found.subject_ref, DONE, note=digest))
    with hub.ledger.read() as tx:
        head = tx.conn.execute(select(chain).where(chain.c.id == WHOLE_LEDGER)).one()
    proof = {**body, "sha256": digest, "chain": {"id": head.id, "n": head.n, "mac": head.mac}}
    file.parent.mkdir(mode=0o700, exist_ok=True)
    # the one that is looked for comes last, and whole
    _write(file.with_suffix(".txt"), _text(proof))
    _write(file, json.dumps(proof, ensure_ascii=False, indent=2))
    return {"state": "erased", "proof": str(file), **proof}


def _write(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text + "\n")
    draft.replace(file)


def _text(proof: Row) -> str:
    lines = [
        "删除证明 / Proof of erasure",
        f"{proof['subject_ref']}  {proof['started_at']} – {proof['ended_at']}",
        f"申请人 / asked by: {proof['asked_by']}; 原因 / reason: {proof['reason']}",
        "",
        *(f"[{place['state']:9}] {place['place']}: {place['detail']}" for place in proof["places"]),
        "",
        f"sha256 {proof['sha256']}",
        f"审计链 / audit chain {proof['chain']['id']} {proof['chain']['n']} {proof['chain']['mac']}",
    ]
    return "\n".join(lines)
