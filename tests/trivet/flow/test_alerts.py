"""From what stands in the ledger to what people read, over real sockets."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trivet_sandbox
from postbox import Mailbox, mail_server
from sqlalchemy import insert, update

from trivet.connections import stored_connections
from trivet.errors import ConfigError
from trivet.flow.alerts import sending
from trivet.flow.alerts.definition import Quiet, load_alerting
from trivet.flow.alerts.happenings import last_due
from trivet.flow.alerts.watch import listed, watch
from trivet.flow.check import check_home
from trivet.flow.hub import Hub, open_hub
from trivet.ledger import approvals, batches, breakers, cases, shapes
from trivet.ledger.cases import NewCase
from trivet.ledger.shapes import Shape
from trivet.ledger.tables import batch, case
from trivet.ledger.times import stamp
from trivet.settings import Settings

HEAD = "# yaml-language-server: $schema=../schemas/alerts.schema.json\napiVersion: trivet/v1\nkind: Alerts\n"
FILE = (
    HEAD
    + """
environment: sandbox
channels:
  - {name: chat, connection: feishu_bot, language: zh}
  - {name: english, connection: slack_bot, language: en}
  - {name: letters, connection: mail, to: [hr-it@yunxiu.example], language: en}
routes:
  - {channels: [chat]}
  - {happenings: [breaker_open, run_failed], channels: [english, letters]}
"""
)
FLOW = """apiVersion: trivet/v1
kind: Flow
metadata: {name: night, title: Night}
tenant: acme
environment: sandbox
schedule: {cron: "0 1 * * *", timezone: Asia/Shanghai}
knows: [{connection: erp, mappings: {employees: [erp/employee]}}]
"""
NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
AIRFLOW = "https://airflow.example"


@dataclass
class Desk:
    """A deployment, its clock, and who reads its messages."""

    home: Path
    bots: Any
    box: Mailbox
    now: datetime = NOON

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """The deployment, opened."""
        state = self.home / "state"
        settings = Settings(self.home, state, f"sqlite:///{state}/ledger.db", state / "connections.json")
        with open_hub(settings, stored_connections(settings.connections, {}), lambda: self.now) as hub:
            yield hub

    def write(self, text: str) -> None:
        """The alerts file."""
        (self.home / "mappings" / "alerts.yaml").write_text(text)

    def look(self, **more: Any) -> dict[str, int]:
        """One look at everything."""
        with self.hub() as hub:
            return watch(hub, address=AIRFLOW, **more)

    def does(self, act: Callable[[Any], Any]) -> None:
        """Something in the ledger."""
        with self.hub() as hub, hub.ledger.begin() as tx:
            act(tx)

    def chats(self, vendor: str) -> list[str]:
        """What a group reads."""
        said = [body for _, body in self.bots.store.all("message") if body["vendor"] == vendor]
        return ["\n".join(body["lines"]) for body in said]

    def letters(self) -> list[str]:
        """Subject and text of each."""
        return [f"{m['subject']}\n{m.get_body().get_content()}" for _, m in self.box.letters]  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Mailbox]]:
    """Bots and a mail server."""
    folder = tmp_path_factory.mktemp("mail")
    with trivet_sandbox.start(["chat_bots"]) as sandbox, mail_server(folder / "mail") as box:
        yield sandbox["chat_bots"], box


@pytest.fixture
def desk(servers: tuple[Any, Mailbox], tmp_path: Path) -> Desk:
    """A deployment with one flow, three channels and nothing wrong."""
    bots, box = servers
    bots.store.clear()
    bots.seed()
    bots.faults.clear()
    box.letters.clear()
    (tmp_path / "mappings" / "flows").mkdir(parents=True)
    (tmp_path / "mappings" / "flows" / "night.yaml").write_text(FLOW)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "connections.json").write_text(
        json.dumps({**bots.connections(), "mail": box.connection()})
    )
    made = Desk(tmp_path, bots, box)
    made.write(FILE)
    bots.now = lambda: made.now.timestamp()
    return made


def trip(tx: Any) -> None:
    """The ERP does not answer."""
    breakers.put(tx, "kingdee_cloud", 5, stamp(tx.now + timedelta(minutes=5)), "no answer (ConnectTimeout)")


def test_a_happening_is_told_once_and_so_is_its_end(desk: Desk) -> None:
    """Each channel in its language, with what happened, a link and the cure; three looks send no more than one."""
    desk.does(trip)
    assert desk.look() == {"began": 1, "over": 0, "sent": 3}
    assert desk.look() == {"began": 0, "over": 0}
    (chat,), (english,), (letter,) = desk.chats("feishu"), desk.chats("slack"), desk.letters()
    assert "kingdee_cloud 连续 5 次调用无结果" in chat
    assert "[打开页面](https://airflow.example/trivet/connections)" in chat
    assert "5 calls in a row to kingdee_cloud came to nothing" in english
    assert "`trivet doctor` shows whether it answers" in english
    assert letter.startswith("Trivet: System is spared · kingdee_cloud")
    assert "https://airflow.example/trivet/connections" in letter
    desk.does(lambda tx: breakers.clear(tx, "kingdee_cloud"))
    assert desk.look() == {"began": 0, "over": 1, "sent": 3}
    assert desk.look() == {"began": 0, "over": 0}
    assert "Trivet: 已恢复：系统暂停调用 · kingdee_cloud" in desk.chats("feishu")[1]


def test_a_channel_that_fails_stops_no_other_and_is_itself_told(desk: Desk) -> None:
    """What waits for it is sent when it answers again, once."""
    desk.bots.change({"feishu": "gone"})
    desk.does(trip)
    assert desk.look() == {"began": 1, "over": 0, "due": 1, "sent": 2}
    desk.write(FILE + "  - {happenings: [channel_failing], channels: [english, chat]}\n")
    assert desk.look()["began"] == 1
    assert "Messages do not reach the channel chat (19001)" in desk.chats("slack")[1]
    desk.bots.change({"feishu": ""})
    desk.now += timedelta(minutes=5)
    assert desk.look()["sent"] == 1
    assert desk.look() == {"began": 0, "over": 1, "sent": 1}
    assert len(desk.chats("feishu")) == 1


def test_a_message_whose_answer_was_lost_is_not_sent_again(desk: Desk) -> None:
    """It stands in the group."""
    desk.bots.faults.add({"kind": "reset_after", "path": "/open-apis", "method": "POST"})
    desk.does(trip)
    assert desk.look() == {"began": 1, "over": 0, "unknown": 1, "sent": 2}
    desk.now += timedelta(hours=2)
    desk.look()
    assert len(desk.chats("feishu")) == 1


def test_a_missing_connection_is_a_failing_channel(desk: Desk) -> None:
    """The others are told all the same."""
    desk.write(FILE.replace("connection: feishu_bot", "connection: nobody"))
    desk.does(trip)
    assert desk.look() == {"began": 1, "over": 0, "due": 1, "sent": 2}
    with desk.hub() as hub:
        told = {t["channel"]: (t["state"], t["code"]) for t in listed(hub, "en", 10)[0]["told"]}
    assert told["chat"] == ("due", "CONNECTION_MISSING")


def test_quiet_hours_wait_and_what_is_over_by_then_is_never_told(desk: Desk) -> None:
    """A breaker that wakes people is not held back, open cases are."""
    quiet = 'quiet: {from: "22:00", to: "07:00", timezone: Asia/Shanghai, except: [breaker_open]}'
    desk.write(FILE.replace("language: zh}", f"language: zh, {quiet}}}"))
    desk.now = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)  # one in the morning in Shanghai
    desk.does(trip)
    desk.does(
        lambda tx: cases.open_many(
            tx, [NewCase("acme", "UNDO_CHANGED", "x", target="erp") for _ in range(40)]
        )
    )
    assert desk.look()["sent"] == 3
    assert len(desk.chats("feishu")) == 1
    desk.now = datetime(2026, 11, 25, 23, 1, tzinfo=UTC)
    desk.look()
    (late,) = desk.chats("feishu")[1:]
    assert "40 个待处理事项（UNDO_CHANGED）" in late
    # the second night: opened and closed while everybody slept
    desk.does(lambda tx: tx.conn.execute(update(case).values(state="closed")))
    desk.now = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)
    desk.look()
    before = len(desk.chats("feishu"))
    desk.does(lambda tx: cases.open_many(tx, [NewCase("acme", "OTHER", "x", target="erp")]))
    desk.look()
    desk.does(lambda tx: tx.conn.execute(update(case).values(state="closed")))
    desk.look()
    desk.now += timedelta(hours=9)
    desk.look()
    assert not any("OTHER" in said for said in desk.chats("feishu")[before:])


def test_a_flow_that_closed_nothing_is_stale_until_it_does(desk: Desk) -> None:
    """Three hours after its time; a flow that never ran is not missed."""
    desk.now = datetime(2026, 11, 25, 20, 30, tzinfo=UTC)  # 04:30 in Shanghai, its time was 01:00
    assert desk.look()["began"] == 0
    rows = {"tenant": "acme", "flow": "night", "kind": "night", "run_key": "r", "environment": "sandbox",
            "atomic": "person", "max_failed_share": 0.2, "state": "confirmed", "counters": "{}"}  # fmt: skip
    old = {"id": "b1", "opened_at": "2026-11-24T17:00:00.000000Z", "closed_at": "2026-11-24T17:20:00.000000Z"}
    desk.does(lambda tx: tx.conn.execute(insert(batch).values(rows | old)))
    assert desk.look()["began"] == 1
    assert "流程 night 自 2026-11-24 17:20 UTC 以来没有完成任何批次" in desk.chats("feishu")[0]
    new = {"id": "b2", "opened_at": "2026-11-25T20:31:00.000000Z", "closed_at": "2026-11-25T20:40:00.000000Z"}
    desk.does(lambda tx: tx.conn.execute(insert(batch).values(rows | new)))
    assert desk.look()["over"] == 1


def test_failed_runs_drift_and_old_backups(desk: Desk) -> None:
    """What the scheduler says is judged where it says something, and stays otherwise."""
    backups = desk.home / "backups"
    backups.mkdir()
    copy = backups / "ledger.dump"
    copy.write_bytes(b"x")
    os.utime(copy, (NOON.timestamp() - 90_000, NOON.timestamp() - 90_000))
    desk.write(FILE + "limits: {backup: {folder: backups, hours: 24}}\n")
    moved = Shape("jobs", "/title", "b1", "b1", 3, "new", "b1")
    desk.does(lambda tx: shapes.put_many(tx, [moved], tenant="acme", flow="night"))
    assert desk.look(failed_runs={"sync__night": ("night", "scheduled__1")})["began"] == 3
    assert desk.look()["over"] == 0
    os.utime(copy, (NOON.timestamp(), NOON.timestamp()))
    desk.does(lambda tx: shapes.accept(tx, tenant="acme", flow="night", actor="ann"))
    assert desk.look(failed_runs={})["over"] == 3
    assert any("scheduled__1" in said for said in desk.letters())


def test_a_question_is_told_and_told_again_until_it_is_answered(desk: Desk) -> None:
    """Once when it is asked, once when the reminder is due, and its end once: a reminder is not the end of the question."""
    terms = approvals.Terms(expires=20, remind=4, escalate=None, passkey=False)
    desk.does(
        lambda tx: approvals.ask(
            tx,
            tenant="acme",
            flow="night",
            batch_id="b1",
            causes=["sensitive"],
            detail={"operations": 7},
            terms=terms,
        )
    )
    assert desk.look()["began"] == 1
    assert desk.look()["began"] == 0
    (asked,) = desk.chats("feishu")
    assert "7 operations" in asked
    desk.now += timedelta(hours=5)
    desk.does(lambda tx: approvals.told(tx, approvals.find(tx)[0], escalated=False))
    desk.look()
    assert len(desk.chats("feishu")) == 2
    desk.does(lambda tx: approvals.decide(tx, approvals.find(tx)[0], "approved", actor="ann", how="page"))
    assert desk.look()["over"] == 1
    assert len(desk.chats("feishu")) == 3


def test_no_personal_data_and_no_vendor_words_leave(desk: Desk) -> None:
    """A case's message may quote a document: it is not told."""
    secret = "王小明 13800000000"
    desk.does(
        lambda tx: cases.open_many(
            tx, [NewCase("acme", "UNDO_CHANGED", secret, target="erp", subject_ref="p1")]
        )
    )
    desk.look()
    assert "王小明" not in "".join(desk.chats("feishu"))
    assert "p1" not in "".join(desk.chats("feishu"))


def test_a_digest_a_day(desk: Desk) -> None:
    """At its time and zone, once, with what each flow did and what is open."""
    desk.write(FILE + 'digest: {at: "08:30", timezone: Asia/Shanghai, channels: [chat, letters]}\n')
    desk.now = datetime(2026, 11, 26, 0, 29, tzinfo=UTC)

    def opened(tx: Any) -> None:
        made, _ = batches.open_or_resume(tx, tenant="acme", flow="night", run_key="r", environment="sandbox")
        batches.count(tx, made.id, records=120, audio_ms=3_600_000, scored=40)
        batches.close(tx, made.id)

    desk.does(opened)
    desk.does(trip)
    desk.look()
    assert not any("日报" in said for said in desk.chats("feishu"))
    desk.now += timedelta(minutes=2)
    desk.look()
    desk.look()
    (digest,) = [said for said in desk.chats("feishu") if "日报" in said]
    assert "Trivet 日报 2026-11-26" in digest
    assert "night：1 个批次，120 条记录，40 场面试评分，录音 60 分钟" in digest
    assert "未解决：1 个告警" in digest
    assert sum("1 batches, 120 records" in said for said in desk.letters()) == 1
    desk.now += timedelta(days=1, hours=20)  # long after the next one's time
    desk.look()
    assert sum("日报" in said for said in desk.chats("feishu")) == 1


def test_without_a_file_nobody_is_told_and_the_list_knows(desk: Desk) -> None:
    """The pages and the command line show what is wrong all the same."""
    (desk.home / "mappings" / "alerts.yaml").unlink()
    desk.does(trip)
    assert desk.look() == {"began": 1, "over": 0}
    with desk.hub() as hub:
        (row,) = listed(hub, "zh", 10)
    assert row["system"] == "kingdee_cloud"
    assert row["told"] == []


def test_a_channel_is_tried_by_name(desk: Desk) -> None:
    """One line that says that it is a test; an unknown name lists those that there are."""
    with desk.hub() as hub:
        alerting = load_alerting(hub.settings.home)
        sending.test(hub, alerting, "chat")
        sending.test(hub, alerting, "letters")
        with pytest.raises(ConfigError) as wrong:
            sending.test(hub, alerting, "nobody")
    assert wrong.value.code == "CHANNEL_UNKNOWN"
    assert "chat, english, letters" in wrong.value.explained()
    assert "连接测试" in desk.chats("feishu")[0]
    assert "A test of this channel" in desk.letters()[0]


def test_another_environments_connection_is_refused(desk: Desk) -> None:
    """A trial never speaks in production's group."""
    desk.write(FILE.replace("environment: sandbox", "environment: production"))
    with desk.hub() as hub, pytest.raises(ConfigError) as wrong:
        sending.test(hub, load_alerting(hub.settings.home), "chat")
    assert wrong.value.code == "ENVIRONMENT_MIXED"


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("channels: [chat]}", "channels: [chta]}"), "ALERTS_WRONG", "no channel 'chta'"),
        (("name: english", "name: chat"), "ALERTS_WRONG", "named twice"),
        (
            ("{happenings: [breaker_open", "{flows: [nigth], happenings: [breaker_open"),
            "FLOW_UNKNOWN",
            "nigth",
        ),
        (
            ("happenings: [breaker_open", "happenings: [breaker_opne"),
            "CONFIG_ENUM",
            "is not one of run_failed",
        ),
        (("language: zh}", "language: zh, tone: loud}"), "CONFIG_UNKNOWN_KEY", "tone"),
    ],
)
def test_mistakes_in_the_file_are_found_with_their_place(
    desk: Desk, change: tuple[str, str], code: str, said: str
) -> None:
    """By `trivet check`, before anybody waits for a message that never comes."""
    desk.write(FILE.replace(*change, 1))
    found = [f for f in check_home(desk.home).findings if f.file == "mappings/alerts.yaml"]
    assert any(f.code == code and said in f.message for f in found), found
    desk.write(FILE)
    assert not [f for f in check_home(desk.home).findings if f.file == "mappings/alerts.yaml"]


@pytest.mark.parametrize(
    ("now", "until"),
    [("21:59", None), ("22:00", "07:00"), ("23:59", "07:00"), ("06:59", "07:00"), ("07:00", None)],
)
def test_quiet_hours_over_midnight(now: str, until: str | None) -> None:
    """From the first minute to the last."""
    zone = ZoneInfo("Asia/Shanghai")
    quiet = Quiet(time(22), time(7), zone)
    at = datetime.combine(NOON.date(), time.fromisoformat(now), zone)
    opens = quiet.until(at, "drift")
    assert opens.astimezone(zone).strftime("%H:%M") == (until or now)
    assert opens >= at


def test_the_last_time_of_a_schedule() -> None:
    """In the flow's zone, the minute itself included, over a change of clocks."""
    at = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    assert last_due("0 1 * * *", "Asia/Shanghai", at) == at
    assert last_due("0 1 * * *", "Asia/Shanghai", at - timedelta(minutes=1)) == at - timedelta(days=1)
    assert last_due("30 2 * * *", "Europe/Berlin", datetime(2026, 10, 26, 12, tzinfo=UTC)) == datetime(
        2026, 10, 26, 1, 30, tzinfo=UTC
    )
