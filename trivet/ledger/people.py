"""People by pseudonym: who consented to what, and the crosswalk between the ids that systems give them.

Identifiers are sealed; a keyed hash finds them.
"""

from base64 import b32encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import BindParameter, ColumnElement, bindparam, delete, literal_column, select, update

from trivet.ledger import subject_keys
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.bulk import rows_in, run_in, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import (
    assessment_order,
    case,
    consent,
    crosswalk,
    decision_input,
    document,
    mailing,
    operation,
    record,
    recording,
    scoring,
    set_aside,
)

_ABOUT = (
    assessment_order, case, crosswalk, decision_input, document, mailing, operation, record, recording, scoring,
    set_aside,
)  # fmt: skip
"""Tables whose rows are about a person; consent is apart, for it is the person's own word."""
AMBIGUOUS = ""
"""In place of a pseudonym: the identifier names nobody, since several people have it, or a person said so."""
SAID_BY = "person:"
"""Begins the source of what a person corrected; no system says anything else of it afterwards."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's word on one purpose."""

    subject_ref: str
    purpose: str
    granted_at: str | None
    withdrawn_at: str | None = None
    notice_version: str | None = None


class Identity(NamedTuple):
    """How one system calls a person."""

    subject_ref: str
    system: str
    identifier: str
    source: str
    """Who says so: a connection or a person's name."""


_OF_PEOPLE: BindParameter[str] = bindparam("ids", expanding=True)
_GRANTED = select(
    consent.c.subject_ref, consent.c.purpose, consent.c.granted_at, consent.c.notice_version
).where(
    consent.c.tenant == bindparam("tenant_"),
    consent.c.granted_at.is_not(None),
    consent.c.withdrawn_at.is_(None),
    consent.c.subject_ref.in_(_OF_PEOPLE),
)
_ALLOWED = _GRANTED.where(consent.c.purpose == bindparam("purpose_")).with_only_columns(consent.c.subject_ref)
# the hash alone would do, but tenant and system lead the key: without them every row is looked at
_HASHED = (
    (crosswalk.c.tenant == bindparam("tenant_"))
    & (crosswalk.c.system == bindparam("system_"))
    & crosswalk.c.identifier_hash.in_(bindparam("ids", expanding=True))
)
_OWNERS = select(crosswalk.c.identifier_hash, crosswalk.c.subject_ref).where(_HASHED)
_NOBODY = update(crosswalk).where(_HASHED).values(subject_ref=AMBIGUOUS)
_IN_SYSTEM = select(crosswalk.c.subject_ref).where(
    crosswalk.c.tenant == bindparam("tenant_"),
    crosswalk.c.system == bindparam("system_"),
    crosswalk.c.subject_ref.in_(_OF_PEOPLE),
)
_SAID_LAST: ColumnElement[int] = literal_column(
    f"CASE WHEN substr(crosswalk.source, 1, {len(SAID_BY)}) = '{SAID_BY}' THEN 1 ELSE 0 END"
)
"""What a person said counts before what any system says."""
_SEALED = _IN_SYSTEM.with_only_columns(
    crosswalk.c.subject_ref, crosswalk.c.identifier_hash, crosswalk.c.identifier_enc
).order_by(_SAID_LAST, crosswalk.c.since)


def pseudonym(tx: Transaction, tenant: str, system: str, identifier: str) -> str:
    """The person's pseudonym, derived from the id in the leading system; the same every time, opaque without the key."""
    digest = bytes.fromhex(tx.blind("subject", tenant, system, identifier))
    return "p" + b32encode(digest[:15]).decode()[:20].lower()


def put_consents(tx: Transaction, tenant: str, words: Mapping[str, Sequence[Consent]]) -> None:
    """Stores each person's whole word; a purpose that it does not name any more is withdrawn now."""
    said = {(entry.subject_ref, entry.purpose): entry for word in words.values() for entry in word}
    for subject_ref, purpose, granted_at, version in rows_in(tx.conn, _GRANTED, words, {"tenant_": tenant}):
        ended = Consent(subject_ref, purpose, granted_at, tx.stamp, version)
        said.setdefault((subject_ref, purpose), ended)
    rows = [
        {
            "tenant": tenant,
            "subject_ref": entry.subject_ref,
            "purpose": entry.purpose,
            "granted_at": entry.granted_at,
            "withdrawn_at": entry.withdrawn_at,
            "notice_version": entry.notice_version,
        }
        for entry in said.values()
    ]
    upsert(tx.conn, consent, rows)


def allowed(tx: Transaction, tenant: str, subject_refs: Iterable[str], purpose: str) -> set[str]:
    """Those of the people who granted the purpose and have not withdrawn; silence is no consent."""
    given = {"tenant_": tenant, "purpose_": purpose}
    return {row[0] for row in rows_in(tx.conn, _ALLOWED, subject_refs, given)}


def withdrawn_in(tx: Transaction, tenant: str, batch_id: str) -> dict[str, set[str]]:
    """The purposes that people took back, of those about whose consents the batch brought word."""
    told = select(document.c.subject_ref).where(
        document.c.changed_batch == batch_id, document.c.kind == "consent", document.c.tenant == tenant
    )
    query = select(consent.c.subject_ref, consent.c.purpose).where(
        consent.c.tenant == tenant, consent.c.withdrawn_at.is_not(None), consent.c.subject_ref.in_(told)
    )
    found: dict[str, set[str]] = {}
    for subject_ref, purpose in tx.conn.execute(query):
        found.setdefault(subject_ref, set()).add(purpose)
    return found


def consents_of(tx: Transaction, tenant: str, subject_ref: str) -> list[Consent]:
    """Every word of the person."""
    query = select(consent).filter_by(tenant=tenant, subject_ref=subject_ref).order_by(consent.c.purpose)
    rows = tx.conn.execute(query).mappings()
    return [Consent(**{name: row[name] for name in Consent.__slots__}) for row in rows]


def put_identities(
    tx: Transaction, tenant: str, identities: Sequence[Identity], leading: str
) -> list[Identity]:
    """Stores who is who; those whose identifier already names another candidate are not stored but returned.

    A candidate is who has an id in the system `leading`; an employee of that identifier becomes the candidate.
    """
    by_hash = {tx.blind("id", tenant, entry.system, entry.identifier): entry for entry in identities}
    return [by_hash[key] for key, _ in _put(tx, tenant, by_hash, leading)]


def put_contacts(tx: Transaction, tenant: str, identities: Sequence[Identity], leading: str) -> None:
    """Stores candidates' addresses; one that two candidates have names nobody from now on."""
    by_hash: dict[str, Identity] = {}
    for entry in identities:
        key = tx.blind("id", tenant, entry.system, entry.identifier)
        if by_hash.setdefault(key, entry).subject_ref != entry.subject_ref:
            by_hash[key] = entry._replace(subject_ref=AMBIGUOUS)
    shared = {key: by_hash[key] for key, _ in _put(tx, tenant, by_hash, leading)}
    for system, keys in _by_system(shared).items():
        run_in(tx.conn, _NOBODY, keys, {"tenant_": tenant, "system_": system})


def _put(
    tx: Transaction, tenant: str, by_hash: Mapping[str, Identity], leading: str
) -> list[tuple[str, str]]:
    """Hash and owner of those identifiers that belong to another candidate."""
    taken: dict[str, str] = {}
    for system, keys in _by_system(by_hash).items():
        taken |= rows_in(tx.conn, _OWNERS, keys, {"tenant_": tenant, "system_": system})
    fresh = {key: entry for key, entry in by_hash.items() if key not in taken}
    tx.prepare(entry.subject_ref for entry in fresh.values())
    rows = [
        {
            "tenant": tenant,
            "system": entry.system,
            "identifier_hash": key,
            "identifier_enc": tx.seal_bytes(entry.identifier.encode(), _place(key), entry.subject_ref),
            "subject_ref": entry.subject_ref,
            "source": entry.source,
            "since": tx.stamp,
        }
        for key, entry in fresh.items()
    ]
    upsert(tx.conn, crosswalk, rows, keep=True)
    others = {
        key: owner for key, owner in taken.items() if owner not in (AMBIGUOUS, by_hash[key].subject_ref)
    }
    candidates = having(tx, tenant, leading, others.values())
    for key, owner in others.items():
        if owner not in candidates and by_hash[key].subject_ref != AMBIGUOUS:
            adopt(tx, tenant, owner, by_hash[key].subject_ref)
    return [(key, owner) for key, owner in others.items() if owner in candidates]


def link(
    tx: Transaction, tenant: str, subject_ref: str, system: str, identifier: str, *, by: str, why: str
) -> None:
    """The identifier is this person's, because somebody said so; whose it was before does not matter."""
    _say(tx, tenant, subject_ref, system, identifier, by)
    tx.events.append(Event(WHOLE_LEDGER, subject_ref, "IDENTITY_LINKED", actor=by, note=f"{system}: {why}"))


def release(tx: Transaction, tenant: str, system: str, identifier: str, *, by: str, why: str) -> None:
    """The identifier is nobody's, because somebody said so, until somebody says whose it is."""
    owner = subjects(tx, tenant, system, [identifier]).get(identifier, AMBIGUOUS)
    _say(tx, tenant, AMBIGUOUS, system, identifier, by)
    tx.events.append(Event(WHOLE_LEDGER, owner, "IDENTITY_RELEASED", actor=by, note=f"{system}: {why}"))


def _say(tx: Transaction, tenant: str, subject_ref: str, system: str, identifier: str, by: str) -> None:
    key = tx.blind("id", tenant, system, identifier)
    row = {
        "tenant": tenant,
        "system": system,
        "identifier_hash": key,
        "identifier_enc": tx.seal_bytes(identifier.encode(), _place(key), subject_ref),
        "subject_ref": subject_ref,
        "source": f"{SAID_BY}{by}",
        "since": tx.stamp,
    }
    upsert(tx.conn, crosswalk, [row])


def _by_system(by_hash: Mapping[str, Identity]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key, entry in by_hash.items():
        found[entry.system].append(key)
    return found


def adopt(tx: Transaction, tenant: str, employee: str, candidate: str) -> None:
    """Every id of the employee is the candidate's from now on."""
    ours = (crosswalk.c.tenant == tenant) & (crosswalk.c.subject_ref == employee)
    tx.conn.execute(update(crosswalk).where(ours).values(subject_ref=candidate))
    subject_keys.change_owner(tx.conn, employee, candidate)


def merge(tx: Transaction, tenant: str, goes: str, stays: str) -> None:
    """Two records were one person: all that is known of `goes` is known of `stays`, whose own word on consent counts."""
    for table in _ABOUT:
        theirs = (table.c.tenant == tenant) & (table.c.subject_ref == goes)
        tx.conn.execute(update(table).where(theirs).values(subject_ref=stays))
    tx.conn.execute(delete(consent).filter_by(tenant=tenant, subject_ref=goes))
    subject_keys.change_owner(tx.conn, goes, stays)
    tx.events.append(Event(WHOLE_LEDGER, stays, "PERSON_MERGED", note=goes))


def leave(tx: Transaction, tenant: str, subject_ref: str, contacts: Sequence[str], why: str) -> None:
    """The person's record is no more: every consent ends now, and addresses (the systems `contacts`) name nobody."""
    ours = {"tenant": tenant, "subject_ref": subject_ref}
    ends = update(consent).filter_by(**ours).where(consent.c.withdrawn_at.is_(None))
    tx.conn.execute(ends.values(withdrawn_at=tx.stamp))
    tx.conn.execute(delete(crosswalk).filter_by(**ours).where(crosswalk.c.system.in_(contacts)))
    tx.events.append(Event(WHOLE_LEDGER, subject_ref, "PERSON_GONE", note=why))


def having(tx: Transaction, tenant: str, system: str, subject_refs: Iterable[str]) -> set[str]:
    """Those of the people who have an id in the system."""
    given = {"tenant_": tenant, "system_": system}
    return {row[0] for row in rows_in(tx.conn, _IN_SYSTEM, set(subject_refs), given)}


def awaited(tx: Transaction, tenant: str, system: str) -> set[str]:
    """People of whom something waits for an identifier in the system, and who have one by now."""
    ours = (operation.c.tenant == tenant) & (operation.c.state == "waiting_identity")
    named = crosswalk.c.subject_ref == operation.c.subject_ref
    query = select(operation.c.subject_ref).join(crosswalk, named & (crosswalk.c.tenant == tenant))
    return set(tx.conn.scalars(query.where(ours, crosswalk.c.system == system).distinct()))


def identifiers(tx: Transaction, tenant: str, system: str, subject_refs: Iterable[str]) -> dict[str, str]:
    """The newest identifier in the system of those people who have one, by pseudonym; one that a person said before any
    other."""
    found: dict[str, str] = {}
    given = {"tenant_": tenant, "system_": system}
    rows = rows_in(tx.conn, _SEALED, subject_refs, given)
    for subject_ref, key, sealed in tx.opening(rows, 2):
        found[subject_ref] = tx.unseal_bytes(sealed, _place(key)).decode()
    return found


def subjects(tx: Transaction, tenant: str, system: str, names: Iterable[str]) -> dict[str, str]:
    """The pseudonyms of those identifiers that are known, by identifier."""
    by_hash = {tx.blind("id", tenant, system, name): name for name in names}
    given = {"tenant_": tenant, "system_": system}
    return {by_hash[key]: owner for key, owner in rows_in(tx.conn, _OWNERS, by_hash, given)}


def identities_of(tx: Transaction, tenant: str, subject_ref: str) -> list[Identity]:
    """Every id of the person, opened."""
    query = select(crosswalk).filter_by(tenant=tenant, subject_ref=subject_ref).order_by(crosswalk.c.system)
    return [
        Identity(
            subject_ref,
            row.system,
            tx.unseal_bytes(row.identifier_enc, _place(row.identifier_hash)).decode(),
            row.source,
        )
        for row in tx.conn.execute(query)
    ]


def _place(identifier_hash: str) -> str:
    return f"crosswalk|identifier_enc|{identifier_hash}"
