"""Bad calls to `trivet serve` over its socket: refused with a code and no detail, and nothing is stored."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from bad_inputs.law import lawful
from callers import (
    SECRET,
    Sent,
    ashby,
    bamboohr,
    changed,
    described,
    feishu,
    greenhouse,
    lever,
    posted,
    retold,
    waiting,
)
from conftest import World
from trivet_sandbox.ashby import hooks as ashby_hooks
from trivet_sandbox.bamboohr import hooks as bamboohr_hooks
from trivet_sandbox.greenhouse import hooks

BAD: dict[str, tuple[str, Callable[[], Sent], int, str]] = {
    "feishu: bad signature": ("feishu_hire", lambda: changed(feishu()), 401, "WEBHOOK_SIGNATURE"),
    "feishu: no signature": ("feishu_hire", lambda: (feishu()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "feishu: another tenant's key": ("feishu_hire", lambda: feishu(key="another"), 401, "WEBHOOK_SIGNATURE"),
    "feishu: another app": ("feishu_hire", lambda: feishu(app="cli_other"), 401, "WEBHOOK_SIGNATURE"),
    "feishu: another token": ("feishu_hire", lambda: feishu(token="other"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "feishu: an old time stamp": ("feishu_hire", lambda: feishu(at=time.time() - 301), 401, "WEBHOOK_STALE"),
    "feishu: a time stamp to come": ("feishu_hire", lambda: feishu(at=time.time() + 302), 401, "WEBHOOK_STALE"),
    "feishu: not JSON": ("feishu_hire", lambda: (b"<xml/>", {}), 400, "EVENT_MALFORMED"),
    "feishu: a list": ("feishu_hire", lambda: (b"[]", {}), 400, "EVENT_MALFORMED"),
    "feishu: deep": ("feishu_hire", lambda: (b"[" * 100_000, {}), 400, "EVENT_MALFORMED"),
    "feishu: no cipher text": ("feishu_hire", lambda: (b'{"encrypt": 7}', {}), 401, "WEBHOOK_SIGNATURE"),
    "feishu: a short cipher text": ("feishu_hire", lambda: (b'{"encrypt": "AAAA"}', {}), 401, "WEBHOOK_SIGNATURE"),
    "greenhouse: bad signature": ("greenhouse", lambda: changed(greenhouse()), 401, "WEBHOOK_SIGNATURE"),
    "greenhouse: no signature": ("greenhouse", lambda: (greenhouse()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "greenhouse: another secret": ("greenhouse", lambda: greenhouse(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "greenhouse: not JSON": (
        "greenhouse", lambda: (b"nothing", hooks.headers(b"nothing", SECRET)), 400, "EVENT_MALFORMED",
    ),
    "ashby: bad signature": ("ashby", lambda: changed(ashby()), 401, "WEBHOOK_SIGNATURE"),
    "ashby: no signature": ("ashby", lambda: (ashby()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "ashby: another secret": ("ashby", lambda: ashby(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "ashby: not JSON": (
        "ashby", lambda: (b"nothing", ashby_hooks.headers(b"nothing", SECRET)), 400, "EVENT_MALFORMED",
    ),
    "lever: bad signature": ("lever", lambda: retold(lever(), token="0" * 48), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "lever: no signature": ("lever", lambda: retold(lever(), signature=None), 401, "WEBHOOK_SIGNATURE"),
    "lever: another webhook's secret": ("lever", lambda: lever(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "lever: another time": ("lever", lambda: retold(lever(), triggeredAt=1), 401, "WEBHOOK_SIGNATURE"),
    "lever: a time that is a text": (
        "lever", lambda: retold(lever(), triggeredAt="1"), 401, "WEBHOOK_SIGNATURE",
    ),
    "lever: an old event": ("lever", lambda: lever(at=time.time() - 86_401), 401, "WEBHOOK_STALE"),
    "lever: an event to come": ("lever", lambda: lever(at=time.time() + 302), 401, "WEBHOOK_STALE"),
    "lever: not JSON": ("lever", lambda: (b"nothing", {}), 400, "EVENT_MALFORMED"),
    "lever: a list": ("lever", lambda: (b"[]", {}), 400, "EVENT_MALFORMED"),
    "lever: deep": ("lever", lambda: (b"[" * 100_000, {}), 400, "EVENT_MALFORMED"),
    "lever: data of another form": ("lever", lambda: retold(lever(), data=[]), 400, "EVENT_MALFORMED"),
    "bamboohr: bad signature": ("bamboohr", lambda: changed(bamboohr()), 401, "WEBHOOK_SIGNATURE"),
    "bamboohr: no signature": ("bamboohr", lambda: (bamboohr()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "bamboohr: another secret": ("bamboohr", lambda: bamboohr(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "bamboohr: an old time stamp": ("bamboohr", lambda: bamboohr(at=time.time() - 302), 401, "WEBHOOK_STALE"),
    "bamboohr: not JSON": (
        "bamboohr", lambda: (b"nothing", bamboohr_hooks.headers(b"nothing", SECRET)), 400, "EVENT_MALFORMED",
    ),
    "described: bad signature": ("in_house_hr", lambda: changed(described()), 401, "WEBHOOK_SIGNATURE"),
    "described: no signature": ("in_house_hr", lambda: (described()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "described: another secret": ("in_house_hr", lambda: described(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "an ERP of the same connector": ("http_json", described, 401, "WEBHOOK_SIGNATURE"),
    "nobody's address": ("nobody", greenhouse, 404, "NOT_FOUND"),
    "an ERP's address": ("kingdee_cloud", greenhouse, 404, "NOT_FOUND"),
}  # fmt: skip


REPLAYED = {"53-replay of feishu's": feishu, "53-replay of greenhouse's": greenhouse}
LARGE: dict[str, dict[str, str]] = {
    "54-as declared": {"Content-Length": str(100 * 1024 * 1024)}, "54-undeclared": {"Transfer-Encoding": "chunked"},
}  # fmt: skip
CASES = {
    **{f"53-{name}": code for name, (_, _, status, code) in BAD.items() if status == 401},
    **dict.fromkeys(REPLAYED, ""),
    **dict.fromkeys(LARGE, "HTTP_413"),
}
BESIDE = {name: entry for name, entry in BAD.items() if entry[2] != 401}
"""What is refused for another reason than its proof."""


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, door: tuple[World, str]) -> None:
    """The status and the code, and not a word more."""
    world, serving = door
    if name in REPLAYED:
        sent = REPLAYED[name]()
        vendor = name.removesuffix("'s").rpartition(" ")[2]
        for _ in range(3):
            assert posted(serving, "feishu_hire" if vendor == "feishu" else vendor, sent) == (200, {})
        assert sum(waiting(world).values()) == 1
        return
    lawful(name, CASES[name])
    if name in LARGE:
        assert too_large(serving, LARGE[name]) == (413, {"error": "BODY_TOO_LARGE"})
    else:
        connection, made, status, code = BAD[name.removeprefix("53-")]
        assert posted(serving, connection, made()) == (status, {"error": code})
    assert waiting(world) == {}


def too_large(serving: str, headers: dict[str, str]) -> tuple[int, Any]:
    """Refused by what it declares; and where it declares nothing, after the first megabyte."""
    there = urlsplit(serving)
    line = http.client.HTTPConnection(there.hostname or "", there.port, timeout=10)
    line.putrequest("POST", "/in/greenhouse")
    for name, value in headers.items():
        line.putheader(name, value)
    line.endheaders()
    if "Transfer-Encoding" in headers:
        # one byte too many, and nothing after it: what nobody reads would reset the connection
        for size in (*[0x20000] * 8, 1):
            line.send(f"{size:x}\r\n".encode() + bytes(size) + b"\r\n")
    answer = line.getresponse()
    said = answer.status, json.load(answer)
    line.close()
    return said


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_no_event_is_refused(name: str, door: tuple[World, str]) -> None:
    """Proven or not: what cannot be read, and what nobody listens to."""
    world, serving = door
    connection, made, status, code = BESIDE[name]
    assert posted(serving, connection, made()) == (status, {"error": code})
    assert waiting(world) == {}
