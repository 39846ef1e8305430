"""Each person has a key: without it nothing about that person opens, and everybody else's does."""

import base64
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from trivet.errors import LedgerError
from trivet.ledger import (
    Ledger,
    archive_file,
    contents,
    documents,
    erasures,
    inputs,
    key_copies,
    open_ledger,
    people,
    records,
    rotation,
    scorings,
    sealed_file,
    subject_keys,
)
from trivet.ledger.batches import Batch
from trivet.ledger.contents import Contents
from trivet.ledger.documents import NewDocument
from trivet.ledger.inputs import NewInput
from trivet.ledger.keyring import Keyring, entries_of, load_keyring, new_entry
from trivet.ledger.people import Identity
from trivet.ledger.scorings import Scoring
from trivet.ledger.tables import crosswalk, decision_input, document, meta, subject_key
from trivet.model import Record

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def reopened(ledger: Ledger, ring: Keyring) -> Ledger:
    """The same ledger in a process that has these keys."""
    return Ledger(ledger.engine, ring, ledger.now, ledger.secret)


def everything(ledger: Ledger, batch: Batch) -> None:
    """One value of each kind about ann and about bob."""
    pulled = tuple(Record(name, "1", {"name": name}) for name in ("ann", "bob"))
    with ledger.begin() as tx:
        read = records.fresh(tx, batch, "hr", "talents", pulled).records
        records.keep(tx, batch, [entry._replace(subject_ref=entry.external_id) for entry in read])
        for name in ("ann", "bob"):
            documents.put_many(tx, batch, [NewDocument("candidate", name, {"name": name}, "f", name)])
            people.put_identities(tx, "acme", [Identity(name, "candidate", f"hr/{name}", "hr")], "candidate")
            scorings.put_many(tx, "acme", [Scoring(f"k-{name}", "s", f"i-{name}", "done", name, {"a": name})])
            inputs.put_many(tx, "acme", [NewInput(f"in-{name}", {"n": name}, name)])
            contents.add_many(tx, {f"o-{name}": Contents({"d": name}, {"r": 1})}, {}, {f"o-{name}": name})
        documents.put_many(tx, batch, [NewDocument("requisition", "r1", {"title": "x"}, "f")])


def codes(ledger: Ledger, name: str) -> set[str]:
    """What opening each of the person's values comes to."""
    asked: list[Any] = [
        lambda tx: documents.by_subject(tx, "acme", [name]),
        lambda tx: people.identities_of(tx, "acme", name),
        lambda tx: scorings.get_many(tx, "acme", [f"k-{name}"]),
        lambda tx: records.one(tx, "acme", "hr", "talents", name),
    ]
    found = set()
    for ask in asked:
        with ledger.read() as tx:
            try:
                assert ask(tx)
                found.add("opens")
            except LedgerError as error:
                found.add(error.code)
    return found


def test_erasing_the_key_erases_the_person(ledger: Ledger, batch: Batch) -> None:
    """Nothing of ann opens, not even in a process that never opened it, everything of bob does; a new word gets a new key."""
    everything(ledger, batch)
    assert codes(ledger, "ann") == codes(ledger, "bob") == {"opens"}
    with ledger.begin() as tx:
        assert subject_keys.erase(tx.conn, ["ann"], tx.stamp) == 1
    fresh = reopened(ledger, ledger.keys)
    assert codes(fresh, "ann") == {subject_keys.ERASED}
    assert codes(fresh, "bob") == {"opens"}
    with fresh.read() as tx:
        assert contents.get(tx, ["o-ann", "o-bob"])["o-ann"] == Contents()
        assert contents.get(tx, ["o-bob"])["o-bob"].document == {"d": "bob"}
        assert documents.get(tx, "acme", "requisition", "r1") is not None
    with fresh.begin() as tx:
        documents.put_many(tx, batch, [NewDocument("candidate", "ann", {"name": "again"}, "g", "ann")])
        known = documents.get(tx, "acme", "candidate", "ann")
        assert known is not None
        assert known.document == {"name": "again"}


def test_a_person_who_was_two_has_both_keys(ledger: Ledger, batch: Batch) -> None:
    """After a merge all of it opens, and all of it is erased together."""
    everything(ledger, batch)
    with ledger.begin() as tx:
        people.merge(tx, "acme", "bob", "ann")
        assert len(documents.by_subject(tx, "acme", ["ann"])) == 2
        assert subject_keys.erase(tx.conn, ["ann"], tx.stamp) == 2
    assert codes(reopened(ledger, ledger.keys), "ann") == {subject_keys.ERASED}


def test_a_missing_and_a_changed_key_are_told_apart(ledger: Ledger, batch: Batch) -> None:
    """A row that is gone is CRYPTO_KEY_MISSING, one that was exchanged CRYPTO_TAMPERED."""
    everything(ledger, batch)
    with ledger.begin() as tx:
        bobs = tx.conn.scalar(select(subject_key.c.wrapped).filter_by(subject_ref="bob"))
        tx.conn.execute(update(subject_key).filter_by(subject_ref="ann").values(wrapped=bobs))
        tx.conn.execute(delete(subject_key).filter_by(subject_ref="bob"))
    fresh = reopened(ledger, ledger.keys)
    assert codes(fresh, "ann") == {"CRYPTO_TAMPERED"}
    assert codes(fresh, "bob") == {"CRYPTO_KEY_MISSING"}


def test_rotation_moves_everything_and_the_old_key_can_go(ledger: Ledger, batch: Batch) -> None:
    """Values of an earlier version get their people's keys; killed halfway the next run goes on; the old key is not needed."""
    old = reopened(ledger, Keyring({"old": OLD}))
    with old.begin() as tx:
        everything_plain(tx, batch)
        tx.people.of_people(tx.conn, ["zoe"], tx.stamp)
        secret = tx.keys.seal(ledger.secret, "meta|value_enc|secret")
        tx.conn.execute(update(meta).values(value_enc=secret))
    both = reopened(ledger, Keyring({"new": NEW, "old": OLD}))

    def killed(table: str, number: int) -> None:
        if table == "document" and number:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(both, killed)
    moved, troubles = rotation.rotate(both, lambda *_: None)
    assert troubles == []
    assert moved["scoring"] == 1
    assert moved["subject_key"] >= 2
    alone = reopened(ledger, Keyring({"new": NEW}))
    with alone.read() as tx:
        assert {key for _, key, _ in rotation.counted(tx)} == {None, "new"}
        assert set(rotation.wrapped_by(tx)) == {"new"}
        assert len(documents.by_subject(tx, "acme", ["ann"])) == 2
        assert [i.identifier for i in people.identities_of(tx, "acme", "ann")] == ["hr/ann"]
        assert scorings.get_many(tx, "acme", ["k"])["k"].answer == {"a": 1}
        assert (
            tx.keys.unseal(tx.conn.scalar(select(rotation.CELLS[0].column)), "meta|value_enc|secret")
            == ledger.secret
        )
    assert rotation.rotate(alone, lambda *_: None) == ({}, [])


def everything_plain(tx: Any, batch: Batch) -> None:
    """What an earlier version stored: sealed with the key ring's own."""
    documents.put_many(
        tx, batch, [NewDocument("candidate", name, {"n": name}, "f", "ann") for name in ("a", "b")]
    )
    people.put_identities(tx, "acme", [Identity("ann", "candidate", "hr/ann", "hr")], "candidate")
    scorings.put_many(tx, "acme", [Scoring("k", "s", "i", "done", "ann", {"a": 1})])
    for cells in rotation.CELLS:
        if cells.table in (document, crosswalk) or cells.table.name == "scoring":
            key = [column.name for column in cells.table.primary_key]
            for row in tx.conn.execute(select(cells.table)).mappings().all():
                place = f"{cells.table.name}|{cells.column.name}|{'/'.join(row[n] for n in cells.place)}"
                sealed = tx.keys.seal(tx.unseal_bytes(row[cells.column.name], place), place)
                here = [cells.table.c[name] == row[name] for name in key]
                tx.conn.execute(update(cells.table).where(*here).values({cells.column.name: sealed}))


def test_an_archive_is_moved_too_and_its_people_erased(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """What an earlier version archived gets its people's keys, which stay in the ledger; erased it does not open any more."""
    file = archive_file.month_file(tmp_path / "archive", "2026-01")
    place = "decision_input|payload_enc|in-1"
    row = {
        "id": "in-1", "tenant": "acme", "subject_ref": "ann", "key_id": "x", "created_at": "2026",
        "payload_enc": sqlite_ledger.keys.seal(b'{"n": "ann"}', place),
    }  # fmt: skip
    with closing(archive_file.ArchiveFile(file)) as there:
        there.put([(decision_input, [row])])
    with archive_file.writing(sqlite_ledger, file) as there:
        assert rotation.owners(there) == {"ann"}
    with sqlite_ledger.begin() as tx:
        tx.prepare(["ann"])
    with archive_file.writing(sqlite_ledger, file) as there:
        assert rotation.rotate(sqlite_ledger, lambda *_: None, archive=there) == ({"decision_input": 1}, [])
    with archive_file.writing(sqlite_ledger, file) as there:
        sealed = there.conn.scalar(select(decision_input.c.payload_enc))
        assert there.unseal(sealed, place) == {"n": "ann"}
        assert rotation.owners(there) == set()
    with sqlite_ledger.begin() as tx:
        subject_keys.erase(tx.conn, ["ann"], tx.stamp)
    sqlite_ledger.people.forget()
    with archive_file.writing(sqlite_ledger, file) as there:
        assert there.unseal_left(sealed, place) is None
        assert erasures.forget_archived(there, "acme", "ann") == 0
        assert there.conn.scalar(select(decision_input.c.id)) is None


def test_what_does_not_open_is_told_and_left(ledger: Ledger, batch: Batch) -> None:
    """A tampered value stops nothing else."""
    with ledger.begin() as tx:
        everything_plain(tx, batch)
        where = (document.c.kind == "candidate") & (document.c.id == "a")
        tx.conn.execute(update(document).where(where).values(payload_enc=b"v1|x"))
    moved, troubles = rotation.rotate(ledger, lambda *_: None)
    assert [(t.place, t.code) for t in troubles] == [
        ("document|payload_enc|acme/candidate/a", "CRYPTO_TAMPERED")
    ]
    assert moved["document"] == 1


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 200_000])
def test_a_sealed_file_opens_to_what_it_was(sqlite_ledger: Ledger, tmp_path: Path, size: int) -> None:
    """Whatever its size, and nothing of it stands there in the clear."""
    content = b"interview " * (size // 10 + 1)
    content = content[:size]
    path = sealed(sqlite_ledger, tmp_path / "f", content)
    with sqlite_ledger.read() as tx, path.open("rb") as file:
        assert b"".join(sealed_file.unsealed(file, path.name, tx.unseal_bytes)) == content
    assert b"interview" not in path.read_bytes()


@pytest.mark.parametrize("harm", ["flip", "cut", "cut a piece", "swap pieces", "rename", "erase"])
def test_a_harmed_file_is_noticed(sqlite_ledger: Ledger, tmp_path: Path, harm: str) -> None:
    """CRYPTO_TAMPERED, before the harmed piece is given; SUBJECT_ERASED where the person was."""
    path = sealed(sqlite_ledger, tmp_path / "f", bytes(200_000))
    whole, piece = path.read_bytes(), sealed_file.PIECE + 16
    start = len(whole) - (200_000 % sealed_file.PIECE + 16) - 3 * piece
    match harm:
        case "flip":
            whole = whole[:-1] + bytes([whole[-1] ^ 1])
        case "cut":
            whole = whole[:-1]
        case "cut a piece":
            whole = whole[: start + 2 * piece]
        case "swap pieces":
            one, other = whole[start : start + piece], whole[start + piece : start + 2 * piece]
            whole = whole[:start] + other + one + whole[start + 2 * piece :]
        case "rename":
            path = path.rename(tmp_path / "g")
        case "erase":
            with sqlite_ledger.begin() as tx:
                subject_keys.erase(tx.conn, ["ann"], tx.stamp)
            sqlite_ledger.people.forget()
    path.write_bytes(whole)
    with sqlite_ledger.read() as tx, path.open("rb") as file, pytest.raises(LedgerError) as caught:
        list(sealed_file.unsealed(file, path.name, tx.unseal_bytes))
    assert caught.value.code == (subject_keys.ERASED if harm == "erase" else "CRYPTO_TAMPERED")


def sealed(ledger: Ledger, path: Path, content: bytes) -> Path:
    """A file about ann."""
    with ledger.begin() as tx:
        head, cipher = sealed_file.head(tx, path.name, "ann")
    path.write_bytes(
        head
        + b"".join(sealed_file.pieces(cipher, [content[i : i + 999] for i in range(0, len(content), 999)]))
    )
    return path


def command(tmp_path: Path, body: str) -> dict[str, str]:
    """A key service of a few lines."""
    script = tmp_path / "kms.py"
    script.write_text(
        f"import sys, base64\nverb = sys.argv[-1]\ngiven = base64.b64decode(sys.stdin.read())\n{body}\n"
    )
    return {"TRIVET_KMS_COMMAND": f"{sys.executable} {script}"}


TURNED = (
    "out = given[::-1] + b'!' if verb == 'wrap' else given[:-1][::-1]\nprint(base64.b64encode(out).decode())"
)


def test_a_key_service_wraps_the_keys(tmp_path: Path) -> None:
    """The key file holds the wrapped key only; without the service it is of no use; a ledger opens with it."""
    environ = command(tmp_path, TURNED)
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", tmp_path, environ=environ)
    ledger.close()
    (entry,) = entries_of((tmp_path / "ledger.keys").read_text())
    assert entry.split(":")[1] == "kms"
    assert base64.b64decode(entry.split(":")[2]).endswith(b"!")
    open_ledger(f"sqlite:///{tmp_path}/ledger.db", tmp_path, environ=environ).close()
    with pytest.raises(LedgerError) as caught:
        open_ledger(f"sqlite:///{tmp_path}/ledger.db", tmp_path, environ={})
    assert caught.value.code == "KMS_UNKNOWN"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("sys.exit('the key is ' + given.hex())", "KMS_FAILED"),
        ("print('not base64!')", "KMS_FAILED"),
        ("print(base64.b64encode(b'other').decode())", "KMS_FAILED"),
    ],
    ids=["refuses", "garbles", "forgets"],
)
def test_a_failing_key_service_is_told_and_no_key_shown(tmp_path: Path, body: str, code: str) -> None:
    """Refused, garbled, or a wrapping that does not open again: nothing is written."""
    with pytest.raises(LedgerError) as caught:
        load_keyring(tmp_path, command(tmp_path, body), create=True)
    assert caught.value.code == code
    assert "the key is" not in caught.value.explained()
    assert not (tmp_path / "ledger.keys").exists()


def test_an_unknown_key_service_lists_what_there_is() -> None:
    """By entry point, as connectors are."""
    with pytest.raises(LedgerError, match="vault") as caught:
        load_keyring(Path("/nowhere"), {"TRIVET_KMS": "vault"}, create=True)
    assert caught.value.code == "KMS_UNKNOWN"
    assert new_entry(None).count(":") == 1


def test_a_copy_brings_keys_back_and_nobody_who_was_erased(
    ledger: Ledger, batch: Batch, tmp_path: Path
) -> None:
    """Into a table that lost its rows, too; a key that was taken out of the copy is nowhere in it."""
    everything(ledger, batch)
    file = tmp_path / "people.keys"
    with ledger.begin() as tx:
        assert key_copies.write(tx.conn, file) == 2
        (anns,) = subject_keys.ids_of(tx.conn, "ann")
        assert key_copies.strip(file, [anns], tx.stamp)
        tx.conn.execute(delete(subject_key))
    assert file.stat().st_mode & 0o777 == 0o600
    assert codes(reopened(ledger, ledger.keys), "bob") == {"CRYPTO_KEY_MISSING"}
    with ledger.begin() as tx:
        key_copies.fill(tx.conn, key_copies.read(file))
        assert key_copies.missing(tx.conn) == 0
    assert codes(reopened(ledger, ledger.keys), "bob") == {"opens"}
    assert codes(reopened(ledger, ledger.keys), "ann") == {subject_keys.ERASED}
    assert not key_copies.strip(tmp_path / "nowhere", [anns], "t")


def test_more_people_than_a_process_keeps_keys_of(
    ledger: Ledger, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of people is sealed whole while older keys are let go, and everything opens again."""
    monkeypatch.setattr(subject_keys, "_REMEMBERED", 5)
    names = [f"p{number}" for number in range(13)]
    for part in (names[:4], names[4:9], names[9:]):
        with ledger.begin() as tx:
            documents.put_many(tx, batch, [NewDocument("candidate", n, {"name": n}, "f", n) for n in part])
    with ledger.read() as tx:
        found = documents.by_subject(tx, "acme", names)
    assert {entry.document["name"] for entry in found} == set(names)
