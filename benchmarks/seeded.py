"""A ledger as after months of nights, written by the ledger's own stores: people, scores, deliveries, trouble, audit events."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trivet.documents.canonical import fingerprint
from trivet.flow.identity import CANDIDATE, EMPLOYEE_NUMBER
from trivet.ledger import Ledger, batches, cases, contents, documents, operations, people, records, set_asides
from trivet.ledger.audit import Event
from trivet.ledger.batches import Batch
from trivet.ledger.cases import NewCase
from trivet.ledger.contents import Contents
from trivet.ledger.documents import NewDocument
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.people import Identity
from trivet.ledger.set_asides import SetAside
from trivet.model import Document, Record

TENANT, FLOW, SOURCE = "yunxiu", "nightly_interviews", "feishu_hire"
TARGETS = ("successfactors", "kingdee_cloud", "feishu_hire")
ENTITIES = ("training_recommendation", "performance_focus", "kpi_weight", "talent_pool_entry")
COMPETENCIES = ("communication", "teamwork", "learning_ability", "leadership")
NAMES = (
    "王芳",
    "李雷",
    "Mary O'Neil",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "张伟",
    "José Núñez",
)
_REFUSED = (
    "FIELD_REQUIRED",
    "manager",
    "the field is required; =cmd|' /C calc'!A0 <script>alert('x')</script>",
)


class Clock:
    """The time, which the seeding sets."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """That time."""
        return self.at


@dataclass(frozen=True, slots=True)
class Size:
    """How much to write."""

    people: int
    deliveries: int
    nights: int


def seed(ledger: Ledger, clock: Clock, size: Size) -> None:
    """Fills the ledger; the clock ends at the present, some minutes after the last night."""
    chance = random.Random(1)
    end = datetime.now(UTC).replace(microsecond=0)
    each, theirs = size.deliveries // size.nights, max(1, size.people // size.nights)
    for night in range(size.nights):
        clock.at = end - timedelta(days=size.nights - 1 - night, minutes=40)
        with ledger.begin() as tx:
            batch, _ = batches.open_or_resume(
                tx, tenant=TENANT, flow=FLOW, run_key=f"scheduled__{tx.now:%Y-%m-%dT%H:%M:%S}+00:00",
                environment="sandbox",
            )  # fmt: skip
        first = night * theirs
        with ledger.begin() as tx:
            refs = _people(tx, batch, range(first, min(first + theirs, size.people)), chance)
        last = night == size.nights - 1
        for start in range(0, each, 5_000):
            with ledger.begin() as tx:
                _deliveries(tx, batch, refs, range(start, min(start + 5_000, each)), chance, trouble=last)
        clock.at += timedelta(minutes=12 + chance.random() * 6)
        with ledger.begin() as tx:
            batches.count(
                tx, batch.id, records=theirs * 4, recordings=theirs, scored=theirs,
                audio_ms=theirs * chance.randint(900_000, 1_500_000), cost_micro=theirs * chance.randint(80_000, 140_000),
            )  # fmt: skip
            batches.set_state(tx, batch, "stuck" if last else "confirmed")
            batches.close(tx, batch.id)
    clock.at = end


def _people(tx: Transaction, batch: Batch, numbers: Sequence[int], chance: random.Random) -> list[str]:
    refs = [people.pseudonym(tx, TENANT, CANDIDATE, f"{SOURCE}/{1_000_000 + n}") for n in numbers]
    ids, kept, pulled = [], [], []
    for n, ref in zip(numbers, refs, strict=True):
        ids.append(Identity(ref, CANDIDATE, f"{SOURCE}/{1_000_000 + n}", SOURCE))
        ids.append(Identity(ref, EMPLOYEE_NUMBER, f"E{100_000 + n}", "successfactors"))
        pulled.append(
            Record(f"{1_000_000 + n}", "1", {"id": f"{1_000_000 + n}", "name": NAMES[n % len(NAMES)]})
        )
        kept += [
            NewDocument(kind, document["id"], document, fingerprint(document), ref, "feishu_hire/candidate@1#seeded")
            for kind, document in _documents(n, chance)
        ]  # fmt: skip
    people.put_identities(tx, TENANT, ids, CANDIDATE)
    read = records.fresh(tx, batch, SOURCE, "talents", pulled).records
    owned = zip(read, refs, strict=True)
    records.keep(tx, batch, [one._replace(state="translated", subject_ref=ref) for one, ref in owned])
    documents.put_many(tx, batch, kept)
    return refs


def _documents(n: int, chance: random.Random) -> Iterator[tuple[str, Document]]:
    interview, application = f"{SOURCE}/i{n}", f"{SOURCE}/a{n}"
    yield "candidate", {"id": f"{SOURCE}/{1_000_000 + n}", "name": NAMES[n % len(NAMES)]}
    scores = [
        {"competency": name, "score": float(chance.randint(1, 5)), "confidence": 0.8, "evidence": []}
        for name in COMPETENCIES
    ]
    moved = [{**one, "score": _near(one["score"], chance)} for one in scores]
    yield (
        "assessment",
        {
            "id": f"{interview}/assessment", "interview_id": interview, "application_id": application,
            "requisition_id": f"{SOURCE}/r1", "scored_at": "2026-01-01T00:00:00Z", "competency_scores": scores,
            "insufficient_evidence": [], "term_counts": [],
            "provenance": [{"scorer": "behaviour_baseline", "version": "1"}],
        },
    )  # fmt: skip
    if n % 10 == 0:
        yield (
            "judgement",
            {
                "id": f"{interview}/judgement", "interview_id": interview, "given_at": "2026-01-02T00:00:00Z",
                "competency_scores": moved,
            },
        )  # fmt: skip


def _near(score: object, chance: random.Random) -> float:
    """What an interviewer says where the AI says this."""
    return min(5.0, max(1.0, float(str(score)) + chance.choice((-1, 0, 0, 1))))


def _deliveries(
    tx: Transaction,
    batch: Batch,
    refs: Sequence[str],
    numbers: Sequence[int],
    chance: random.Random,
    *,
    trouble: bool,
) -> None:
    rows, inside, opened = [], {}, []
    first = int(tx.now.timestamp() * 1_000_000)
    for n in numbers:
        row = _operation(tx, batch, refs[n % len(refs)], n, first + n, _state(n, trouble=trouble))
        rows.append(row)
        inside[row.id] = Contents(
            {"id": row.reference, "note": "x" * 80}, {"kind": row.entity, "reason": "seeded"}
        )
        tx.events += [
            Event(batch.id, row.id, "PLANNED", None, "planned"),
            Event(batch.id, row.id, "SENT", "planned", "intent"),
            Event(batch.id, row.id, row.error_code or "CONFIRMED", "intent", row.state),
        ]
        if row.state == "stuck":
            message = f"{row.target} {row.entity}: changed by hand since <script>alert('x')</script>"
            opened.append(NewCase(TENANT, "CONFLICT", message, batch.id, row.id, row.target, row.subject_ref))
    operations.add_many(tx, rows)
    contents.add_many(tx, inside, {}, {row.id: row.subject_ref for row in rows})
    cases.open_many(tx, opened)
    if numbers and trouble:
        aside = [
            SetAside("score", "interview", f"{SOURCE}/i{n}", "RECORDING_NOT_YET", "the recording is not there", subject_ref=ref)
            for n, ref in enumerate(refs[: chance.randint(3, 9)])
        ]  # fmt: skip
        set_asides.add_many(tx, batch, aside)


def _state(n: int, *, trouble: bool) -> str:
    if not trouble:
        return "confirmed"
    for every, state in ((97, "stuck"), (41, "rejected"), (29, "waiting_identity"), (211, "unknown")):
        if n % every == 3:
            return state
    return "confirmed"


def _operation(tx: Transaction, batch: Batch, ref: str, n: int, seq: int, state: str) -> StoredOperation:
    reference = f"{batch.id[:8]}{batch.id[-4:]}{n:07d}"
    wrong = state in ("rejected", "stuck")
    code, where, text = _REFUSED if wrong else (None, None, None)
    sent = None if state == "waiting_identity" else tx.stamp
    return StoredOperation(
        id=operations.operation_id(reference, 1), batch_id=batch.id, planned_in=batch.id, tenant=TENANT,
        target=TARGETS[n % len(TARGETS)], entity=ENTITIES[n % len(ENTITIES)], kind="create", reference=reference, revision=1,
        key=f"key-{reference}", subject_ref=ref, scope=f"{SOURCE}/{ref}", position=0, seq=seq, independent=False, adopted=False,
        state=state, stuck_from="confirmed" if state == "stuck" else None, fingerprint=reference,
        mapping_version="successfactors/training_recommendation@1#seeded", remote_id=f"R{n}" if state == "confirmed" else None,
        ticket=None, attempts=1 if sent else 0, failures=0, due_at=None, sent_at=sent,
        verified_at=sent if state == "confirmed" else None, undo_reason=None, error_code=code, error_field=where,
        error_text=text, created_at=tx.stamp, updated_at=tx.stamp,
    )  # fmt: skip
