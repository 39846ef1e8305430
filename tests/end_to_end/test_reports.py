"""Reports of a night: on the shelf, by command, and in the mail, once each, whatever goes wrong between."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import rows, run, trivet
from postbox import Mailbox, mail_server

from trivet.flow import steps

HR, BOSS = "hr@yunxiu.example", "boss@yunxiu.example"
ENGINEER = "10000101"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Mailbox]:
    """A mail server."""
    with mail_server(tmp_path / "mail") as made:
        yield made


def reports(world: World, **settings: Any) -> None:
    """The flow makes reports so."""
    world.edit_flow(lambda flow: flow.update(reports=settings))


def mailed(world: World, box: Mailbox, **more: Any) -> None:
    """The flow mails reports to HR, as HTML for the sake of speed."""
    world.connect(mail=box.connection())
    reports(world, mail={"connection": "mail", "to": [HR], "format": "html", **more})


def shelf(world: World) -> dict[str, str]:
    """What lies in the state folder."""
    return {file.name: file.read_text() for file in (world.state / "reports" / "yunxiu").glob("*.html")}


def conclude(world: World, batch_id: str) -> None:
    """The night's last step, once more."""
    with world.hub() as hub:
        steps.conclude(hub, batch_id)


def codes(world: World, batch_id: str) -> set[str]:
    """Why something of reports was set aside."""
    return {row["code"] for row in world.summary(batch_id)["set_aside"] if row["stage"] == "report"}


class TestShelf:
    """Files in the state folder."""

    def test_every_assessment_has_its_report(self, world: World) -> None:
        """In the position's language, readable by this account alone; a candidate's version only where the flow allows it."""
        reports(world)
        world.night()
        found = shelf(world)
        scored = world.held("feishu_hire")["note"]
        assert len(found) == len(scored) > 5
        assert any("胜任力得分" in text for text in found.values())
        assert any("Competency scores" in text for text in found.values())
        assert not [name for name in found if "candidate" in name]
        folder = world.state / "reports" / "yunxiu"
        assert folder.stat().st_mode & 0o077 == 0
        assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())

    def test_without_a_word_in_the_flow_there_is_none(self, world: World) -> None:
        """No report lies about that nobody asked for."""
        world.edit_flow(lambda flow: flow.pop("reports", None))
        world.night()
        assert not (world.state / "reports").exists()

    def test_who_is_rejected_or_takes_the_consent_back_has_none_any_more(self, world: World) -> None:
        """The next night sweeps."""
        reports(world, candidate=True, contact="hr@yunxiu.example")
        world.night()
        before = shelf(world)
        world.change("feishu_hire", what="consent", candidate="be1", withdraw="ai_score")
        world.night()
        after = shelf(world)
        assert len(before) - len(after) == 2
        assert set(after) < set(before)

    def test_a_new_recording_makes_a_new_report(self, world: World) -> None:
        """In the old one's place."""
        reports(world)
        world.night()
        before = shelf(world)
        world.speak(
            "be1", "We kept the customer informed. I apologised to the customer. I learned from the mistake."
        )
        world.night()
        after = shelf(world)
        assert set(after) == set(before)
        assert sum(after[name] != before[name] for name in after) == 1


class TestMail:
    """Letters."""

    def test_each_report_is_mailed_once(self, world: World, box: Mailbox) -> None:
        """However often the night or its last step runs; neither subject nor text says name or score."""
        mailed(world, box)
        batch_id = world.night()
        sent = len(box.letters)
        assert sent == len(world.held("feishu_hire")["note"])
        conclude(world, batch_id)
        world.night()
        assert len(box.letters) == sent
        for to, message in box.letters:
            assert to == [HR]
            body = message.get_body()
            assert body is not None
            told = f"{message['subject']} {body.get_content()}"
            (enclosed,) = message.iter_attachments()
            content = enclosed.get_content()
            assert isinstance(content, str)
            name = content.split("<h1>")[1].split("</h1>")[0]
            assert name not in told
            assert not any(f"{n / 10:.1f}" in told for n in range(101))

    def test_a_pdf_is_enclosed_where_nobody_says_otherwise(self, world: World, box: Mailbox) -> None:
        """The first bytes say so."""
        world.connect(mail=box.connection())
        reports(world, mail={"connection": "mail", "to": [HR]})
        world.night()
        (enclosed,) = box.letters[0][1].iter_attachments()
        assert enclosed.get_content().startswith(b"%PDF-")

    def test_a_server_that_is_down_costs_nothing(self, world: World, box: Mailbox, tmp_path: Path) -> None:
        """The night ends well, says what waits, and the next one sends it: never lost, never twice."""
        mailed(world, box)
        world.connect(mail=box.connection() | {"port": 1})
        batch_id = world.night()
        assert world.summary(batch_id)["state"] in ("confirmed", "partly_confirmed")
        assert codes(world, batch_id) == {"MAIL_WAITS"}
        world.connect(mail=box.connection())
        second = world.night()
        assert codes(world, second) == set()
        assert len(box.letters) == len(world.held("feishu_hire")["note"])
        world.night()
        assert len(box.letters) == len(world.held("feishu_hire")["note"])

    def test_a_wrong_password_stops_at_the_first_letter(self, world: World, box: Mailbox) -> None:
        """An account is not locked by a night of wrong passwords."""
        mailed(world, box)
        world.connect(mail=box.connection() | {"password": "wrong"})
        batch_id = world.night()
        assert codes(world, batch_id) == {"MAIL_WAITS"}
        said = {row["message"] for row in world.summary(batch_id)["set_aside"] if row["stage"] == "report"}
        assert any("user or password are wrong" in text for text in said)
        assert box.sign_ins <= 2  # one letter, and a mechanism after the other

    def test_one_refused_recipient(self, world: World, box: Mailbox) -> None:
        """The others have it; the refused one is named by count and code, and gets it when a person mended that."""
        mailed(world, box, to=[HR, BOSS])
        box.refuse[BOSS] = "550 5.1.1 <boss@yunxiu.example> unknown"
        batch_id = world.night()
        assert codes(world, batch_id) == {"MAIL_REFUSED"}
        assert BOSS not in json.dumps(world.summary(batch_id))
        assert all(to == [HR] for to, _ in box.letters)
        sent = len(box.letters)
        box.refuse.clear()
        (row,) = rows(world, "report", "mail", ENGINEER, "--again")
        assert row["letters"] == {"sent": 2}
        assert [to for to, _ in box.letters[sent:]] == [[BOSS]]

    def test_a_lost_answer_is_not_sent_again_by_itself(self, world: World, box: Mailbox) -> None:
        """It may have arrived: a person looks, and says so."""
        mailed(world, box)
        box.lose_answer = True
        batch_id = world.night()
        sent = len(box.letters)
        assert codes(world, batch_id) == {"MAIL_UNKNOWN"}
        box.lose_answer = False
        world.night()
        assert len(box.letters) == sent
        (row,) = rows(world, "report", "mail", ENGINEER, "--again")
        assert row["letters"] == {"sent": 1}
        assert len(box.letters) == sent + 1

    def test_a_letter_whose_process_was_killed_is_unknown(self, world: World, box: Mailbox) -> None:
        """Claimed, and never heard of again."""
        from sqlalchemy import update

        from trivet.ledger.tables import mailing

        mailed(world, box)
        world.connect(mail=box.connection() | {"port": 1})
        world.night()
        world.connect(mail=box.connection())
        with world.hub() as hub, hub.ledger.begin() as tx:
            tx.conn.execute(update(mailing).values(state="sending"))
        batch_id = world.night()
        assert box.letters == []
        assert codes(world, batch_id) == set()
        world.clock.forward(hours=2)
        assert codes(world, world.night()) == {"MAIL_UNKNOWN"}
        assert box.letters == []

    def test_interviewers_get_theirs(self, world: World, box: Mailbox) -> None:
        """Where the flow says so and the HR system's mapping names them; what is no address gets nothing."""
        file = world.home / "mappings" / "feishu_hire" / "interview.yaml"
        named = '  ext: {expr: \'{"interviewer_emails": ["zhou@yunxiu.example", "evil@x.example\\r\\nBcc: a@b.example"]}\'}\n'
        file.write_text(file.read_text() + named)
        mailed(world, box, interviewers=True)
        batch_id = world.night()
        assert box.letters
        assert {tuple(to) for to, _ in box.letters} == {(HR, "zhou@yunxiu.example")}
        assert codes(world, batch_id) == {"MAIL_ADDRESS"}

    def test_who_is_not_to_be_reported_on_any_more_is_not(self, world: World, box: Mailbox) -> None:
        """What waited for the mail server is not sent after the consent is gone."""
        mailed(world, box)
        world.connect(mail=box.connection() | {"port": 1})
        world.night()
        world.connect(mail=box.connection())
        world.change("feishu_hire", what="consent", candidate="be1", withdraw="ai_score")
        world.night()
        assert len(box.letters) == len(world.held("feishu_hire")["note"]) - 1


class TestCommand:
    """`trivet report`."""

    def test_a_person_an_interview_an_application(self, world: World, tmp_path: Path) -> None:
        """Each finds the same report; it is written where the user says."""
        world.night()
        (made,) = rows(world, "report", ENGINEER, "--out", str(tmp_path))
        text = Path(made["file"]).read_text()
        assert "<!doctype html>" in text
        assert Path(made["file"]).stat().st_mode & 0o077 == 0
        (again,) = rows(
            world, "report", made["interview"], "--format", "pdf", "--language", "zh", "--out", str(tmp_path)
        )
        assert Path(again["file"]).read_bytes().startswith(b"%PDF-")
        assert again["language"] == "zh"
        (found,) = rows(world, "report", "make", f"{made['interview']}/assessment", "--out", str(tmp_path))
        assert found["reference"] == made["reference"]

    def test_an_interviewers_own_remarks(self, world: World, tmp_path: Path) -> None:
        """As soon as they are given; what looks like markup in them is text."""
        world.night()
        (made,) = rows(world, "report", ENGINEER, "--out", str(tmp_path))
        words = ("--by", "Li Na", "--score", "teamwork=7", "--remarks", "Calm <b>and</b> clear")
        rows(world, "judgement", "add", made["interview"], *words)
        (again,) = rows(world, "report", ENGINEER, "--out", str(tmp_path))
        assert "Calm &lt;b&gt;and&lt;/b&gt; clear" in Path(again["file"]).read_text()

    def test_a_candidates_version_needs_a_policy(self, world: World, tmp_path: Path) -> None:
        """Refused with the cure, then made."""
        world.edit_flow(lambda flow: flow.pop("reports", None))
        world.night()
        said = trivet(world, "report", ENGINEER, "--for", "candidate", "--out", str(tmp_path), exits=2)
        assert "REPORT_POLICY" in said
        assert "candidate: true" in said
        assert not list(tmp_path.glob("feedback*"))
        reports(world, candidate=True, contact="+86 21 5555 0100")
        (made,) = rows(
            world, "report", ENGINEER, "--for", "candidate", "--language", "en", "--out", str(tmp_path)
        )
        assert "write to +86 21 5555 0100" in Path(made["file"]).read_text()

    def test_nobody_and_nothing(self, world: World, tmp_path: Path) -> None:
        """Said with a code and a cure."""
        world.night()
        assert "PERSON_UNKNOWN" in trivet(world, "report", "no one", "--out", str(tmp_path), exits=2)
        world.change("feishu_hire", what="consent", candidate="be1", withdraw="ai_score")
        world.night()
        assert "REPORT_NONE" in trivet(world, "report", ENGINEER, "--out", str(tmp_path), exits=2)

    def test_a_flow_that_mails_nothing(self, world: World) -> None:
        """Says how it would."""
        world.night()
        assert "REPORT_MAIL" in trivet(world, "report", "mail", ENGINEER, exits=2)

    def test_doctor_signs_in_at_the_mail_server(self, world: World, box: Mailbox) -> None:
        """As at every other system."""
        mailed(world, box)
        run(world, "doctor")
        world.connect(mail=box.connection() | {"password": "wrong"})
        assert "user or password are wrong" in trivet(world, "doctor", exits=1)
