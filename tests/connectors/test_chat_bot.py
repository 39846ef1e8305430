"""Bots of four vendors over a real socket, each judged by its vendor's rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trivet_sandbox

from trivet.connections import parse_connection
from trivet.contract import MessengerConnector, Services
from trivet.errors import AuthFailed, ConfigError, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.model import Notice
from trivet.registry import find_connector

BOTS = ("feishu_bot", "dingtalk_bot", "wecom_bot", "slack_bot")
NOTICE = Notice(
    "n1", "Trivet: [夜间] <同步> failed & waits", ("第一行 <script>", "[click](http://evil.example)"),
    "https://airflow.example/trivet/?a=1&b=2", "打开 · open",
)  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Any]:
    """The stand-in."""
    with trivet_sandbox.start(["chat_bots"]) as started:
        yield started


@pytest.fixture
def vendor(sandbox: Any) -> Any:
    """The stand-in with nothing posted and nothing wrong."""
    vendor = sandbox["chat_bots"]
    vendor.store.clear()
    vendor.seed()
    vendor.faults.clear()
    vendor.log.clear()
    return vendor


@contextmanager
def bot(vendor: Any, name: str, tmp_path: Path, /, *, skew: float = 0.0, **extra: Any) -> Iterator[Any]:
    """The messenger behind the stand-in's own connection, with changes."""
    stored = vendor.connections()[name]
    address = extra.pop("address", None)
    more = {**stored["extra"], **extra}
    connection = parse_connection(
        name, {**stored, "extra": more, **({"password": address} if address else {})}
    )
    declared = find_connector(MessengerConnector, "chat_bot")
    services = Services(name, tmp_path, tmp_path, lambda: datetime.now(UTC) + timedelta(seconds=skew))
    with declared.build(connection.config(declared.config), services) as made:
        yield made


def posted(vendor: Any) -> list[list[str]]:
    """What the groups see."""
    return [body["lines"] for _, body in vendor.store.all("message")]


@pytest.mark.parametrize("name", BOTS)
def test_a_notice_is_posted_with_its_link(vendor: Any, tmp_path: Path, name: str) -> None:
    """Title, every line and one link; what looks like markup is text."""
    with bot(vendor, name, tmp_path) as messenger:
        messenger.check()
        messenger.say(NOTICE)
    test, said = posted(vendor)
    assert "连接测试" in " ".join(test)
    text = "\n".join(said)
    assert "第一行" in text
    assert "https://airflow.example/trivet/?a=1&b=2" in text
    assert "](http://evil.example)" not in text or name in ("feishu_bot", "slack_bot")
    assert "<script>" not in text or name == "feishu_bot"


@pytest.mark.parametrize("name", BOTS)
def test_a_long_notice_is_cut_to_what_the_vendor_takes(vendor: Any, tmp_path: Path, name: str) -> None:
    """The link is still there."""
    long = Notice("n2", "Trivet", ("面" * 20_000,), "https://airflow.example/trivet/", "open")
    with bot(vendor, name, tmp_path) as messenger:
        messenger.say(long)
    text = "\n".join(posted(vendor)[0])
    assert "…" in text
    assert "https://airflow.example/trivet/" in text


@pytest.mark.parametrize("name", BOTS)
def test_a_bot_that_is_gone_needs_a_person(vendor: Any, tmp_path: Path, name: str) -> None:
    """With status 200 or without; the cure says where to look, the address stands nowhere."""
    vendor.change({name.removesuffix("_bot"): "gone"})
    with bot(vendor, name, tmp_path) as messenger, pytest.raises(AuthFailed) as failed:
        messenger.say(NOTICE)
    said = failed.value.explained()
    assert "address" in said
    assert not any(secret in said for secret in ("5f2c7a0e", "d1ng7a1k", "693a91f6", "s1ackt0ken"))
    assert posted(vendor) == []


@pytest.mark.parametrize("name", BOTS)
def test_a_bot_that_speaks_too_often_waits(vendor: Any, tmp_path: Path, name: str) -> None:
    """Provably nothing was posted."""
    vendor.change({name.removesuffix("_bot"): "too_quick"})
    with bot(vendor, name, tmp_path) as messenger, pytest.raises(RateLimited) as failed:
        messenger.say(NOTICE)
    assert failed.value.retry_after >= 30


@pytest.mark.parametrize("name", BOTS)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("reset_before", UnknownOutcome), ("reset_after", UnknownOutcome), ("http_500", UnknownOutcome),
        ("empty_200", UnknownOutcome), ("http_503", Retryable), ("http_429", RateLimited),
    ],
)  # fmt: skip
def test_what_became_of_a_message(
    vendor: Any, tmp_path: Path, name: str, fault: str, kind: type[Exception]
) -> None:
    """Provably not posted, or unknown; never taken for posted."""
    vendor.faults.add({"kind": fault, "method": "POST", "times": 5})
    with bot(vendor, name, tmp_path) as messenger, pytest.raises(kind) as failed:
        messenger.say(NOTICE)
    assert type(failed.value) is kind


@pytest.mark.parametrize("name", ["feishu_bot", "dingtalk_bot"])
def test_a_wrong_signature_or_clock_is_told_with_its_cure(vendor: Any, tmp_path: Path, name: str) -> None:
    """The vendor's code for both is the same."""
    for wrong in ({"secret": "other"}, {"secret": None}, {"skew": 7200}):
        with bot(vendor, name, tmp_path, **wrong) as messenger, pytest.raises(AuthFailed) as failed:
            messenger.say(NOTICE)
        assert "secret" in failed.value.explained()
    assert posted(vendor) == []


def test_a_refused_message_is_refused(vendor: Any, tmp_path: Path) -> None:
    """Understood and not taken, with status 200."""
    vendor.faults.add({"kind": "error_in_200", "method": "POST"})
    with bot(vendor, "wecom_bot", tmp_path) as messenger, pytest.raises(Rejected) as failed:
        messenger.say(NOTICE)
    assert failed.value.vendor_code == "40058"


@pytest.mark.parametrize(
    "change",
    [
        {"address": "http://open.feishu.cn/open-apis/bot/v2/hook/x"}, {"address": "open.feishu.cn/x"}, {"vendor": "teams"},
        {"address": "https://user:pass@hooks.example/x"}, {"vendor": "slack"},
    ],
)  # fmt: skip
def test_wrong_settings_are_named(vendor: Any, tmp_path: Path, change: dict[str, Any]) -> None:
    """In the clear, without a host, of an unknown vendor, with a login, a secret for one who does not sign."""
    with pytest.raises(ConfigError) as wrong, bot(vendor, "feishu_bot", tmp_path, **change):
        pass
    assert "hook" not in str(wrong.value)
