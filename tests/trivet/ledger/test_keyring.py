"""What is sealed opens with its key at its place, and nowhere else."""

import base64
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from trivet.errors import LedgerError
from trivet.ledger import Ledger, open_ledger
from trivet.ledger.batches import Batch
from trivet.ledger.documents import NewDocument, get, put_many
from trivet.ledger.keyring import Keyring, load_keyring
from trivet.ledger.tables import document

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def key(name: str, value: bytes) -> str:
    """One entry of TRIVET_KEYS."""
    return f"{name}:{base64.b64encode(value).decode()}"


def test_what_is_sealed_opens_at_its_place() -> None:
    """The round trip, and no trace of the plain text in the sealed form."""
    ring = Keyring({"a": OLD})
    sealed = ring.seal("林晓".encode(), "t|c|1")
    assert ring.unseal(sealed, "t|c|1").decode() == "林晓"
    assert sealed.startswith(b"v1|a|")
    assert "林晓".encode() not in sealed


def test_a_new_key_seals_and_an_old_one_still_opens() -> None:
    """Rotation: newest first."""
    sealed = Keyring({"old": OLD}).seal(b"x", "p")
    both = load_keyring(
        Path("/nowhere"), {"TRIVET_KEYS": f"{key('new', NEW)},{key('old', OLD)}"}, create=False
    )
    assert both.unseal(sealed, "p") == b"x"
    assert both.seal(b"x", "p").startswith(b"v1|new|")


@pytest.mark.parametrize("change", ["flip", "move", "cut", "garbage", "other key"])
def test_tampering_is_seen(change: str) -> None:
    """A changed, moved, cut or foreign ciphertext is CRYPTO_TAMPERED, never a wrong text."""
    ring = Keyring({"a": OLD})
    sealed, place = ring.seal(b"8.5", "document|payload_enc|1"), "document|payload_enc|1"
    match change:
        case "flip":
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        case "move":
            place = "document|payload_enc|2"
        case "cut":
            sealed = sealed[:12]
        case "garbage":
            sealed = b"8.5"
        case "other key":
            ring = Keyring({"a": NEW})
    with pytest.raises(LedgerError) as caught:
        ring.unseal(sealed, place)
    assert caught.value.code == "CRYPTO_TAMPERED"


def test_a_missing_key_is_named() -> None:
    """The line says which key is missing and where it belongs."""
    sealed = Keyring({"2025": OLD}).seal(b"x", "p")
    with pytest.raises(LedgerError, match="2025") as caught:
        Keyring({"2026": NEW}).unseal(sealed, "p")
    assert caught.value.code == "CRYPTO_KEY_MISSING"


@pytest.mark.parametrize(
    "value", ["a", "a:", "a:xyz", "a:" + "A" * 10, ":" + "A" * 44, "a|b:" + "A" * 43 + "="]
)
def test_a_malformed_key_is_refused_without_showing_it(value: str) -> None:
    """Format errors name the place and the number of the key, not the key."""
    with pytest.raises(LedgerError) as caught:
        load_keyring(Path("/nowhere"), {"TRIVET_KEYS": value}, create=False)
    assert caught.value.code == "CRYPTO_KEY_FORMAT"
    assert "AAAA" not in caught.value.explained()


def test_the_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    """Without TRIVET_KEYS a first key is written, 0600, and read ever after."""
    first = load_keyring(tmp_path, {}, create=True)
    assert (tmp_path / "ledger.keys").stat().st_mode & 0o777 == 0o600
    assert load_keyring(tmp_path, {}, create=True).unseal(first.seal(b"x", "p"), "p") == b"x"
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.keys"]


def test_a_ledger_without_its_key_does_not_open(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """No new key is made for a ledger that holds sealed data, and a wrong one is refused before any work."""
    sqlite_ledger.close()
    url = f"sqlite:///{tmp_path}/ledger.db"
    (tmp_path / "ledger.keys").unlink()
    with pytest.raises(LedgerError) as caught:
        open_ledger(url, tmp_path, environ={})
    assert caught.value.code == "CRYPTO_KEY_MISSING"
    assert not (tmp_path / "ledger.keys").exists()
    with pytest.raises(LedgerError) as caught:
        open_ledger(url, tmp_path, environ={"TRIVET_KEYS": key("other", NEW)})
    assert caught.value.code == "CRYPTO_KEY_MISSING"


def test_swapped_rows_do_not_open(ledger: Ledger, batch: Batch) -> None:
    """Two people's documents exchanged in the table are both refused."""
    with ledger.begin() as tx:
        put_many(tx, batch, [NewDocument("candidate", name, {"n": name}, name) for name in ("a", "b")])
        rows = dict(tx.conn.execute(select(document.c.id, document.c.payload_enc)).all())
        for mine, other in (("a", "b"), ("b", "a")):
            tx.conn.execute(update(document).where(document.c.id == mine).values(payload_enc=rows[other]))
    with ledger.read() as tx, pytest.raises(LedgerError) as caught:
        get(tx, "acme", "candidate", "a")
    assert caught.value.code == "CRYPTO_TAMPERED"


def test_no_personal_text_lies_in_the_file(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """Neither the database nor its log holds what was sealed."""
    from trivet.ledger import batches, people

    with sqlite_ledger.begin() as tx:
        known, _ = batches.open_or_resume(tx, tenant="acme", flow="night", run_key="r", environment="test")
        put_many(tx, known, [NewDocument("candidate", "1", {"name": "Canary Kanarienvogel"}, "f", "p1")])
        people.put_identities(tx, "acme", [people.Identity("p1", "erp", "EMP-CANARY-77", "hr")], "hr")
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert b"Kanarienvogel" not in content
        assert b"EMP-CANARY-77" not in content
    with sqlite_ledger.read() as tx:
        assert tx.conn.scalar(text("SELECT count(*) FROM document")) == 1
