"""A person corrects who is who: which employee number is a candidate's.

What was delivered under a wrong number is taken back before the link changes, and the next night delivers it under the right
one. What a person said outlives whatever systems say of that number afterwards.
"""

from dataclasses import dataclass
from typing import Any, Literal

from trivet.errors import LedgerError
from trivet.flow import undoing
from trivet.flow.hub import Hub
from trivet.flow.identity import CANDIDATE, EMPLOYEE_NUMBER, IDENTITY
from trivet.flow.report import FoundPerson, find_person
from trivet.ledger import documents, people, set_asides

Row = dict[str, Any]
Verb = Literal["link", "unlink"]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person wants of the crosswalk, and who answers for it."""

    who: str
    """Pseudonym, candidate id, the HR system's id, or employee number."""
    number: str
    actor: str
    reason: str
    approved_by: str | None = None
    """The second person, where a production system is touched."""
    keep: bool = False
    """What was delivered stays; the next run changes it as far as the target allows."""


def show(hub: Hub, who: str) -> list[Row]:
    """Every id of the person, with who says so and since when."""
    with hub.ledger.read() as tx:
        found = find_person(tx, who)
        return [
            {"subject_ref": found.subject_ref, "system": entry.system, "identifier": entry.identifier, "source": entry.source}
            for entry in people.identities_of(tx, found.tenant, found.subject_ref)
        ]  # fmt: skip


def link(hub: Hub, said: Correction) -> list[Row]:
    """The number is the candidate's, and every other one that she had is nobody's; what became of what was delivered.

    `LedgerError` IDENTITY_TAKEN where the number is another candidate's, ROLLBACK_INCOMPLETE where something could not be
    taken back: then the link is as it was.
    """
    found, numbers = _linkable(hub, said)
    if numbers == {said.number}:
        return []
    undone = _taken_back(hub, found, said)
    with hub.ledger.begin() as tx:
        for number in numbers - {said.number}:
            people.release(tx, found.tenant, EMPLOYEE_NUMBER, number, by=said.actor, why=said.reason)
        people.link(
            tx, found.tenant, found.subject_ref, EMPLOYEE_NUMBER, said.number, by=said.actor, why=said.reason
        )
        _look_again(tx, found)
    return undone


def possible(hub: Hub, verb: Verb, said: Correction) -> FoundPerson:
    """Whom it would be about; the `LedgerError` of `link` or `unlink` where it could not be done. Nothing is changed."""
    return _linkable(hub, said)[0] if verb == "link" else _unlinkable(hub, said)


def _linkable(hub: Hub, said: Correction) -> tuple[FoundPerson, set[str]]:
    with hub.ledger.read() as tx:
        found = _candidate(hub, said.who)
        owner = people.subjects(tx, found.tenant, EMPLOYEE_NUMBER, [said.number]).get(said.number)
        taken = owner != found.subject_ref and people.having(tx, found.tenant, CANDIDATE, [owner or ""])
        numbers = _numbers(hub, found)
    if taken:
        raise LedgerError(
            "this number is another candidate's", code="IDENTITY_TAKEN", place=f"crosswalk of {found.subject_ref}",
            cure="`trivet crosswalk unlink` takes it away from her first, with all that was delivered under it",
        )  # fmt: skip
    return found, numbers


def _unlinkable(hub: Hub, said: Correction) -> FoundPerson:
    found = _candidate(hub, said.who)
    if said.number not in _numbers(hub, found):
        raise LedgerError(
            "the person has no such employee number", code="IDENTITY_UNKNOWN", place=f"crosswalk of {found.subject_ref}",
            cure=f"`trivet crosswalk show {found.subject_ref}` lists what is known",
        )  # fmt: skip
    return found


def unlink(hub: Hub, said: Correction) -> list[Row]:
    """The number is not the candidate's, and nobody's from now on; what became of what was delivered under it.

    `LedgerError` IDENTITY_UNKNOWN where it was not hers, ROLLBACK_INCOMPLETE as for `link`.
    """
    found = _unlinkable(hub, said)
    undone = _taken_back(hub, found, said)
    with hub.ledger.begin() as tx:
        people.release(tx, found.tenant, EMPLOYEE_NUMBER, said.number, by=said.actor, why=said.reason)
        _look_again(tx, found)
    return undone


def _candidate(hub: Hub, who: str) -> FoundPerson:
    with hub.ledger.read() as tx:
        found = find_person(tx, who)
        if not people.having(tx, found.tenant, CANDIDATE, [found.subject_ref]):
            raise LedgerError(
                "an employee who never was a candidate has nothing to correct", code="PERSON_UNKNOWN",
                place=f"crosswalk of {found.subject_ref}", cure="name the candidate: the HR system's id or the pseudonym",
            )  # fmt: skip
        return found


def _numbers(hub: Hub, found: FoundPerson) -> set[str]:
    with hub.ledger.read() as tx:
        entries = people.identities_of(tx, found.tenant, found.subject_ref)
    return {entry.identifier for entry in entries if entry.system == EMPLOYEE_NUMBER}


def _taken_back(hub: Hub, found: FoundPerson, said: Correction) -> list[Row]:
    if said.keep or not undoing.preview_rollback(hub, found.subject_ref):
        return []
    undone = undoing.rollback(
        hub, found.subject_ref, actor=said.actor, reason=f"crosswalk: {said.reason}", approved_by=said.approved_by
    )  # fmt: skip
    left = undoing.left(undone)
    if left:
        raise LedgerError(
            f"{len(left)} of {len(undone)} operations could not be taken back, so the link is as it was",
            code="ROLLBACK_INCOMPLETE", place=f"crosswalk of {found.subject_ref}",
            cure="`trivet settle`, see `trivet person`, and try again; or leave them with --keep",
        )  # fmt: skip
    return undone


def _look_again(tx: Any, found: FoundPerson) -> None:
    """The next night decides anew about the person."""
    applications = documents.by_subject(tx, found.tenant, [found.subject_ref], "application")
    documents.put_off(tx, found.tenant, "application", [entry.id for entry in applications])
    set_asides.resolve(tx, found.tenant, IDENTITY, "application", [found.subject_ref])
