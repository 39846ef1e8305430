"""Posts one message, and names what became of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

from trivet.contract import Services
from trivet.errors import AuthFailed, RateLimited, Rejected, UnknownOutcome
from trivet.http import HttpClient, Reply
from trivet.model import Notice

from .config import ChatBotConfig
from .dialects import DIALECTS, PAUSE, cut, with_query

NAME = "chat_bot"
_SAY = "say"
_AGAIN = "copy the bot's address again from where the vendor shows it"


class ChatBot:
    """See `trivet.contract.Messenger`."""

    def __init__(self, config: ChatBotConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.dialect = DIALECTS[config.vendor]
        self.http = HttpClient(
            NAME, config.origin(), services, network=config, refuses_before_work=True, hides_path=True,
            words_as_html=self.dialect.code is None,
        )  # fmt: skip

    def check(self) -> None:
        """See `Messenger`."""
        at = self.services.now().astimezone(UTC)
        line = "连接测试，无需处理。 · A test of the connection; nothing has happened."
        self.say(Notice(f"test.{at.timestamp():.0f}", "Trivet", (line,)))

    def say(self, notice: Notice) -> None:
        """See `Messenger`."""
        body = self.dialect.body(notice, cut("\n".join(notice.lines), self.dialect.most_bytes))
        path = self.config.path()
        if self.config.secret is not None:
            query, more = self.dialect.signed(self.config.secret.get_secret_value(), self.services.now())
            path, body = with_query(path, query), {**more, **body}
        self._judge(self.http.write(_SAY, "POST", path, json=body))

    def _judge(self, reply: Reply) -> None:
        if self.dialect.code is None:
            self._judge_words(reply)
            return
        said = self.http.decode(_SAY, reply, write=True)
        code = said.get(self.dialect.code) if isinstance(said, dict) else None
        if not isinstance(code, int):
            raise UnknownOutcome(
                "the answer has no code", connector=NAME, operation=_SAY, vendor_code=f"HTTP {reply.status}"
            )
        if code in self.dialect.too_quick:
            raise RateLimited(
                "the bot speaks too often",
                retry_after=PAUSE,
                connector=NAME,
                operation=_SAY,
                vendor_code=str(code),
            )
        if code in self.dialect.refused:
            raise AuthFailed(
                f"{self.config.vendor} refuses this bot", connector=NAME, operation=_SAY, vendor_code=str(code),
                cure=self.dialect.refused[code],
            )  # fmt: skip
        if code != 0:
            raise Rejected(
                f"{self.config.vendor} refuses the message",
                connector=NAME,
                operation=_SAY,
                vendor_code=str(code),
            )

    def _judge_words(self, reply: Reply) -> None:
        """Slack's answer: a status, and one word."""
        word = reply.body[:60].decode(errors="replace").strip()
        if reply.status == 200 and word == "ok":
            return
        if reply.status == 200:
            raise UnknownOutcome(
                "the answer is not `ok`", connector=NAME, operation=_SAY, vendor_code="HTTP 200"
            )
        code = word if word.replace("_", "").isalpha() else f"HTTP {reply.status}"
        if reply.status in (404, 410):
            raise AuthFailed(
                "slack refuses this address", connector=NAME, operation=_SAY, vendor_code=code, cure=_AGAIN
            )
        raise Rejected("slack refuses the message", connector=NAME, operation=_SAY, vendor_code=code)


@contextmanager
def open_messenger(config: ChatBotConfig, services: Services) -> Iterator[ChatBot]:
    """The messenger, its sockets closed on leaving."""
    bot = ChatBot(config, services)
    with bot.http:
        yield bot
