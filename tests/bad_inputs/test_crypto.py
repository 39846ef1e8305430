"""A ledger whose seals do not hold: a missing key is named, a changed or swapped row is noticed, and nothing of it is shown."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from bad_inputs.entrance import trivet
from bad_inputs.law import clear, lawful
from conftest import World, fresh_world

CASES = {
    "61-no such key": "CRYPTO_KEY_MISSING",
    "61-another key of that name": "CRYPTO_TAMPERED",
    "61-a changed byte": "CRYPTO_TAMPERED",
    "61-swapped rows": "CRYPTO_TAMPERED",
}


@pytest.fixture(scope="module")
def kept(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A company after one night."""
    made = fresh_world(_servers, tmp_path_factory.mktemp("crypto"))
    made.night()
    return made


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, kept: World, tmp_path: Path) -> None:
    """Exit code 2, one line with the cure, no plain text on any stream, and the ledger is as it was."""
    lawful(name, CASES[name])
    state = tmp_path / "state"
    shutil.copytree(kept.state, state)
    who, names = harm(name, state)
    before = (state / "ledger.db").read_bytes()
    environment = {**kept.environment(), "TRIVET_STATE": str(state)}
    done = trivet(kept.home, "person", who, "--json", environment=environment)
    assert done.returncode == 2, done.stdout[-500:]
    said = json.loads(done.stdout)["error"]
    clear(f"{said['code']} {said['message']}", CASES[name], *names)
    assert not [word for word in names if word in done.stderr.decode()]
    label = (kept.state / "ledger.keys").read_text().partition(":")[0]
    assert name != "61-no such key" or label in said["message"]
    assert (state / "ledger.db").read_bytes() == before


def harm(name: str, state: Path) -> tuple[str, list[str]]:
    """The pseudonym of whom it concerns, and names that nobody may see."""
    with sqlite3.connect(state / "ledger.db") as db:
        rows = db.execute(
            "SELECT rowid, subject_ref, payload_enc FROM document WHERE kind = 'candidate' ORDER BY id"
        ).fetchall()
        (first, ref, sealed), (second, _, other) = rows[:2]
        if name == "61-a changed byte":
            db.execute(
                "UPDATE document SET payload_enc = ? WHERE rowid = ?",
                (sealed[:-1] + bytes([sealed[-1] ^ 1]), first),
            )
        if name == "61-swapped rows":
            for row, content in ((first, other), (second, sealed)):
                db.execute("UPDATE document SET payload_enc = ? WHERE rowid = ?", (content, row))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    keys = state / "ledger.keys"
    if name == "61-no such key":
        keys.write_text(keys.read_text().replace(keys.read_text().partition(":")[0], "another", 1))
    if name == "61-another key of that name":
        label = keys.read_text().partition(":")[0]
        keys.write_text(f"{label}:{'A' * 43}=\n")
    return ref, ["林晓雨", "王"]
