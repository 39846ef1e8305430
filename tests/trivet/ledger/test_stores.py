"""The small stores: what goes in comes out, once, opened, and for the right tenant."""

import pytest
from sqlalchemy import select

from trivet.ledger import (
    Ledger,
    batches,
    cases,
    cursors,
    documents,
    inbox,
    people,
    recordings,
    records,
    scorings,
    set_asides,
)
from trivet.ledger.batches import Batch
from trivet.ledger.documents import NewDocument
from trivet.ledger.ledger import Transaction
from trivet.ledger.people import Consent, Identity
from trivet.ledger.set_asides import SetAside
from trivet.ledger.tables import inbound
from trivet.ledger.times import stamp
from trivet.model import Cursor, Event, Record


def kept(tx: Transaction, batch: Batch, **versions: str) -> list[str]:
    """Those of these records (id and version) that were fresh, and are kept now as they came."""
    pulled = [Record(name, version, {"id": name, "v": version}) for name, version in versions.items()]
    fresh = records.fresh(tx, batch, "hr", "talents", pulled)
    records.keep(tx, batch, fresh.records)
    return [entry.external_id for entry in fresh.records]


def where(batch: Batch) -> dict[str, str]:
    """The key of the talents' cursor."""
    return {"tenant": batch.tenant, "flow": batch.flow, "connection": "hr", "stream": "talents"}


def test_known_versions_change_nothing(ledger: Ledger, batch: Batch) -> None:
    """New and changed records are fresh; whose a record is stays known."""
    with ledger.begin() as tx:
        assert kept(tx, batch, a="1", b="1") == ["a", "b"]
        waiting = records.untranslated(tx, batch.id, "talents")
        assert {entry.external_id: entry.document["v"] for entry in waiting} == {"a": "1", "b": "1"}
        theirs = [e._replace(state="translated", subject_ref=f"p-{e.external_id}") for e in waiting]
        records.keep(tx, batch, theirs)
        assert records.untranslated(tx, batch.id) == []
    with ledger.begin() as tx:
        assert kept(tx, batch, a="1", b="2", c="1") == ["b", "c"]
        again = records.untranslated(tx, batch.id)
        assert {(entry.external_id, entry.subject_ref) for entry in again} == {("b", "p-b"), ("c", None)}


def test_more_records_than_one_statement_takes(ledger: Ledger, batch: Batch) -> None:
    """All of them are kept, and known again."""
    many = {f"n{n}": "1" for n in range(1203)}
    with ledger.begin() as tx:
        kept(tx, batch, **many)
        assert len(records.untranslated(tx, batch.id, limit=2000)) == 1203
        assert kept(tx, batch, **many) == []


def test_set_aside_records_can_be_replayed(ledger: Ledger, batch: Batch) -> None:
    """After a mapping was mended the same stored record is translated again, but one whose contents are not kept."""
    with ledger.begin() as tx:
        kept(tx, batch, a="1", b="1")
        entry, empty = records.untranslated(tx, batch.id)
        records.keep(
            tx, batch, [entry._replace(state="set_aside"), empty._replace(state="set_aside", written=None)]
        )
        assert records.untranslated(tx, batch.id) == []
        records.replay(tx, batch.id, [entry.id, empty.id])
        assert [(again.id, again.document) for again in records.untranslated(tx, batch.id)] == [
            (entry.id, entry.document)
        ]


def test_a_reset_cursor_starts_from_the_beginning(ledger: Ledger, batch: Batch) -> None:
    """The chosen streams are forgotten, the others stay."""
    with ledger.begin() as tx:
        for stream in ("talents", "jobs"):
            cursors.put(tx, **where(batch) | {"stream": stream}, value=Cursor("c"))
        assert cursors.reset(tx, tenant="acme", flow="night", streams=["jobs"], actor="ann") == [
            ("hr", "jobs")
        ]
        assert [entry.stream for entry in cursors.show(tx, tenant="acme", flow="night")] == ["talents"]


def test_only_changed_documents_are_written(ledger: Ledger, batch: Batch) -> None:
    """Equal fingerprints change nothing, not even the batch that changed them last."""
    with ledger.begin() as tx:
        new = [
            NewDocument("candidate", "1", {"n": "Ann"}, "f1", "p1", "m1"),
            NewDocument("job", "1", {"t": 1}, "g1"),
        ]
        assert documents.put_many(tx, batch, new) == {("candidate", "1"), ("job", "1")}
        batches.close(tx, batch.id)
        later, _ = batches.open_or_resume(tx, tenant="acme", flow="night", run_key="r2", environment="test")
        changed = [NewDocument("candidate", "1", {"n": "Eve"}, "f2", "p1", "m2"), new[1]]
        assert documents.put_many(tx, later, changed) == {("candidate", "1")}
    with ledger.read() as tx:
        assert documents.changed_in(tx, later.id) == [("candidate", "1", "p1")]
        assert documents.get_many(tx, "acme", "candidate", ["1"])["1"].document == {"n": "Eve"}
        assert [entry.kind for entry in documents.changed_in(tx, batch.id, "job")] == ["job"]
        assert [entry.mapping_version for entry in documents.by_subject(tx, "acme", ["p1"])] == ["m2"]
        assert documents.ids_of(tx, "acme", ["p1"], "candidate") == {"1"}
        assert (
            documents.ids_of(tx, "other", ["p1"], "candidate")
            == documents.ids_of(tx, "acme", ["p1"], "job")
            == set()
        )
        assert documents.get(tx, "other", "candidate", "1") is None
        assert [entry.id for entry in documents.of_kind(tx, "acme", "job")] == ["1"]


def test_silence_is_no_consent(ledger: Ledger) -> None:
    """Granted and not withdrawn, for this purpose and tenant; anything else is no."""
    with ledger.begin() as tx:
        words = [
            Consent("yes", "score", "2026-01-01"),
            Consent("withdrawn", "score", "2026-01-01", "2026-02-01"),
            Consent("never", "score", None),
            Consent("other purpose", "record", "2026-01-01"),
        ]
        people.put_consents(tx, "acme", {word.subject_ref: [word] for word in words})
        asked = [word.subject_ref for word in words] + ["silent"]
        assert people.allowed(tx, "acme", asked, "score") == {"yes"}
        assert people.allowed(tx, "other", asked, "score") == set()
        people.put_consents(tx, "acme", {"yes": [Consent("yes", "score", "2026-01-01", "2026-03-01")]})
        assert people.allowed(tx, "acme", asked, "score") == set()
        assert people.consents_of(tx, "acme", "yes")[0].withdrawn_at == "2026-03-01"


@pytest.mark.parametrize("left", [[], [Consent("ann", "record", "2026-01-01")]])
def test_a_purpose_that_is_not_named_any_more_is_withdrawn(ledger: Ledger, left: list[Consent]) -> None:
    """A consent record is the person's whole word; of others it says nothing."""
    both = [
        Consent(name, purpose, "2026-01-01") for name in ("ann", "bob") for purpose in ("record", "score")
    ]
    with ledger.begin() as tx:
        people.put_consents(
            tx, "acme", {name: [w for w in both if w.subject_ref == name] for name in ("ann", "bob")}
        )
        people.put_consents(tx, "acme", {"ann": left})
        assert people.allowed(tx, "acme", ["ann", "bob"], "score") == {"bob"}
        assert people.allowed(tx, "acme", ["ann", "bob"], "record") == ({"ann", "bob"} if left else {"bob"})


def test_the_crosswalk_knows_people_by_every_id(ledger: Ledger) -> None:
    """Both ways, by tenant; an id that names somebody else already is returned, not overwritten."""
    with ledger.begin() as tx:
        ann = people.pseudonym(tx, "acme", "hr", "talent-1")
        assert (
            ann
            == people.pseudonym(tx, "acme", "hr", "talent-1")
            != people.pseudonym(tx, "acme", "hr", "talent-2")
        )
        known = [Identity(ann, "hr", "talent-1", "hr"), Identity(ann, "employee_number", "1001", "hr")]
        assert people.put_identities(tx, "acme", known, "hr") == []
        assert people.put_identities(tx, "acme", known, "hr") == []
        thief = Identity("p-other", "employee_number", "1001", "hr")
        assert people.put_identities(tx, "acme", [thief], "hr") == [thief]
        assert people.identifiers(tx, "acme", "employee_number", [ann, "p-other"]) == {ann: "1001"}
        assert people.subjects(tx, "acme", "employee_number", ["1001", "1002"]) == {"1001": ann}
        assert people.subjects(tx, "other", "employee_number", ["1001"]) == {}
        assert [entry.system for entry in people.identities_of(tx, "acme", ann)] == ["employee_number", "hr"]


def test_equal_scoring_work_is_remembered(ledger: Ledger) -> None:
    """An answer, a ticket that outlives the process, a refusal; a later word replaces an earlier one."""
    with ledger.begin() as tx:
        soon, later = stamp(tx.now), stamp(tx.now.replace(year=2030))
        given = [
            scorings.Scoring("k1", "terms", "i1", "done", "p1", answer={"terms": {"PLC编程": 3}}),
            scorings.Scoring("k2", "vendor", "i1", "pending", "p1", ticket="t-1", poll_at=soon),
            scorings.Scoring("k3", "vendor", "i2", "pending", "p2", ticket="t-2", poll_at=later),
        ]
        scorings.put_many(tx, "acme", given)
        assert scorings.get_many(tx, "acme", ["k1", "k9"]) == {"k1": given[0]}
        assert scorings.awaited(tx, "acme") == {"p1", "p2"}
        refused = scorings.Scoring(
            "k2", "vendor", "i1", "refused", "p1", code="MEDIA_EMPTY", message="no audio"
        )
        scorings.put_many(tx, "acme", [refused])
        assert {entry.state for entry in scorings.of_interviews(tx, "acme", {"i1": "p1"})} == {
            "done",
            "refused",
        }


def test_recordings_are_known_by_reference(ledger: Ledger) -> None:
    """Stored, replaced, by tenant."""
    with ledger.begin() as tx:
        one = recordings.Recording("r1", "fetched", "p1", "ab" * 32, "/x/r1.ogg", "audio/ogg", 12)
        recordings.put_many(
            tx, "acme", [one, recordings.Recording("r2", "refused", "p2", code="MEDIA_EMPTY")]
        )
        assert recordings.get_many(tx, "acme", ["r1"]) == {"r1": one}
        assert recordings.get_many(tx, "other", ["r1"]) == {}


def test_a_set_aside_item_is_listed_once_and_resolved(ledger: Ledger, batch: Batch) -> None:
    """The newest reason counts; an item that passes later disappears from the list, not from the history."""
    with ledger.begin() as tx:
        for code in ("FIELD_LENGTH", "FIELD_ENCODING"):
            set_asides.add_many(
                tx, batch, [SetAside("map", "goal", "a1", code, "too long", "/name", subject_ref="p1")]
            )
        assert [entry.code for entry in set_asides.find(tx, batch_id=batch.id)] == ["FIELD_ENCODING"]
        set_asides.resolve(tx, "acme", "map", "goal", ["a1"])
        assert set_asides.find(tx, batch_id=batch.id) == []
        assert len(set_asides.find(tx, tenant="acme", subject_ref="p1", resolved=True)) == 2


def test_a_case_is_opened_and_closed_by_a_person(ledger: Ledger, batch: Batch) -> None:
    """Who decided what, when, stays."""
    with ledger.begin() as tx:
        new = cases.NewCase("acme", "CONFLICT", "other content", batch.id, "REF-1", "erp", "p1")
        cases.open_many(tx, [new])
        assert cases.close_for(tx, "REF-1", decision="confirmed", actor="ann", note="looked") == 1
        assert cases.find(tx) == []
        [closed] = cases.find(tx, state="closed")
    assert (closed.decision, closed.decided_by, closed.note) == ("confirmed", "ann", "looked")


def test_an_event_is_kept_whatever_its_word_holds(ledger: Ledger) -> None:
    """Half a character and NUL, which databases refuse as text, are written out; the same event again is no other."""
    with ledger.begin() as tx:
        assert [inbox.put(tx, "hr", [Event("1", "a\0b\ud800")]) for _ in range(2)] == [1, 0]
        assert tx.conn.scalars(select(inbound.c.kind)).all() == [r"a\x00b\ud800"]
