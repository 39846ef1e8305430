"""Whom a document is about, and what ties the ids of one person together.

    candidate    the HR system's id; its pseudonym is the person's
    application  brings the employee number where the HR system knows it
    employee     brings the number from the ERP: matched by the candidate's id that the ERP keeps, by a number that is known
                 already, or by an e-mail address or telephone that exactly one candidate has
    feedback     finds its person by the number

Of employees who never were candidates the crosswalk keeps number and addresses, sealed, for the day on which they apply;
nothing else of them is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trivet.ledger import people
from trivet.ledger.ledger import Transaction
from trivet.ledger.people import AMBIGUOUS, Consent, Identity
from trivet.mapping.inputs import FEEDBACK
from trivet.model import Document

EMPLOYEE_NUMBER = "employee_number"
"""The crosswalk system of the number by which ERPs know a person."""
CANDIDATE = "candidate"
EMAIL, PHONE = "email", "phone"
IDENTITY = "identity"
"""The stage of what is set aside because two facts name different people."""
EMPLOYEE = "employee"
__all__ = ["CANDIDATE", "EMPLOYEE", "EMPLOYEE_NUMBER", "FEEDBACK"]


@dataclass(frozen=True, slots=True)
class Clash:
    """Two facts that name different people."""

    code: str
    message: str


@dataclass(slots=True)
class Met:
    """What a directory's entry came to."""

    subject_ref: str
    ours: bool
    """A candidate's; of anybody else nothing but the crosswalk is kept."""
    identities: list[Identity] = field(default_factory=list)
    adopts: str | None = None
    """The pseudonym under which the employee was known before we knew that she is this candidate."""
    clash: Clash | None = None


def contacts(document: Document) -> Iterator[tuple[str, str]]:
    """System and identifier of the addresses in a candidate or employee document, written alike."""
    email = str(document.get("email") or "").strip().casefold()
    if "@" in email:
        yield EMAIL, email
    digits = "".join(filter(str.isdecimal, str(document.get("phone") or "")))
    # a Chinese mobile number stands with and without its country code
    digits = digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
    if len(digits) >= 7:
        yield PHONE, digits


def consents(subject_ref: str, document: Document) -> list[Consent]:
    """A consent document's words, one a purpose."""
    return [
        Consent(
            subject_ref,
            purpose["purpose"],
            purpose.get("granted_at"),
            purpose.get("withdrawn_at"),
            purpose.get("notice_version"),
        )
        for purpose in document["purposes"]
    ]


def meet(tx: Transaction, tenant: str, employees: Sequence[Document], source: str) -> list[Met]:
    """Who each entry of a directory is, in order."""
    numbers = people.subjects(tx, tenant, EMPLOYEE_NUMBER, {e["employee_number"] for e in employees})
    kept_ids = people.subjects(
        tx, tenant, CANDIDATE, {e["candidate_id"] for e in employees if e.get("candidate_id")}
    )
    addresses = [dict(contacts(entry)) for entry in employees]
    known = {
        system: people.subjects(tx, tenant, system, {a[system] for a in addresses if system in a})
        for system in (EMAIL, PHONE)
    }
    named = {*numbers.values(), *kept_ids.values(), *known[EMAIL].values(), *known[PHONE].values()}
    ours = people.having(tx, tenant, CANDIDATE, named)
    return [
        _met(
            tx,
            tenant,
            entry,
            source,
            numbers.get(entry["employee_number"]),
            kept_ids.get(entry.get("candidate_id", "")),
            {known[system][value] for system, value in there.items() if value in known[system]},
            ours,
        )
        for entry, there in zip(employees, addresses, strict=True)
    ]


def _met(
    tx: Transaction,
    tenant: str,
    entry: Document,
    source: str,
    by_number: str | None,
    by_id: str | None,
    by_contact: set[str],
    ours: set[str],
) -> Met:
    number = entry["employee_number"]
    certain = {found for found in (by_id, by_number) if found in ours}
    near = by_contact & ours
    if by_number == AMBIGUOUS:
        said = "a person took this number away from a candidate; `trivet crosswalk link` says whose it is"
        return Met(AMBIGUOUS, False, clash=Clash("IDENTITY_RELEASED", said) if certain or near else None)
    if len(certain) > 1:
        return Met(
            by_number or "", False, clash=Clash("IDENTITY_CONFLICT", "this number names another candidate")
        )
    unclear = not certain and (AMBIGUOUS in by_contact or len(near) > 1)
    chosen = next(iter(certain or (near if not unclear else ())), None)
    if chosen is not None:
        adopts = by_number if by_number != chosen else None
        return Met(chosen, True, [Identity(chosen, EMPLOYEE_NUMBER, number, source)], adopts)
    apart = by_number or people.pseudonym(tx, tenant, EMPLOYEE_NUMBER, number)
    identities = [Identity(apart, EMPLOYEE_NUMBER, number, source)]
    if unclear:
        said = "e-mail address or telephone belong to more than one candidate"
        return Met(apart, False, identities, clash=Clash("IDENTITY_AMBIGUOUS", said))
    return Met(apart, False, identities + [Identity(apart, *pair, source) for pair in contacts(entry)])


def by_number(tx: Transaction, tenant: str, documents: Sequence[Document]) -> Mapping[str, str]:
    """The candidates among the people of these feedback documents, by employee number."""
    found = people.subjects(tx, tenant, EMPLOYEE_NUMBER, {d["employee_number"] for d in documents})
    ours = people.having(tx, tenant, CANDIDATE, found.values())
    return {number: subject for number, subject in found.items() if subject in ours}
