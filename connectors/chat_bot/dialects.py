"""What each vendor wants to hear and what its answers mean; all four say most refusals with status 200.

feishu     {code, msg}         open.feishu.cn, custom bot v2; sign = HMAC(key = time and secret, nothing); seconds
dingtalk   {errcode, errmsg}   open.dingtalk.com, custom robot; sign = HMAC(key = secret, time and secret); milliseconds
wecom      {errcode, errmsg}   developer.work.weixin.qq.com 91770; 4096 bytes of markdown
slack      ok                  api.slack.com, incoming webhooks; the status counts, the text is a code
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from trivet.model import Document, Notice

PAUSE = 60.0
"""Seconds until a bot that was too quick may speak again."""
# what would be markup is shown as its wide twin: neither vendor can be told to take it literally
_WIDE = str.maketrans("[]<>", "［］＜＞")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One vendor's manners."""

    most_bytes: int
    """Of the text."""
    body: Callable[[Notice, str], Document]
    """The call's body for the notice and the text of its lines."""
    signed: Callable[[str, datetime], tuple[Mapping[str, str], Mapping[str, str]]]
    """What a signature adds to the query and to the body."""
    code: str | None
    """Name of the answer's code; None where the status speaks."""
    too_quick: tuple[int, ...] = ()
    refused: Mapping[int, str] = field(default_factory=dict)
    """Codes that a person has to mend, with what helps."""


def _feishu(notice: Notice, text: str) -> Document:
    lines: list[list[dict[str, Any]]] = [[{"tag": "text", "text": line}] for line in text.splitlines()]
    if notice.link:
        lines.append([{"tag": "a", "text": notice.link_text, "href": notice.link}])
    return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": notice.title, "content": lines}}}}


def _markdown(notice: Notice, text: str) -> str:
    lines = [f"**{notice.title.translate(_WIDE)}**", *text.translate(_WIDE).splitlines()]
    if notice.link:
        lines.append(f"[{notice.link_text}]({notice.link})")
    # dingtalk joins lines that one break alone parts
    return "\n\n".join(lines)


def _dingtalk(notice: Notice, text: str) -> Document:
    return {"msgtype": "markdown", "markdown": {"title": notice.title, "text": _markdown(notice, text)}}


def _wecom(notice: Notice, text: str) -> Document:
    return {"msgtype": "markdown", "markdown": {"content": _markdown(notice, text).replace("\n\n", "\n")}}


def _slack(notice: Notice, text: str) -> Document:
    lines = [f"*{_escaped(notice.title)}*", _escaped(text)]
    if notice.link:
        lines.append(f"<{notice.link}|{_escaped(notice.link_text)}>")
    return {"text": "\n".join(lines), "unfurl_links": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _signed_by_feishu(secret: str, at: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:
    time = str(int(at.timestamp()))
    return {}, {"timestamp": time, "sign": _base64(f"{time}\n{secret}", "")}


def _signed_by_dingtalk(secret: str, at: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:
    time = str(int(at.timestamp() * 1000))
    return {"timestamp": time, "sign": _base64(secret, f"{time}\n{secret}")}, {}


def _unsigned(secret: str, at: datetime) -> tuple[Mapping[str, str], Mapping[str, str]]:
    del secret, at
    return {}, {}


def _base64(key: str, said: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), said.encode(), "sha256")).decode()


DIALECTS: Mapping[str, Dialect] = {
    "feishu": Dialect(
        15_000, _feishu, _signed_by_feishu, "code", (11232,),
        {
            19001: "no bot has this address: copy it again from the group's settings",
            19021: "set `secret` to the bot's signing secret, and look at this machine's clock",
            19022: "add this machine's address to the bot's list of allowed addresses",
            19024: "the bot asks for a keyword: make it `Trivet`",
        },
    ),
    "dingtalk": Dialect(
        15_000, _dingtalk, _signed_by_dingtalk, "errcode", (130101, 410100),
        {
            300001: "no robot has this address: copy it again from the group's settings",
            310000: "the robot's security settings refuse: set `secret`, make the keyword `Trivet`, allow this machine's address",
        },
    ),
    "wecom": Dialect(
        3_500, _wecom, _unsigned, "errcode", (45009,),
        {93000: "no bot has this address: copy it again from the group's settings"},
    ),
    "slack": Dialect(15_000, _slack, _unsigned, None),
}  # fmt: skip


def with_query(path: str, more: Mapping[str, str]) -> str:
    """The path with these values added to its query."""
    return f"{path}{'&' if '?' in path else '?'}{urlencode(more)}" if more else path


def cut(text: str, most: int) -> str:
    """As much of the text as so many bytes hold, with a mark where something is missing."""
    said = text.encode()
    return text if len(said) <= most else said[: most - 3].decode(errors="ignore") + "…"
