"""Answers for people about batches, deliveries and persons, as plain rows that CLI, pages and demo print."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from trivet.delivery import report as delivered
from trivet.delivery.states import FLYING, TAKING_BACK
from trivet.errors import LedgerError
from trivet.flow import drift
from trivet.flow.hub import Hub
from trivet.flow.identity import CANDIDATE, EMPLOYEE_NUMBER
from trivet.ledger import archive_file, documents, operations, people, records, shapes
from trivet.ledger import batches as batch_store
from trivet.ledger import set_asides as aside_store
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import crosswalk, cursor, operation, record

Row = dict[str, Any]
_WORDS = {
    "confirmed": "delivered",
    "waiting_identity": "waiting",
    "planned": "planned",
    "rejected": "refused",
    "stuck": "stuck",
    "cancelled": "cancelled",
    "compensated": "taken_back",
    "written_off": "written_off",
}
_OPEN = ("refused", "stuck", "unknown")
"""What a person should look at, or what is still in the air."""


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """One person, found by any of their ids."""

    tenant: str
    subject_ref: str


def progress(hub: Hub, batch_id: str) -> Row:
    """How far a running batch is: records, recordings, seconds of audio, interviews scored, operations by word."""
    with hub.ledger.read() as tx:
        counters = batch_store.get(tx, batch_id).counters
        tally = operations.tally(tx, operation.c.batch_id == batch_id)
    return {
        "records": counters.get("records", 0),
        "recordings": counters.get("recordings", 0),
        "audio_seconds": counters.get("audio_ms", 0) / 1000,
        "scored": counters.get("scored", 0),
        "operations": _by_word({state: n for (_, state), n in tally.items()}),
    }


def summary(hub: Hub, batch_id: str) -> Row:
    """What a batch came to, per system, with what was set aside; `problems` counts what a person should look at."""
    with hub.ledger.read() as tx:
        said = delivered.batch_summary(tx, batch_id)
        noticed = shapes.noticed(tx, batch_id=batch_id)
    systems = [{"system": target, **_by_word(tally)} for target, tally in said.deliveries.items()]
    refused = [
        {
            "system": entry.target,
            "entity": entry.entity,
            "reference": entry.reference,
            "code": entry.error_code,
            "field": entry.error_field,
            "message": entry.error_text,
        }
        for entry in said.refused
    ]
    open_ones = sum(_by_word(tally).get(word, 0) for tally in said.deliveries.values() for word in _OPEN)
    return {
        "batch": batch_id,
        "state": said.batch.state,
        "systems": systems,
        "set_aside": [_aside(entry) for entry in said.set_asides],
        "refused": refused,
        "cases": [asdict(case) for case in said.cases],
        "drift": drift.shown(noticed),
        "left_work": said.batch.left_work,
        "problems": open_ones + len(said.set_asides) + len(said.cases) + said.batch.left_work,
    }


def batches(hub: Hub, limit: int) -> list[Row]:
    """The newest batches with their operations by word and the number of items set aside."""
    rows = []
    with hub.ledger.read() as tx:
        for batch in batch_store.recent(tx, limit=limit):
            tally = operations.tally(tx, operation.c.batch_id == batch.id)
            words: Counter[str] = Counter()
            for (_, state), n in tally.items():
                words.update(_by_word({state: n}))
            aside = aside_store.find(tx, batch_id=batch.id)
            rows.append(
                {
                    "batch": batch.id,
                    "flow": batch.flow,
                    "kind": batch.kind,
                    "state": batch.state,
                    "opened_at": batch.opened_at,
                    "closed_at": batch.closed_at,
                    "operations": dict(words),
                    "set_aside": len(aside),
                    "left_work": batch.left_work,
                }
            )
    return rows


def set_asides(hub: Hub, batch_id: str) -> list[Row]:
    """What the batch set aside and is not resolved."""
    with hub.ledger.read() as tx:
        return [_aside(entry) for entry in aside_store.find(tx, batch_id=batch_id)]


def open_set_asides(hub: Hub) -> list[Row]:
    """Everything that is set aside and not resolved, of all batches."""
    with hub.ledger.read() as tx:
        return [_aside(entry) for entry in aside_store.find(tx)]


def deliveries(
    hub: Hub,
    *,
    state: str | None = None,
    target: str | None = None,
    batch_id: str | None = None,
    limit: int = 100,
) -> list[Row]:
    """Operations, last changed first."""
    with hub.ledger.read() as tx:
        found = delivered.deliveries(tx, state=state, target=target, batch_id=batch_id, limit=limit)
    return [entry._asdict() for entry in found]


def person(hub: Hub, who: str) -> Row:
    """Everything known and sent about one person, in order; this opens sealed personal data."""
    with hub.ledger.read() as tx, archive_file.transactions(hub.ledger, hub.settings.archive) as older:
        found = find_person(tx, who)
        happenings = delivered.person(tx, found.tenant, found.subject_ref, older)
        ids = people.identities_of(tx, found.tenant, found.subject_ref)
        candidates = documents.by_subject(tx, found.tenant, [found.subject_ref], "candidate")
    return {
        "subject_ref": found.subject_ref,
        "candidate_id": candidates[0].id if candidates else None,
        "name": candidates[0].document["name"] if candidates else "(erased)",
        "identities": [{"system": i.system, "identifier": i.identifier} for i in ids],
        "timeline": [_line(asdict(entry)) for entry in happenings],
    }


def find_person(tx: Transaction, who: str) -> FoundPerson:
    """The person of that pseudonym, candidate id, HR system's id or employee number; `LedgerError` PERSON_UNKNOWN."""
    for found in people_called(tx, who):
        return found
    raise LedgerError(
        f"neither a batch nor a person is known as {who!r}",
        code="PERSON_UNKNOWN",
        cure="use a batch id (`trivet status`), the candidate's id in the HR system, or an employee number",
    )


def people_called(tx: Transaction, who: str, *, ids: bool = True) -> Iterator[FoundPerson]:
    """The people whom the text may mean: by pseudonym, and by `ids` of systems, of which none is opened."""
    meant = select(crosswalk.c.tenant).where(crosswalk.c.subject_ref == who).distinct()
    yield from (FoundPerson(tenant, who) for tenant in tx.conn.scalars(meant).all() if who)
    if not ids:
        return
    for tenant in tx.conn.scalars(select(crosswalk.c.tenant).distinct()).all():
        for system in (EMPLOYEE_NUMBER, CANDIDATE):
            ref = people.subjects(tx, tenant, system, [who]).get(who)
            yield from [FoundPerson(tenant, ref)] if ref else []
    # what a vendor calls her, or something of hers: the streams that were ever pulled are few
    streams = tx.conn.execute(select(cursor.c.tenant, cursor.c.connection, cursor.c.stream).distinct()).all()
    named = {records.record_id(tenant, connection, stream, who) for tenant, connection, stream in streams}
    told = select(record.c.tenant, record.c.subject_ref).where(
        record.c.id.in_(named), record.c.subject_ref.is_not(None)
    )
    yield from (FoundPerson(row.tenant, row.subject_ref) for row in tx.conn.execute(told).all())


def _by_word(tally: Mapping[str, int]) -> dict[str, int]:
    words: Counter[str] = Counter()
    for state, n in tally.items():
        if state == "superseded":
            continue
        word = "unknown" if state in FLYING | TAKING_BACK else _WORDS.get(state, state)
        words[word] += n
    return dict(words)


def _aside(entry: aside_store.SetAside) -> Row:
    return {
        "stage": entry.stage,
        "code": entry.code,
        "place": entry.place,
        "pointer": entry.pointer,
        "message": entry.message,
        "subject_ref": entry.subject_ref,
    }


def _line(entry: Row) -> Row:
    detail = entry["detail"]
    said = {
        "operation": f"{detail.get('target', '')} {detail.get('entity', '')} {detail.get('kind', '')}",
        "set_aside": f"{detail.get('place', '')}: {detail.get('message', '')}",
    }.get(entry["what"], "")
    decision = detail.get("decision") or {}
    return {
        "at": entry["at"],
        "what": entry["what"],
        "about": f"{entry['state']} {entry['code']}".strip(),
        "detail": " ".join([said or entry["about"], decision.get("reason", "")]).strip(),
        "full": detail,
    }
