"""A key of its own for each person: what is kept about somebody is sealed with it, and without it no copy of that opens.

A sealed value is `v2|<key id>|<nonce><ciphertext and tag>`, bound to its place as the key ring's own are. The key lies in the
table `subject_key`, wrapped by the key ring; erasing it leaves the row, so that "erased" is told apart from "missing".
One person has several keys where two records were one person after all.
"""

import os
import secrets
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, insert, null, select, update

from trivet.errors import LedgerError
from trivet.ledger.bulk import rows_in, run_in, run_many
from trivet.ledger.keyring import Keyring, tampered
from trivet.ledger.tables import subject_key

ERASED = "SUBJECT_ERASED"
_HEAD = b"v2|"
_ID = 16
_NONCE_AT = len(_HEAD) + _ID + 1
_TEXT_AT = _NONCE_AT + 12
_REMEMBERED = 5_000
"""The newest keys stay open in a process, and up to as many older ones: at most some 25 MB."""
_COLUMNS = ("id", "subject_ref", "wrapped", "key_id", "created_at")
_HERE = subject_key.c.id.in_(bindparam("ids", expanding=True))
_OF_PEOPLE = (
    select(subject_key.c.subject_ref, subject_key.c.id, subject_key.c.wrapped)
    .where(subject_key.c.subject_ref.in_(bindparam("ids", expanding=True)), subject_key.c.wrapped.is_not(None))
    .order_by(subject_key.c.created_at, subject_key.c.id)
)  # fmt: skip
_BY_ID = select(subject_key.c.id, subject_key.c.wrapped).where(_HERE)
_ADD = insert(subject_key)
_ERASE = (
    update(subject_key)
    .where(subject_key.c.subject_ref.in_(bindparam("ids", expanding=True)), subject_key.c.wrapped.is_not(None))
    .values(wrapped=null(), erased_at=bindparam("at"))
)  # fmt: skip


class SubjectKeys:
    """People's keys, opened once a process; safe to share between threads."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring
        self._open: dict[str, AESGCM] = {}
        self._older: dict[str, AESGCM] = {}

    def seal(self, key_id: str, plain: bytes, place: str) -> bytes:
        """The sealed form; the key is one that `of_people` gave."""
        nonce = os.urandom(12)
        return b"v2|%b|%b%b" % (
            key_id.encode(),
            nonce,
            (self._open.get(key_id) or self._older[key_id]).encrypt(nonce, plain, place.encode()),
        )

    def unseal(self, conn: Connection, sealed: bytes, place: str) -> bytes:
        """What was sealed there; `LedgerError` SUBJECT_ERASED, CRYPTO_KEY_MISSING or CRYPTO_TAMPERED."""
        key_id = named(sealed)
        if key_id is None:
            raise tampered(place)
        cipher = self._known(key_id)
        if cipher is None:
            self.fetch(conn, [key_id])
            cipher = self._known(key_id)
        if cipher is None:
            raise _closed(conn, key_id, place)
        try:
            return cipher.decrypt(sealed[_NONCE_AT:_TEXT_AT], sealed[_TEXT_AT:], place.encode())
        except (InvalidTag, ValueError):
            raise tampered(place) from None

    def fetch(self, conn: Connection, key_ids: Iterable[str]) -> None:
        """Opens these keys, in bulk; an erased one stays closed."""
        wanted = {key_id for key_id in key_ids if self._known(key_id) is None}
        for key_id, wrapped in rows_in(conn, _BY_ID, wanted):
            if wrapped is not None:
                self._remember(key_id, wrapped)

    def of_people(self, conn: Connection, subject_refs: Iterable[str], at: str) -> dict[str, str]:
        """The id of each person's newest key, opened; who has none gets one in this transaction."""
        wanted = set(subject_refs)
        found: dict[str, str] = {}
        for subject_ref, key_id, wrapped in list(rows_in(conn, _OF_PEOPLE, wanted)):
            self._remember(key_id, wrapped)
            found[subject_ref] = key_id
        rows = [self._made(subject_ref, at) for subject_ref in sorted(wanted - found.keys())]
        run_many(conn, _ADD, _COLUMNS, rows)
        return found | {row[1]: row[0] for row in rows}

    def _made(self, subject_ref: str, at: str) -> tuple[str, str, bytes, str, str]:
        key_id, key = secrets.token_urlsafe(12), AESGCM.generate_key(256)
        # known to this process at once: should the transaction fail, nothing that is kept names it
        self._keep(key_id, AESGCM(key))
        return key_id, subject_ref, self._ring.seal(key, _place(key_id)), self._ring.newest, at

    def _remember(self, key_id: str, wrapped: bytes) -> None:
        if key_id not in self._open:
            # an older one is young again: who asks for it will seal with it
            self._keep(key_id, self._older.get(key_id) or AESGCM(self._ring.unseal(wrapped, _place(key_id))))

    def _known(self, key_id: str) -> AESGCM | None:
        return self._open.get(key_id) or self._older.get(key_id)

    def _keep(self, key_id: str, cipher: AESGCM) -> None:
        if len(self._open) >= _REMEMBERED:
            # whoever asked for keys a moment ago seals with them yet
            self._older, self._open = self._open, {}
        self._open[key_id] = cipher

    def forget(self) -> None:
        """Closes every key."""
        self._open, self._older = {}, {}

    def rewrap(self, conn: Connection, rows: Iterable[tuple[str, bytes]]) -> int:
        """Wraps these keys (id and wrapped form) with the ring's newest; how many."""
        fresh = [
            (self._ring.seal(self._ring.unseal(wrapped, _place(key_id)), _place(key_id)), self._ring.newest, key_id)
            for key_id, wrapped in rows
        ]  # fmt: skip
        # one that was erased meanwhile stays erased
        statement = (
            update(subject_key)
            .where(subject_key.c.id == bindparam("at_id"), subject_key.c.wrapped.is_not(None))
            .values(wrapped=bindparam("sealed"), key_id=bindparam("by"))
        )
        return run_many(conn, statement, ("sealed", "by", "at_id"), fresh)


def named(sealed: bytes) -> str | None:
    """The id of the person's key that a value was sealed with; None where it was sealed with the key ring's."""
    if sealed[: len(_HEAD)] != _HEAD or len(sealed) < _TEXT_AT:
        return None
    return sealed[len(_HEAD) : _NONCE_AT - 1].decode("ascii", "replace")


def ours(sealed: bytes) -> bool:
    """Whether a value was sealed with a person's key."""
    return sealed[: len(_HEAD)] == _HEAD


def ids_of(conn: Connection, subject_ref: str) -> list[str]:
    """The ids of the person's keys, erased ones, too."""
    query = select(subject_key.c.id).where(subject_key.c.subject_ref == subject_ref)
    return list(conn.scalars(query.order_by(subject_key.c.id)))


def erase(conn: Connection, subject_refs: Iterable[str], at: str) -> int:
    """Nothing that was sealed about these people opens any more, here or in any copy that has no copy of the keys."""
    return run_in(conn, _ERASE, subject_refs, {"at": at})


def change_owner(conn: Connection, goes: str, stays: str) -> None:
    """The one person is the other: the keys are hers, too."""
    conn.execute(update(subject_key).where(subject_key.c.subject_ref == goes).values(subject_ref=stays))


def every(conn: Connection) -> Iterator[tuple[str, bytes]]:
    """Id and wrapped form of every key that was not erased."""
    query = select(subject_key.c.id, subject_key.c.wrapped).where(subject_key.c.wrapped.is_not(None))
    yield from ((row.id, bytes(row.wrapped)) for row in conn.execute(query))


def _place(key_id: str) -> str:
    return f"subject_key|wrapped|{key_id}"


def _closed(conn: Connection, key_id: str, place: str) -> LedgerError:
    known = conn.execute(select(subject_key.c.erased_at).where(subject_key.c.id == key_id)).first()
    if known is not None and known.erased_at is not None:
        return LedgerError(
            "the person was erased: the key is gone, and nobody can open this", code=ERASED, place=place
        )
    return LedgerError(
        f"sealed with the key {key_id!r} of a person, which is not here", code="CRYPTO_KEY_MISSING", place=place,
        cure="restore the keys of the ledger: `trivet ledger restore --keys FILE`",
    )  # fmt: skip
