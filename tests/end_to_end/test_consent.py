"""No step runs without consent, or beyond a border: looked at when each step begins, and again before anything leaves."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, World
from sqlalchemy import update

from trivet.flow import steps
from trivet.flow.hub import Hub
from trivet.flow.privacy import retention
from trivet.ledger import tables


def rule(world: World, name: str, data: str) -> None:
    """A site's rules about data."""
    file = world.home / "mappings" / "sites" / f"{name}.yaml"
    said = (ROOT / "mappings" / "sites" / f"{name}.yaml").read_text(encoding="utf-8")
    file.write_text(f"{said}\ndata: {data}\n", encoding="utf-8")


def take_back(hub: Hub, purpose: str) -> None:
    """Everybody takes this consent back, as another run heard it meanwhile."""
    with hub.ledger.begin() as tx:
        tx.conn.execute(update(tables.consent).filter_by(purpose=purpose).values(withdrawn_at=tx.stamp))


def up_to(world: World, hub: Hub, *names: str) -> str:
    """The steps of a night so far."""
    batch_id = steps.pull(hub, world.flow, "test")
    if "score" in names:
        steps.score(hub, batch_id, 0, 1)
    if "decide" in names:
        steps.decide(hub, batch_id)
    return batch_id


def codes(world: World, batch_id: str) -> set[str]:
    """Why things were set aside."""
    return {row["code"] for row in world.summary(batch_id)["set_aside"]}


@pytest.mark.parametrize("purpose", ["record", "ai_score"])
def test_what_was_taken_back_before_scoring_is_not_fetched(world: World, purpose: str) -> None:
    """No link is asked for, no file lies there, nobody is scored."""
    with world.hub() as hub:
        batch_id = up_to(world, hub)
        take_back(hub, purpose)
        assert steps.score(hub, batch_id, 0, 1).counts.get("scored", 0) == 0
        assert not Path(hub.settings.recordings).exists()
    assert codes(world, batch_id) >= {"CONSENT_MISSING"}


def test_what_was_taken_back_in_the_middle_of_a_batch_goes_nowhere(world: World) -> None:
    """After the decision and before the push: not a byte to an ERP, cancelled with its reason, and said to a person."""
    with world.hub() as hub:
        batch_id = up_to(world, hub, "score", "decide")
        take_back(hub, "share_erp")
        before = {name: len(world.writes(name)) for name in ("successfactors", "kingdee_cloud")}
        for target in before:
            steps.push(hub, batch_id, target)
    assert {name: len(world.writes(name)) for name in before} == before
    assert "CONSENT_MISSING" in codes(world, batch_id)
    ours = [row for row in world.operations() if row["target"] in before]
    assert {row["state"] for row in ours} == {"cancelled"}


def test_nothing_is_made_of_scores_that_were_taken_back(world: World) -> None:
    """Scored, then taken back: no decision, no write-back."""
    with world.hub() as hub:
        batch_id = up_to(world, hub, "score")
        take_back(hub, "ai_score")
        assert steps.decide(hub, batch_id) == {}


def test_a_border_is_kept_by_scorers_and_targets(world: World) -> None:
    """Refused before any byte, set aside with its code; what may go goes; when the rule changes the next night sends the rest."""
    rule(world, "cn", "{region: CN, may_go_to: [HK]}")
    regions = {"kingdee_cloud": "CN", "feishu_hire": "CN", "successfactors": "US"}
    scorers = ("script_reader", "behaviour_baseline", "terms_engineering", "terms_sales", "terms_finance")
    lead_to(world, regions | dict.fromkeys(scorers, "here"))
    batch_id = world.night()
    assert "RESIDENCY_BLOCKED" in codes(world, batch_id)
    blocked = [row for row in world.summary(batch_id)["set_aside"] if row["code"] == "RESIDENCY_BLOCKED"]
    refs = {row["subject_ref"] for row in blocked}
    abroad = {row["subject_ref"] for row in world.operations() if row["target"] == "successfactors"}
    assert refs
    assert not refs & abroad
    assert {row["target"] for row in world.operations() if row["subject_ref"] in refs} >= {"kingdee_cloud"}
    # a rule that came between planning and sending
    rule(world, "cn", "{region: CN, may_go_to: [US]}")
    with world.hub() as hub:
        batch_id = up_to(world, hub, "score", "decide")
        rule(world, "cn", "{region: CN}")
        calls = len(world.writes("successfactors"))
        steps.push(hub, batch_id, "successfactors")
    assert len(world.writes("successfactors")) == calls
    rule(world, "cn", "{region: CN, may_go_to: [US]}")
    world.night()
    assert refs <= {
        row["subject_ref"] for row in world.operations(target="successfactors", state="confirmed")
    }


def lead_to(world: World, regions: dict[str, str]) -> None:
    """The connections say where they lead."""
    import json

    known: dict[str, Any] = json.loads(world.settings.connections.read_text())
    for name, region in regions.items():
        known[name]["extra"]["region"] = region
    world.settings.connections.write_text(json.dumps(known))


def test_a_consent_taken_back_erases_where_the_site_says_so(world: World) -> None:
    """Told by the HR system: what was delivered is taken back, what is stored is gone; elsewhere a case asks."""
    world.night()
    rule(world, "cn", "{region: CN, withdrawal: erase}")
    rule(world, "global", "{region: CN}")
    held = {row["subject_ref"]: row["target"] for row in world.operations(state="confirmed")}
    assert held
    with world.hub() as hub:
        withdraw(hub, held)
        batch_id = up_to(world, hub)
    ended = {row["subject_ref"] for row in world.operations() if row["state"] == "compensated"}
    assert ended
    told = {case["code"] for case in world.summary(batch_id)["cases"]} | cases(world)
    assert "CONSENT_WITHDRAWN" in told


def cases(world: World) -> set[str]:
    """Codes of the open cases."""
    from trivet.ledger import cases as store

    with world.hub() as hub, hub.ledger.read() as tx:
        return {entry.code for entry in store.find(tx)}


def withdraw(hub: Hub, subject_refs: Iterable[str]) -> None:
    """The next run hears that these people took everything back."""
    with hub.ledger.begin() as tx:
        for ref in subject_refs:
            tx.conn.execute(update(tables.consent).filter_by(subject_ref=ref).values(withdrawn_at=tx.stamp))
            here = update(tables.document).filter_by(subject_ref=ref, kind="consent")
            tx.conn.execute(here.values(changed_batch="next night"))


def test_what_was_kept_long_enough_ends(world: World, tmp_path: Path) -> None:
    """Recordings first, then the person; a hold stops it; what no rule names stays."""
    del tmp_path
    world.night()
    rule(
        world, "cn",
        "{region: CN, retention: [{data: recordings, purpose: recruiting, days: 90}, "
        "{data: person, purpose: recruiting, days: 365}]}",
    )  # fmt: skip
    with world.hub() as hub:
        assert retention.run(hub) == []
        files = len(list(Path(hub.settings.recordings).iterdir()))
    world.clock.forward(days=100)
    with world.hub() as hub:
        said = retention.run(hub)
        assert {row["data"] for row in said} == {"recordings"}
        assert len(list(Path(hub.settings.recordings).iterdir())) == files - len(said)
        assert retention.run(hub) == []
    world.clock.forward(days=300)
    with world.hub() as hub:
        refs = [row["subject_ref"] for row in retention.run(hub, dry_run=True)]
        retention.hold(hub, refs[0], reason="case", actor="wang.wei")
        ended = retention.run(hub)
        assert {row["subject_ref"] for row in ended} == set(refs[1:])
        assert {row["state"] for row in ended} <= {"erased", "waits"}
