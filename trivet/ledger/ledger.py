"""The open ledger: engine, key ring and clock in one value, and the transaction that the stores take."""

import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from trivet.errors import LedgerError
from trivet.ledger import audit, database, subject_keys
from trivet.ledger.bulk import chunks
from trivet.ledger.keyring import Keyring, load_keyring
from trivet.ledger.subject_keys import SubjectKeys
from trivet.ledger.tables import meta
from trivet.ledger.times import stamp
from trivet.model import Document
from trivet.quick_json import quick_json, quick_value

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ROW = "secret"
_PLACE = f"meta|value_enc|{_ROW}"


def written(document: Document) -> bytes:
    """The document as it is sealed, and read again."""
    return quick_json(document) or _encode(document).encode("utf-8", "surrogatepass")


@dataclass(slots=True)
class Transaction:
    """One transaction; everything in it has one time. Audit events are chained when it commits."""

    conn: Connection
    now: datetime
    stamp: str
    keys: Keyring
    people: SubjectKeys
    blinding: hmac.HMAC = field(repr=False)
    home: Connection | None = None
    """Where people's keys are, for an archive: they stay in the ledger."""
    events: list[audit.Event] = field(default_factory=list)
    _owned: dict[str, str] = field(default_factory=dict)
    """Ids of people's keys, looked up in this transaction: one that was erased since must not be used again."""

    @property
    def locks(self) -> bool:
        """True where rows are locked one by one; SQLite's write transaction has locked everything already."""
        return self.conn.dialect.name != "sqlite"

    def seal(self, document: Document, place: str, subject_ref: str | None = None) -> bytes:
        """The document, sealed for `table|column|row` with the key of the person whom it is about."""
        return self.seal_bytes(written(document), place, subject_ref)

    def seal_bytes(self, plain: bytes, place: str, subject_ref: str | None = None) -> bytes:
        """As `seal`, for what is no document; what is about nobody is sealed with the key ring's newest."""
        if not subject_ref:
            return self.keys.seal(plain, place)
        if subject_ref not in self._owned:
            self.prepare([subject_ref])
        return self.people.seal(self._owned[subject_ref], plain, place)

    def unseal(self, sealed: bytes, place: str) -> Document:
        """The document that was sealed for this place."""
        document: Document = quick_value(self.unseal_bytes(sealed, place))
        return document

    def unseal_bytes(self, sealed: bytes, place: str) -> bytes:
        """As `unseal`, for what is no document."""
        sealed = bytes(sealed)
        if not subject_keys.ours(sealed):
            return self.keys.unseal(sealed, place)
        return self.people.unseal(self.home or self.conn, sealed, place)

    def unseal_left(self, sealed: bytes, place: str) -> Document | None:
        """As `unseal`; None where the person was erased."""
        try:
            return self.unseal(sealed, place)
        except LedgerError as error:
            if error.code == subject_keys.ERASED:
                return None
            raise

    def prepare(self, subject_refs: Iterable[str | None]) -> None:
        """Has the keys of these people at hand, in bulk: `seal` would look them up one by one."""
        wanted = {name for name in subject_refs if name} - self._owned.keys()
        if wanted:
            self._owned |= self.people.of_people(self.home or self.conn, wanted, self.stamp)

    def key_of(self, subject_ref: str | None) -> str:
        """The id of the key that seals what is about this person."""
        return self._owned.get(subject_ref or "") or self.keys.newest

    def opening(self, rows: Iterable[Any], *at: int) -> Iterator[Any]:
        """The rows; the keys of the sealed values that stand `at` these places in them are fetched in bulk."""
        for part in chunks(rows):
            self.fetch_keys(row[i] for row in part for i in at)
            yield from part

    def fetch_keys(self, sealed: Iterable[bytes | None]) -> None:
        """Has the keys of these values at hand, in bulk."""
        names = {subject_keys.named(bytes(one)) for one in sealed if one is not None}
        self.people.fetch(self.home or self.conn, (name for name in names if name))

    def blind(self, *parts: str) -> str:
        """A keyed hash, equal for equal parts: finds a sealed identifier without storing it in the clear."""
        # as `json.dumps` would write the list, at a fifth of its price
        said = f'["blind", {", ".join(map(encode_basestring_ascii, parts))}]'
        digest = self.blinding.copy()
        digest.update(said.encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Ledger:
    """Safe to share between threads; a forked process opens its own."""

    engine: Engine
    keys: Keyring
    now: Callable[[], datetime]
    secret: bytes = field(repr=False)
    _blinding: hmac.HMAC = field(init=False, repr=False)
    """Keyed once: a hash of a few words costs half."""
    people: SubjectKeys = field(init=False, repr=False)
    """People's own keys, opened once a process."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "people", SubjectKeys(self.keys))
        object.__setattr__(self, "_blinding", hmac.new(self.secret, digestmod="sha256"))

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A write transaction: commits with its audit events, or leaves nothing."""
        with database.plain_errors(self.engine), self.engine.begin() as conn:
            tx = self.transaction(conn)
            yield tx
            if tx.events:
                audit.flush(tx.conn, tx.events, tx.stamp, self.audit_key)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A read transaction; it never waits for a writer."""
        with (
            database.plain_errors(self.engine),
            self.engine.connect().execution_options(**database.READ) as conn,
        ):
            yield self.transaction(conn)

    @property
    def audit_key(self) -> bytes:
        """Signs the audit chains."""
        return hmac.digest(self.secret, b"audit", "sha256")

    def close(self) -> None:
        """Closes the connections to the database."""
        self.engine.dispose()

    def transaction(self, conn: Connection, home: Connection | None = None) -> Transaction:
        """A transaction on this connection; whoever opened it commits it and chains its events."""
        now = self.now()
        return Transaction(conn, now, stamp(now), self.keys, self.people, self._blinding, home)


def open_ledger(
    url: str,
    state: Path,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    environ: Mapping[str, str] = os.environ,
) -> Ledger:
    """The ledger at `url`, migrated and with its keys proven; `LedgerError` says what is wrong and what helps.

    A fresh ledger gets its secret (blind index, audit chain), wrapped by the key ring: a ring that cannot unwrap it is
    refused here, before any work.
    """
    engine = database.make_engine(url)
    try:
        database.migrate(engine, state)
        with database.plain_errors(engine):
            wrapped = _wrapped_secret(engine)
            keys = load_keyring(state, environ, create=wrapped is None)
            if wrapped is None:
                wrapped = _first_secret(engine, keys)
        return Ledger(engine, keys, now, keys.unseal(wrapped, _PLACE))
    except LedgerError:
        engine.dispose()
        raise


def _wrapped_secret(engine: Engine) -> bytes | None:
    with engine.connect().execution_options(**database.READ) as conn:
        wrapped: bytes | None = conn.scalar(select(meta.c.value_enc).where(meta.c.name == _ROW))
        return wrapped


def _first_secret(engine: Engine, keys: Keyring) -> bytes:
    sealed = keys.seal(secrets.token_bytes(32), _PLACE)
    try:
        with engine.begin() as conn:
            known = conn.scalar(select(meta.c.value_enc).where(meta.c.name == _ROW))
            if known is None:
                conn.execute(insert(meta).values(name=_ROW, value_enc=sealed))
    except database.Conflict:
        known = _wrapped_secret(engine)  # postgresql: another process was faster
    return sealed if known is None else bytes(known)
