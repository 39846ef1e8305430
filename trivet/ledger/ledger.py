"""The open ledger: engine, key ring and clock in one value, and the transaction that the stores take."""

import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from trivet.errors import LedgerError
from trivet.ledger import audit, database
from trivet.ledger.keyring import Keyring, load_keyring
from trivet.ledger.tables import meta
from trivet.ledger.times import stamp
from trivet.model import Document
from trivet.quick_json import quick_json, quick_value

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ROW = "secret"
_PLACE = f"meta|value_enc|{_ROW}"


@dataclass(slots=True)
class Transaction:
    """One transaction; everything in it has one time. Audit events are chained when it commits."""

    conn: Connection
    now: datetime
    stamp: str
    keys: Keyring
    blinding: hmac.HMAC = field(repr=False)
    events: list[audit.Event] = field(default_factory=list)

    @property
    def locks(self) -> bool:
        """True where rows are locked one by one; SQLite's write transaction has locked everything already."""
        return self.conn.dialect.name != "sqlite"

    def seal(self, document: Document, place: str) -> bytes:
        """The document, sealed for `table|column|row`."""
        written = quick_json(document) or _encode(document).encode("utf-8", "surrogatepass")
        return self.keys.seal(written, place)

    def unseal(self, sealed: bytes, place: str) -> Document:
        """The document that was sealed for this place."""
        document: Document = quick_value(self.keys.unseal(sealed, place))
        return document

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

    def __post_init__(self) -> None:
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

    def transaction(self, conn: Connection) -> Transaction:
        """A transaction on this connection; whoever opened it commits it and chains its events."""
        now = self.now()
        return Transaction(conn, now, stamp(now), self.keys, self._blinding)


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
