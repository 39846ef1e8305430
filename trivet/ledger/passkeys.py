"""Passkeys of approvers, and the challenges that they sign: each for one person and one thing, once, and soon."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update

from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import challenge, event, passkey
from trivet.ledger.times import stamp


@dataclass(frozen=True, slots=True)
class Passkey:
    """One row of the passkey table."""

    id: str
    """The credential's id, base64url."""
    person: str
    public_key: bytes
    sign_count: int
    title: str
    registered_at: str
    used_at: str | None


def of(tx: Transaction, person: str) -> list[Passkey]:
    """The person's passkeys, oldest first."""
    query = select(passkey).filter_by(person=person).order_by(passkey.c.registered_at, passkey.c.id)
    return [Passkey(**row) for row in tx.conn.execute(query).mappings()]


def get(tx: Transaction, key_id: str, person: str) -> Passkey | None:
    """The person's passkey of that id."""
    row = tx.conn.execute(select(passkey).filter_by(id=key_id, person=person)).mappings().first()
    return Passkey(**row) if row else None


def add(tx: Transaction, key_id: str, person: str, public_key: bytes, sign_count: int, title: str) -> None:
    """Keeps a new passkey."""
    row = {
        "id": key_id, "person": person, "public_key": public_key, "sign_count": sign_count, "title": title,
        "registered_at": tx.stamp,
    }  # fmt: skip
    tx.conn.execute(insert(passkey).values(row))
    tx.events.append(Event(WHOLE_LEDGER, key_id, "PASSKEY_REGISTERED", actor=person, note=title))


def used(tx: Transaction, key_id: str, sign_count: int) -> None:
    """It signed something."""
    values = {"sign_count": sign_count, "used_at": tx.stamp}
    tx.conn.execute(update(passkey).where(passkey.c.id == key_id).values(values))


def remove(tx: Transaction, key_id: str, person: str, *, actor: str) -> bool:
    """Forgets a passkey, as when a phone is lost; False where the person has none of that id."""
    here = (passkey.c.id == key_id) & (passkey.c.person == person)
    if tx.conn.execute(delete(passkey).where(here)).rowcount == 0:
        return False
    tx.events.append(Event(WHOLE_LEDGER, key_id, "PASSKEY_REMOVED", actor=actor, note=person))
    return True


def reset(tx: Transaction, person: str, *, actor: str) -> int:
    """Forgets every passkey of the person, who may register one anew; how many there were."""
    gone = tx.conn.execute(delete(passkey).where(passkey.c.person == person)).rowcount
    tx.events.append(Event(WHOLE_LEDGER, person, "PASSKEY_RESET", actor=actor, note=f"{gone} passkeys"))
    return gone


def trusted(tx: Transaction, person: str) -> bool:
    """True for who never had a passkey, or had none since somebody reset her: the first one is taken on the login alone."""
    ours = select(func.max(event.c.at)).where(event.c.chain == WHOLE_LEDGER)
    last = tx.conn.scalar(ours.where(event.c.code == "PASSKEY_REGISTERED", event.c.actor == person))
    if last is None:
        return True
    freed = tx.conn.scalar(ours.where(event.c.code == "PASSKEY_RESET", event.c.about == person))
    return freed is not None and str(freed) > str(last)


def challenged(tx: Transaction, sent: bytes, *, person: str, about: str, seconds: float) -> None:
    """Remembers a challenge by its hash; those that are over are forgotten."""
    tx.conn.execute(delete(challenge).where(challenge.c.until < tx.stamp))
    until = stamp(tx.now + timedelta(seconds=seconds))
    tx.conn.execute(insert(challenge).values(id=_hash(sent), person=person, about=about, until=until))


def taken(tx: Transaction, sent: bytes, *, person: str, about: str) -> bool:
    """Uses the challenge up; False where it is over, used, somebody else's, or about something else."""
    here = (challenge.c.id == _hash(sent)) & (challenge.c.person == person) & (challenge.c.about == about)
    fresh = challenge.c.used_at.is_(None) & (challenge.c.until >= tx.stamp)
    return tx.conn.execute(update(challenge).where(here, fresh).values(used_at=tx.stamp)).rowcount == 1


def _hash(sent: bytes) -> str:
    return hashlib.sha256(sent).hexdigest()
