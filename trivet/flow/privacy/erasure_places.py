"""Where something of a person is, and by which ids the person could come back."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from trivet.delivery.states import UNSENT
from trivet.flow.hub import Hub
from trivet.flow.identity import CANDIDATE, EMPLOYEE_NUMBER
from trivet.flow.report import FoundPerson
from trivet.flow.upkeep import KEYS_COPIED
from trivet.ledger import archive_file, documents, key_copies, mailings, people, recordings, scorings
from trivet.ledger.audit import WHOLE_LEDGER
from trivet.ledger.erasures import Place
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import event, operation, record
from trivet.ledger.tombstones import Name


def names_of(tx: Transaction, found: FoundPerson) -> Iterator[Name]:
    """Every id by which the person could come back."""
    yield "subject", found.subject_ref
    for entry in people.identities_of(tx, found.tenant, found.subject_ref):
        if entry.system == CANDIDATE:
            yield CANDIDATE, entry.identifier
            yield "subject", people.pseudonym(tx, found.tenant, CANDIDATE, entry.identifier)
        if entry.system == EMPLOYEE_NUMBER:
            yield EMPLOYEE_NUMBER, entry.identifier
    for named in documents.by_subject(tx, found.tenant, [found.subject_ref], "application"):
        yield "application", named.id
    theirs = (record.c.tenant == found.tenant) & (record.c.subject_ref == found.subject_ref)
    for record_id in tx.conn.scalars(select(record.c.id).where(theirs)):
        yield "record", record_id


def places_of(hub: Hub, tx: Transaction, found: FoundPerson) -> Iterator[Place]:
    """Every place at which something of the person is, and what is to be done there."""
    tenant, ref = found.tenant, found.subject_ref
    theirs = (operation.c.tenant == tenant) & (operation.c.subject_ref == ref)
    sent = select(operation.c.target, operation.c.id).where(theirs, operation.c.state.not_in(sorted(UNSENT)))
    by_target: dict[str, int] = {}
    for target, _ in tx.conn.execute(sent):
        by_target[target] = by_target.get(target, 0) + 1
    for target, number in sorted(by_target.items()):
        yield Place(f"target {target}", "due", f"take back what is left of {number} operations")
    yield Place("recordings", "due", f"{len(recordings.of_subject(tx, tenant, ref))} files to delete")
    assessments = documents.ids_of(tx, tenant, [ref], "assessment")
    yield Place("reports", "due", f"of {len(assessments)} assessments, files to delete")
    yield Place("ledger", "due", "every document, record, answer, id and address to delete")
    yield Place("archives", "due", f"{len(archive_file.files(hub.settings.archive))} files to go through")
    yield Place("keys", "due", "the person's key to erase: nothing that was copied before opens any more")
    for file in key_files(hub, tx):
        yield Place(f"backup {file}", "due", "the person's key to take out of this copy")
    letters = [
        entry for entry in mailings.of_reports(tx, tenant, assessments) if entry.state in ("sent", "unknown")
    ]
    if letters:
        when = ", ".join(sorted({entry.changed_at[:10] for entry in letters}))
        yield Place(
            "letters",
            "listed",
            f"{len(letters)} were sent ({when}) and cannot be called back: tell those who have them",
        )
    for scorer in sorted({entry.scorer for entry in scorings.of_people(tx, tenant, [ref])}):
        yield Place(
            f"scorer {scorer}", "listed", "heard or read the interview: its own terms say what it keeps"
        )
    systems = (
        select(record.c.connection).where(record.c.tenant == tenant, record.c.subject_ref == ref).distinct()
    )
    for system in sorted(tx.conn.scalars(systems)):
        yield Place(
            f"source {system}", "listed", "holds the original record: it is erased there by those who own it"
        )


def key_files(hub: Hub, tx: Transaction) -> list[Path]:
    """Every file that ever got a copy of people's keys, as far as this ledger knows."""
    noted = select(event.c.note).where(event.c.chain == WHOLE_LEDGER, event.c.code == KEYS_COPIED)
    beside = hub.settings.state.glob(f"*{key_copies.SUFFIX}")
    named = {Path(note) for note in tx.conn.scalars(noted)} | set(beside)
    return sorted(file for file in named if file.name != "ledger.keys")
