"""Four bots behind one address; what was posted is kept as the group would see it.

POST /open-apis/bot/v2/hook/{token}    feishu: signed, status 200 with `code`; {"StatusCode": 0, "code": 0} when posted
POST /robot/send                       dingtalk: ?access_token, timestamp, sign; status 200 with `errcode`
POST /cgi-bin/webhook/send             wecom: ?key; 4096 bytes of markdown; `errcode`
POST /services/{team}/{bot}/{token}    slack: text `ok`, or a status with one word
"""

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlencode

from ..server import Answer, Request, Vendor
from ..store import Json, Store

FEISHU_TOKEN, FEISHU_SECRET = "5f2c7a0e-hook", "feishu-signing-secret"
DINGTALK_TOKEN, DINGTALK_SECRET = "d1ng7a1k", "SECdingtalk-signing-secret"
WECOM_KEY = "693a91f6-wecom-key"
SLACK_PATH = "T0TRIVET/B0NIGHT/s1ackt0ken"
HOUR = 3600
WECOM_BYTES, DINGTALK_BYTES, FEISHU_BYTES = 4096, 20_000, 20_480


class ChatBots(Vendor):
    """The stand-in."""

    name = "chat_bots"

    def __init__(self, store: Store, size: int | None = None) -> None:  # noqa: ARG002 - no company lies here
        super().__init__(store)
        self.now = time.time
        self.route("POST", "/open-apis/bot/v2/hook/{token}", self.feishu)
        self.route("POST", "/robot/send", self.dingtalk)
        self.route("POST", "/cgi-bin/webhook/send", self.wecom)
        self.route("POST", "/services/{team}/{bot}/{token}", self.slack)

    def seed(self) -> None:
        """See `Vendor`."""
        self.store.put("_setting", "modes", {})

    def change(self, spec: Json) -> Json:
        """See `Vendor`: {vendor: "gone" | "too_quick" | "archived" | ""}."""
        modes = {**(self.store.get("_setting", "modes") or {}), **spec}
        self.store.put("_setting", "modes", modes)
        return modes

    def announce(self) -> Json:
        """See `Vendor`."""
        return {name: bot["password"] for name, bot in self.connections().items()}

    def connection(self) -> Json:
        """See `Vendor`: Feishu's."""
        return self._connection("feishu", f"/open-apis/bot/v2/hook/{FEISHU_TOKEN}", FEISHU_SECRET)

    def connections(self) -> Json:
        """See `Vendor`: one for each bot."""
        token = urlencode({"access_token": DINGTALK_TOKEN})
        return {
            self.name: self.connection(),
            "feishu_bot": self.connection(),
            "dingtalk_bot": self._connection("dingtalk", f"/robot/send?{token}", DINGTALK_SECRET),
            "wecom_bot": self._connection("wecom", f"/cgi-bin/webhook/send?key={WECOM_KEY}"),
            "slack_bot": self._connection("slack", f"/services/{SLACK_PATH}"),
        }

    def _connection(self, vendor: str, path: str, secret: str | None = None) -> Json:
        extra: Json = {"environment": "sandbox", "vendor": vendor, "calls_per_second": 200.0}
        extra |= {"secret": secret} if secret else {}
        return {"conn_type": "trivet_chat_bot", "password": self.base_url + path, "extra": extra}

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`; one that both spellings of a code read as a refusal."""
        return Answer({"code": 9499, "errcode": 40058, "msg": "Bad Request", "errmsg": "invalid parameter"})

    def feishu(self, request: Request) -> Answer:
        """Judged in the vendor's order: address, signature, form."""
        if self._mode("feishu") == "gone" or request.params["token"] != FEISHU_TOKEN:
            return _feishu(19001, "param invalid: incoming webhook access token invalid")
        body = request.json()
        signed = str(body.get("timestamp") or "")
        right = _sign(f"{signed}\n{FEISHU_SECRET}", "")
        if not self._fresh(signed, 1) or not hmac.compare_digest(right, str(body.get("sign") or "")):
            return _feishu(19021, "sign match fail or timestamp is not within one hour from current time")
        if self._mode("feishu") == "too_quick":
            return _feishu(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
        if len(request.body) > FEISHU_BYTES:
            return _feishu(9499, "Bad Request")
        post = (
            body.get("content", {}).get("post", {}).get("zh_cn") if body.get("msg_type") == "post" else None
        )
        if not isinstance(post, dict) or not post.get("content"):
            return _feishu(9499, "Bad Request")
        shown = [_feishu_line(line) for line in post["content"]]
        self._posted("feishu", [post.get("title", ""), *shown])
        return Answer({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})

    def dingtalk(self, request: Request) -> Answer:
        """Address, signature in the query, form."""
        query = request.query
        if self._mode("dingtalk") == "gone" or query.get("access_token") != DINGTALK_TOKEN:
            return _err(300001, "token is not exist")
        right = _sign(DINGTALK_SECRET, f"{query.get('timestamp', '')}\n{DINGTALK_SECRET}")
        if not self._fresh(query.get("timestamp", ""), 1000):
            return _err(310000, "description:timestamp invalid;solution:check timestamp")
        if not hmac.compare_digest(right, query.get("sign", "")):
            return _err(310000, "description:sign not match;solution:check sign")
        if self._mode("dingtalk") == "too_quick":
            return _err(130101, "send too fast, exceed 20 times per minute")
        body = request.json()
        if len(request.body) > DINGTALK_BYTES:
            return _err(460101, "message too long, exceed 20000 bytes")
        told = body.get("markdown") if body.get("msgtype") == "markdown" else None
        if not isinstance(told, dict) or not told.get("title") or not told.get("text"):
            return _err(40035, "缺少参数 json")
        self._posted("dingtalk", [told["title"], *told["text"].split("\n\n")])
        return _err(0, "ok")

    def wecom(self, request: Request) -> Answer:
        """Address, pace, form, length."""
        if self._mode("wecom") == "gone" or request.query.get("key") != WECOM_KEY:
            return _err(93000, "invalid webhook url, hint: [1764410000]")
        if self._mode("wecom") == "too_quick":
            return _err(45009, "api freq out of limit")
        body = request.json()
        told = body.get("markdown") if body.get("msgtype") == "markdown" else None
        if not isinstance(told, dict) or not told.get("content"):
            return _err(40008, "invalid message type")
        if len(told["content"].encode()) > WECOM_BYTES:
            return _err(40058, "markdown.content exceed max length 4096")
        self._posted("wecom", told["content"].splitlines())
        return _err(0, "ok")

    def slack(self, request: Request) -> Answer:
        """The status counts; the body is one word."""
        path = request.path.removeprefix("/services/")
        if self._mode("slack") == "gone" or path != SLACK_PATH:
            return _word("no_service", 404)
        if self._mode("slack") == "archived":
            return _word("channel_is_archived", 410)
        if self._mode("slack") == "too_quick":
            return Answer(b"rate_limited", 429, {"Retry-After": "30"}, "text/plain")
        try:
            body = request.json()
        except ValueError:
            return _word("invalid_payload", 400)
        if not isinstance(body.get("text"), str) or not body["text"]:
            return _word("no_text", 400)
        self._posted("slack", body["text"].splitlines())
        return _word("ok", 200)

    def _mode(self, vendor: str) -> str:
        return str((self.store.get("_setting", "modes") or {}).get(vendor, ""))

    def _fresh(self, stamp: str, per_second: int) -> bool:
        return stamp.isdecimal() and abs(int(stamp) / per_second - self.now()) < HOUR

    def _posted(self, vendor: str, lines: list[str]) -> None:
        number = sum(1 for _ in self.store.all("message"))
        self.store.put("message", f"{number:06}", {"vendor": vendor, "lines": lines})


def _feishu(code: int, said: str) -> Answer:
    return Answer({"code": code, "data": {}, "msg": said})


def _feishu_line(line: Any) -> str:
    return "".join(
        f"[{part['text']}]({part['href']})" if part["tag"] == "a" else part["text"] for part in line
    )


def _err(code: int, said: str) -> Answer:
    return Answer({"errcode": code, "errmsg": said})


def _word(said: str, status: int) -> Answer:
    return Answer(said.encode(), status, media_type="text/html")


def _sign(key: str, said: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), said.encode(), hashlib.sha256).digest()).decode()
