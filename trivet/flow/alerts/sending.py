"""Sends what is due, each message once, and goes on where a channel does not answer."""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from trivet.contract import MailerConnector, MessengerConnector
from trivet.errors import (
    AuthFailed,
    ConfigError,
    RateLimited,
    Rejected,
    Retryable,
    TrivetError,
    UnknownOutcome,
)
from trivet.flow.alerts import digest, words
from trivet.flow.alerts.definition import Alerting, Channel
from trivet.flow.hub import Hub
from trivet.ledger import alerts
from trivet.ledger.alerts import Told
from trivet.ledger.times import stamp
from trivet.model import Letter, Notice
from trivet.registry import offers

log = logging.getLogger(__name__)
MOST_TRIES = 12
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=4), timedelta(hours=1)


def send_due(hub: Hub, alerting: Alerting, address: str | None) -> Counter[str]:
    """How many messages came to what; a channel that fails is left alone for the rest of this run."""
    counts: Counter[str] = Counter()
    down: set[str] = set()
    with hub.ledger.read() as tx:
        waiting = alerts.due(tx)
    for told in waiting:
        if told.channel in down:
            continue
        channel = next((entry for entry in alerting.channels if entry.name == told.channel), None)
        with hub.ledger.begin() as tx:
            if not alerts.claim(tx, told.id):
                continue
            if channel is None:
                alerts.settle(tx, told.id, "dropped", "CHANNEL_GONE")
                continue
        error = _sent(hub, alerting, channel, told, address)
        if isinstance(error, Retryable | AuthFailed | ConfigError):
            down.add(channel.name)
        counts[_settled(hub, told, error)] += 1
    return counts


def test(hub: Hub, alerting: Alerting, name: str) -> None:
    """Says one line at the channel, which says that it is a test; the error where it does not arrive."""
    channel = alerting.channel(name)
    at = hub.now()
    line = "连接测试，无需处理。 · A test of this channel; nothing has happened."
    say(hub, alerting, channel, Notice(f"test.{at.timestamp():.0f}", "Trivet", (line,)))


def say(hub: Hub, alerting: Alerting, channel: Channel, notice: Notice) -> None:
    """Hands the notice to the channel's connection; a typed error where it is not taken over."""
    connection = hub.connections(channel.connection)
    if connection.environment != alerting.environment:
        raise ConfigError(
            f"alerts are for {alerting.environment}, connection {channel.connection} for {connection.environment}",
            code="ENVIRONMENT_MIXED", place="mappings/alerts.yaml",
            cure="never mix them: choose connections of the file's environment",
        )  # fmt: skip
    if offers(MessengerConnector, connection.connector):
        with hub.built(MessengerConnector, channel.connection) as messenger:
            messenger.say(notice)
        return
    with hub.built(MailerConnector, channel.connection) as mailer:
        refused = mailer.send(_letter(hub, channel, notice))
        if len(refused) == len(channel.to):
            raise next(iter(refused.values()))


def _letter(hub: Hub, channel: Channel, notice: Notice) -> Letter:
    if not channel.to:
        raise ConfigError(
            f"channel {channel.name} is a mail server and has no addresses", code="CHANNEL_TO",
            place="mappings/alerts.yaml", cure="add `to: [address]`",
        )  # fmt: skip
    link = [f"{notice.link_text}: {notice.link}"] if notice.link else []
    text = "\n\n".join([*notice.lines, *link]) + "\n"
    name = "".join(letter if letter.isalnum() else "." for letter in notice.id)
    return Letter(name, channel.to, notice.title, text, hub.now())


def _sent(
    hub: Hub, alerting: Alerting, channel: Channel, told: Told, address: str | None
) -> TrivetError | None:
    try:
        say(hub, alerting, channel, _notice(hub, channel, told, alerting.address or address))
    except TrivetError as error:
        log.warning("channel %s: %s", channel.name, error)
        return error
    return None


def _notice(hub: Hub, channel: Channel, told: Told, address: str | None) -> Notice:
    language = channel.language
    if told.what == "digest":
        title, lines = digest.written(hub, told.about, language)
        path = ""
    else:
        with hub.ledger.read() as tx:
            about = alerts.by_id(tx, [told.about])[told.about]
        over = told.what == "over"
        title = words.title(about.happening, language, over=over)
        lines = words.lines(about.happening, language, since=about.since, over=over)
        path = about.happening.path
    link = f"{address.rstrip('/')}/trivet/{quote(path, safe='/?=&')}" if address else None
    return Notice(told.id, title, lines, link, words.link_text(language))


def _settled(hub: Hub, told: Told, error: TrivetError | None) -> str:
    state, code, due_at = _outcome(hub, told, error)
    with hub.ledger.begin() as tx:
        alerts.settle(tx, told.id, state, code, due_at)
    return state


def _outcome(hub: Hub, told: Told, error: TrivetError | None) -> tuple[alerts.State, str | None, str]:
    if error is None:
        return "sent", None, ""
    code = error.reason[:80]
    if isinstance(error, UnknownOutcome):
        return "unknown", code, ""
    if isinstance(error, Rejected) or told.tries + 1 >= MOST_TRIES:
        return "refused", code, ""
    pause = min(FIRST_PAUSE * 2**told.tries, LONGEST_PAUSE)
    if isinstance(error, RateLimited):
        pause = timedelta(seconds=min(max(error.retry_after, 0.0), LONGEST_PAUSE.total_seconds()))
    return "due", code, stamp(hub.now() + pause)


def rows(told: Mapping[str, list[Told]], about: str) -> list[dict[str, Any]]:
    """The messages about one alert, for people."""
    return [
        {"channel": t.channel, "what": t.what, "state": t.state, "code": t.code} for t in told.get(about, [])
    ]
