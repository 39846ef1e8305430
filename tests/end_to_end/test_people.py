"""People around a delivery: consent, waiting for a number, withdrawal, going live step by step."""

import sqlite3
from datetime import timedelta
from typing import Any

from conftest import World

from trivet.flow import steps


def test_without_consent_nothing_is_downloaded_or_scored(world: World) -> None:
    """The recording of a person who did not agree to scoring is never asked for."""
    batch_id = world.night()
    state = world.held("feishu_hire")
    talent = next(t for t in state["talent"].values() if t["basic_info"]["name"] == "高翔")
    application = next(a for a in state["application"].values() if a["talent_id"] == talent["id"])
    attachment = f"/attachments/6950{application['id'][4:]}"
    assert not [call for call in world.calls("feishu_hire") if attachment in call["path"]]
    asides = world.summary(batch_id)["set_aside"]
    assert [a["code"] for a in asides] == ["CONSENT_MISSING"]
    assert application["id"] in asides[0]["place"]
    assert not [note for note in state["note"] if note["talent_id"] == talent["id"]]


def test_a_withdrawn_consent_stops_what_comes(world: World) -> None:
    """Who takes the consent to sharing back gets nothing more sent to an ERP."""
    world.change("feishu_hire", what="consent", candidate="be1", withdraw="share_erp")
    batch_id = world.night()
    assert "10000101" not in {e["cust_userId"] for e in world.held("successfactors")["cust_TalentPoolEntry"]}
    assert sorted(a["stage"] for a in world.summary(batch_id)["set_aside"]) == ["consent", "consent_share"]


def test_a_consent_withdrawn_later_takes_back_what_was_shared(world: World) -> None:
    """The next night finds it gone from her record: nothing of her stays in an ERP, and nothing more is sent."""

    def entries() -> list[Any]:
        return [
            e for e in world.held("successfactors")["cust_TalentPoolEntry"] if e["cust_userId"] == "10000101"
        ]

    world.night()
    assert entries()
    world.change("feishu_hire", what="consent", candidate="be1", withdraw="share_erp")
    batch_id = world.night()
    assert entries() == []
    assert [a["stage"] for a in world.summary(batch_id)["set_aside"]] == ["consent_share"]
    assert {o["kind"] for o in world.operations(batch_id=batch_id)} == {"delete"}


def test_who_is_hired_later_gets_the_waiting_result(world: World) -> None:
    """The course waits for the employee number and goes out in the night after it is known."""
    world.night()
    assert {o["state"] for o in world.operations(target="kingdee_cloud")} == {"confirmed", "waiting_identity"}
    world.change(
        "kingdee_cloud",
        form="BD_Empinfo",
        insert={"FNumber": "10000203", "FName": "吴敏", "FDocumentStatus": "C"},
    )
    world.change("feishu_hire", what="hire", candidate="ae3", employee_number="10000203")
    world.night()
    assert "10000203" in {p["FStaffNumber"] for p in world.held("kingdee_cloud")["PAEZ_TrainingPlan"]}
    assert {o["state"] for o in world.operations(target="kingdee_cloud")} == {"confirmed"}


def unsent(world: World, target: str) -> list[tuple[str, int]]:
    """State and number of sealed contents of the target's operations for people without a number."""
    with sqlite3.connect(world.state / "ledger.db") as db:
        rows = db.execute(
            "SELECT state, (SELECT count(*) FROM content WHERE content.operation_id = operation.id) FROM operation "
            "WHERE target = ? AND state IN ('waiting_identity', 'cancelled')",
            (target,),
        )
        return rows.fetchall()


def test_a_withdrawal_cancels_and_erases_what_waits(world: World) -> None:
    """The person withdraws before being hired: the waiting operation ends, its payload is gone."""
    world.night()
    ((state, contents),) = unsent(world, "kingdee_cloud")
    assert (state, contents > 0) == ("waiting_identity", True)
    world.change("feishu_hire", what="stage", candidate="ae3", stage="withdrawn")
    world.night()
    assert unsent(world, "kingdee_cloud") == [("cancelled", 0)]


def test_waiting_ends_with_its_term(world: World) -> None:
    """Nobody's result waits for ever: after the flow's term it is cancelled and erased."""
    world.night()
    world.clock.forward(days=181)
    world.night()
    assert unsent(world, "successfactors") == [("cancelled", 0)]
    assert unsent(world, "kingdee_cloud") == [("cancelled", 0)]


def test_a_dry_run_shows_everything_and_sends_nothing(world: World) -> None:
    """Every operation is shown; no ERP sees a write; the next real night sends them all."""
    with world.hub() as hub:
        batch_id = steps.pull(hub, world.flow, "dry")
        for shard in range(2):
            steps.score(hub, batch_id, shard, 2)
        rows = steps.plan_only(hub, batch_id)
    assert len(rows) == 26
    assert not [call for name in world.sandbox.servers for call in world.writes(name)]
    assert world.operations() == []
    assert world.night() == batch_id
    assert len(world.operations()) == 26


def test_before_the_cut_over_date_nothing_is_pushed(world: World) -> None:
    """Everything is planned and held; the first night from the date on sends it."""
    day = (world.clock() + timedelta(days=2)).date().isoformat()
    world.edit_flow(lambda flow: flow["going_live"].update(cut_over=day))
    world.night()
    assert not [call for name in world.sandbox.servers for call in world.writes(name)]
    assert {o["state"] for o in world.operations()} == {"planned", "waiting_identity"}
    world.clock.forward(days=3)
    world.night()
    assert {o["state"] for o in world.operations()} == {"confirmed", "waiting_identity"}


def test_the_first_nights_are_capped(world: World) -> None:
    """At most so many people a night; the others follow in the next nights, nobody is lost."""
    today = world.clock().date().isoformat()
    world.edit_flow(
        lambda flow: flow.update(going_live={"cut_over": today, "first_nights": {"nights": 2, "persons": 4}})
    )
    world.night()
    sent = {o["subject_ref"] for o in world.operations(state="confirmed")}
    assert len(sent) == 4
    world.clock.forward(days=3)
    world.night()
    assert {o["state"] for o in world.operations()} == {"confirmed", "waiting_identity"}


def test_the_cap_counts_the_people_of_a_day(world: World) -> None:
    """A second run on the same day, or what an HR system tells in between, begins nobody else."""
    capped = {"cut_over": world.noon().isoformat(), "first_nights": {"nights": 2, "persons": 3}}
    world.edit_flow(lambda flow: flow.update(going_live=capped))
    counts = []
    for _ in range(2):
        world.night()
        counts.append(len({o["subject_ref"] for o in world.operations() if o["attempts"]}))
    world.clock.forward(days=1)
    world.night()
    counts.append(len({o["subject_ref"] for o in world.operations() if o["attempts"]}))
    assert counts == [3, 3, 6]


def test_personal_payloads_are_sealed(world: World) -> None:
    """No name, mail, number or quote of a person can be read in the ledger's file."""
    world.night()
    raw = b"".join(f.read_bytes() for f in world.state.glob("ledger.db*"))
    for secret in (
        "林晓雨",
        "lin.xiaoyu@example.org",
        "10000201",
        "我先和班组",
        "emma.clarke",
        "服务意识 9",
    ):
        assert secret.encode() not in raw
