"""Secrets and people are planted, everything is run with faults on, and whatever was written anywhere is searched for them."""

import base64
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow_home import migrated_home
from canary import bucket, handed_in, journey, planted
from canary.disguise import DISGUISES, Finder
from canary.places import MAY_HOLD, Written
from conftest import World, fresh_world

from trivet.ledger import documents, set_asides

__all__ = ["migrated_home"]
pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]
WORDS = {
    f"{planted.SECRET} of this test": "s3cret-canary+chaffinch/9",
    "name zh": "欧阳鸑鷟翾甲",
    "name en": "Quillfeather Canarina O'Brien",
    "email x": "quill.x@canary-aviary.example",
    "number x": "77315890",
    "quote x": "Together with my colleagues I fed the vermilion kestrel",
}
ONES = {kind.partition(" ")[0]: kind for kind in reversed(WORDS)}


@dataclass
class Searched:
    """What was written, by whom, and who knows the planted words."""

    world: World
    written: Written
    finder: Finder
    shared: World
    """The one with its recordings in a bucket."""
    refused: list[dict[str, Any]]
    """What vendors had refused before anybody pressed a button."""
    papers: dict[str, bytes]
    """What candidates handed in."""


@pytest.fixture(scope="module")
def searched(migrated_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Searched:
    """A deployment after its journey, and looked at."""
    # they import airflow: not before its home is set
    from canary import pages
    from console import opened_console

    del migrated_home
    written = Written()
    with planted.aviary() as sandbox:
        world = fresh_world(sandbox, tmp_path_factory.mktemp("aviary"))
        words = journey.travel(world, written)
        refused = [entry for entry in world.operations() if entry["error_text"]]
        with opened_console() as console:
            pages.seen(world, console, written)
        shared = fresh_world(sandbox, tmp_path_factory.mktemp("shared"))
        papers = handed_in.every()
        finder = Finder(words | bucket.travel(shared, written) | planted.secrets(shared))
    return Searched(world, written, finder, shared, refused, papers)


def test_nothing_stands_where_it_may_not(searched: Searched) -> None:
    """No secret and nobody's data in any place that is not made for it."""
    assert list(searched.written.leaks(searched.finder)) == []


def test_no_place_was_forgotten(searched: Searched) -> None:
    """Something was written to every place of the table, and the people stand where they are to be read."""
    # what is heard or read for a while is gone when the journey ends
    left = set(MAY_HOLD) - {"a temporary file"}
    assert {place for place, _, content in searched.written.pieces if content} == left
    for place in ("a report", "a command that opens one person", "an export that a person asked for"):
        assert searched.written.held(searched.finder, place) >= {"name", "quote", "remark"}, place
    page = "a page for who may see people"
    assert searched.written.held(searched.finder, page) >= {"name", "email", "number", "quote"}
    for place in ("the connections file", "the key file"):
        assert searched.written.held(searched.finder, place) >= {planted.SECRET}


def test_every_kind_was_planted(searched: Searched) -> None:
    """Secrets of every connection that has one, of variables and of the key ring, and all that makes a person known."""
    kinds = {planted.kind(name) for name in searched.finder.words}
    assert kinds == {planted.SECRET, planted.LOGIN, *planted.PERSONAL}
    secrets = [name for name in searched.finder.words if planted.kind(name) == planted.SECRET]
    with_password = {
        name for name, stored in searched.world.sandbox.connections().items() if stored.get("password")
    }
    assert all(any(f" {name}." in secret for secret in secrets) for name in with_password - {"sap_rfc"})


def test_the_faults_were_met(searched: Searched) -> None:
    """The vendors did quote what they were sent, and refusals were kept without it."""
    errors = {(entry["target"], entry["error_text"]) for entry in searched.refused}
    assert {target for target, _ in errors} >= {"successfactors", "kingdee_cloud"}
    assert any("…" in text for _, text in errors)


def test_papers_were_read_and_refused(searched: Searched) -> None:
    """Each became an assessment, with a folder as with a bucket, or was set aside with its code."""
    for world in (searched.world, searched.shared):
        with world.hub() as hub, hub.ledger.read() as tx:
            found = [one.document.get("places") for one in documents.of_kind(tx, "yunxiu", "assessment")]
        assert found.count("paragraphs") == len(handed_in.READ)
    with searched.world.hub() as hub, hub.ledger.read() as tx:
        aside = {one.code for one in set_asides.find(tx, tenant="yunxiu")}
    assert aside >= {"XML_ENTITIES_FORBIDDEN", "DOC_ACTIVE_CONTENT", "DOC_DAMAGED"}


def test_a_paper_in_the_clear_would_be_found(searched: Searched) -> None:
    """Packed as its format packs it, and cut into runs."""
    for key in handed_in.READ:
        found = searched.finder.find(searched.papers[key])
        assert found >= {f"phone {key}", f"number {key}", f"quote {key}"}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("name", WORDS)
def test_a_word_is_found_however_it_is_written(name: str, disguise: str) -> None:
    """Between other bytes."""
    content = DISGUISES[disguise](WORDS[name])
    assert name in Finder(WORDS).find(content)
    if disguise in ("raw", "JSON", "gzip"):
        noise = bytes(range(128, 256)) * 20
        assert name in Finder(WORDS).find(noise + content + noise)


def test_digits_inside_of_other_digits_are_another_number() -> None:
    """An id that happens to contain an employee number is no leak."""
    assert not Finder(WORDS).find(b"id 1773158902, 773158901 and 77315889")
    assert Finder(WORDS).find(b"id 77315890, hash") == {"number x"}


@pytest.mark.parametrize("place", MAY_HOLD)
def test_a_leak_is_found_in_every_place(place: str) -> None:
    """Of each kind that may not stand there."""
    forbidden = [name for kind, name in ONES.items() if kind not in MAY_HOLD[place]]
    for name in forbidden:
        written = Written()
        written.add(place, "somewhere", "before " + WORDS[name] + " after")
        assert list(written.leaks(Finder(WORDS))) == [f"{place} (somewhere) holds {name}"]


FILES = {
    "state/ledger.db-wal": "the ledger", "state/archive/2026-01.db": "the ledger", "state/budget/x.json": "the state folder",
    "state/exchanges/hr/1.json": "a kept exchange", "state/recordings/1": "a recording", "logs/serve.log": "a log",
    "tmp/left": "a temporary file", "out/backup.db.keys": "a backup", "out/lineage.jsonl": "lineage",
    "out/metrics.prom": "metrics", "home/mappings/targets/x.json": "the mapping files", "anything": "a file for auditors",
    "state/reports/yunxiu/1.html": "a report", "out/anchors/heads": "heads of the audit chains",
}  # fmt: skip


@pytest.mark.parametrize("path", FILES)
def test_a_leak_in_a_file_is_found_by_its_path(path: str, tmp_path: Path) -> None:
    """In what it holds and in what it is called."""
    secret = WORDS[f"{planted.SECRET} of this test"]
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(base64.b64encode(f"trivet:{secret}".encode()))
    (file.parent / WORDS["email x"]).mkdir()
    written = Written()
    written.add_files(tmp_path)
    found = list(written.leaks(Finder(WORDS)))
    assert f"{FILES[path]} ({path}) holds {planted.SECRET} of this test" in found
    assert any(line.startswith("a file's name") and line.endswith("holds email x") for line in found)


def test_a_leak_in_a_log_and_in_a_child_is_heard(tmp_path: Path) -> None:
    """What is logged, however unimportant, and what a child is started with."""
    secret = WORDS[f"{planted.SECRET} of this test"]
    written = Written()
    with journey.logged(tmp_path / "log"), journey.children(written):
        logging.getLogger("some.library").debug("%s", {"password": secret})
        subprocess.run([sys.executable, "-c", "pass", secret], env={"TOKEN": secret}, check=True)
    written.add("a log", "log", (tmp_path / "log").read_bytes())
    places = {line.partition(" (")[0] for line in written.leaks(Finder(WORDS))}
    assert places == {"a log", "a child's command line", "a child's environment"}
