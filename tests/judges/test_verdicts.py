"""The list of exceptions neither hides a failure nor outlives its reason, and the archives are the pinned ones."""

from typing import Any

import pytest
from judges import sdists
from judges.sdists import NotThere, fetched
from judges.verdicts import Reason, Verdict, complaints, listed

GOOD, BAD = Verdict("good", True, ""), Verdict("bad", False, "wants 1, got 2")


def told(verdicts: Any, *names: str) -> list[str]:
    """The complaints where those cases are listed."""
    return complaints(verdicts, [Reason("because", "因为", names)])


def test_listed_failures_are_accepted():
    """A failure with a reason is no complaint."""
    assert told([GOOD, BAD], "bad") == []


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ((), "bad: wants 1, got 2"),
        (("bad", "good"), "good: listed, but passes: take it off exceptions.yaml"),
        (("bad", "gone"), "gone: listed, but no case of the suite"),
        (("bad", "bad"), "bad: listed twice"),
    ],
)
def test_the_list_is_exact(names, complaint):
    """Unlisted failures, stale lines, unknown names and repetitions are told."""
    assert told([GOOD, BAD], *names) == [complaint]


def test_one_name_is_one_case():
    """Two cases of one name could hide each other."""
    assert told([GOOD, GOOD]) == ["good: two cases of this name"]


def test_every_reason_is_in_both_languages():
    """The pages are written from them."""
    entries = [
        entry for part in listed().values() for entry in (part.values() if isinstance(part, dict) else part)
    ]
    assert all(entry["en"] and entry["zh"] for entry in entries)


def test_other_bytes_are_not_read(tmp_path, monkeypatch):
    """An archive that is not the pinned one is fetched anew, and refused where that gives no other."""
    monkeypatch.setattr(sdists, "_download", lambda cache: None)
    for archive in sdists.archives(tmp_path).values():
        archive.file.write_bytes(b"something else")
    with pytest.raises(NotThere, match=r"is not the file that requirements-judges.lock pins"):
        fetched(tmp_path)


def test_no_index_is_a_reason_to_skip(tmp_path, monkeypatch):
    """Without a package index the reason is told, and nothing is left in the cache."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(NotThere, match="jsonata2py"):
        fetched(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pages_say_what_the_suites_say(archives, language):
    """Versions, counts and every exception with its reason; `make judges` writes them."""
    from scripts.judges import PAGES, suites, table, why

    judged, page = suites(archives), PAGES[language].read_text(encoding="utf-8")
    assert "\n".join([table(judged, language), *why(judged, language)]) in page
