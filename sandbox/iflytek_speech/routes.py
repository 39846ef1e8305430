"""LFASR v2: `upload` makes an order of the body's bytes, `getResult` tells of it; both are signed and answer HTTP 200.

After xfyun.cn/doc/asr/ifasr_new/API.html and the vendor's Python SDK. An order is worked on for as many questions as the
setting `busy` says, is billed when it is made, and answers a hundred questions.
"""

import base64
import hashlib
import hmac
import json
import re
import time

from ..hearing import Speech, heard
from ..server import Answer, Request, Vendor
from ..store import Json, Store

APP_ID, SECRET_KEY = "ifly-sandbox", "ifly-sandbox-secret"
FRESH_SECONDS = 300
MOST_BYTES, MOST_QUESTIONS = 500 * 1000 * 1000, 100
LANGUAGES = {"cn": "zh", "en": "en"}
CREATED, WORKING, DONE, FAILED = 0, 3, 4, -1
BUSY = 1
_WORD = re.compile(r"[A-Za-z0-9'’+-]+|[^\sA-Za-z0-9]")


class IflytekSpeech(Vendor):
    """The stand-in."""

    name = "iflytek_speech"

    def __init__(self, store: Store, size: int | None = None) -> None:  # noqa: ARG002 - it holds no company
        super().__init__(store)
        self.route("POST", "/v2/api/upload", self.upload)
        self.route("GET", "/v2/api/getResult", self.result)
        self.route("POST", "/v2/api/getResult", self.result)

    def seed(self) -> None:
        """See `Vendor`."""
        self.store.put("application", APP_ID, {"seconds_left": 5 * 3600 * 50})

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "app_id": APP_ID, "secret_key": SECRET_KEY}

    def connection(self) -> Json:
        """See `Vendor`."""
        return {
            "conn_type": "trivet_iflytek_speech", "host": self.base_url, "login": APP_ID, "password": SECRET_KEY,
            "extra": {
                "environment": "sandbox", "price_per_minute": 0.033, "poll_seconds": 1.0, "calls_per_second": 200.0,
            },
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return _error("26610", "请求参数错误")

    def too_many(self, retry_after: str) -> Answer:
        """See `Vendor`; the status stays 200."""
        answer = _error("26603", "接口访问频率受限")
        answer.headers["Retry-After"] = retry_after
        return answer

    def upload(self, request: Request) -> Answer:
        """A new order; its time is billed."""
        if (refused := self._locked(request)) is not None:
            return refused
        asked = request.query
        if (
            asked.get("fileSize") != str(len(request.body))
            or not asked.get("fileName")
            or "duration" not in asked
        ):
            return _error("26610", "请求参数错误")
        if asked.get("language", "cn") not in LANGUAGES:
            return _error("26607", "转写语种未授权或已过有效期")
        if len(request.body) > MOST_BYTES:
            return _error("26631", "音频文件大小受限")
        if not request.body:
            return _error("26606", "空音频")
        language = LANGUAGES[asked.get("language", "cn")]
        speech = (
            heard(request.body, language) if request.body.startswith(b"RIFF") else Speech(0.0, language, ())
        )
        account = self.store.get("application", APP_ID) or {}
        if account["seconds_left"] < speech.seconds:
            return _error("26625", "预处理服务时长不足")
        number = self.store.next_number("order", 1)
        order = f"DKHJQ{time.strftime('%Y%m%d')}{number:010d}"
        self.store.put("application", APP_ID, {"seconds_left": account["seconds_left"] - speech.seconds})
        busy = (self.store.get("_setting", "busy") or {"questions": BUSY})["questions"]
        self.store.put("order", order, {
            "status": CREATED, "fail": (self.store.get("_setting", "fail") or {"type": 0})["type"], "busy": busy,
            "asked": 0, "seconds": speech.seconds, "language": language, "hot_words": asked.get("hotWord"),
            "roles": asked.get("roleType"), "sentences": speech.sentences,
        })  # fmt: skip
        return _good({"orderId": order, "taskEstimateTime": int(speech.seconds * 10)})

    def result(self, request: Request) -> Answer:
        """What an order came to."""
        if (refused := self._locked(request)) is not None:
            return refused
        order = self.store.get("order", request.query.get("orderId", ""))
        if order is None:
            return _error("26602", "任务ID不存在")
        order["asked"] += 1
        if order["asked"] > MOST_QUESTIONS:
            return _error("26604", "获取结果次数超过限制")
        done = order["asked"] > order["busy"]
        order["status"] = (FAILED if order["fail"] else DONE) if done else WORKING
        self.store.put("order", request.query["orderId"], order)
        number = (self.store.get("_setting", "confused") or {}).get("with") or request.query["orderId"]
        shown = self.store.get("order", number) or order
        info = {
            "orderId": number, "status": order["status"], "failType": order["fail"] if done else 0,
            "originalDuration": int(shown["seconds"] * 1000), "realDuration": int(shown["seconds"] * 1000),
            "expireTime": int((time.time() + 72 * 3600) * 1000),
        }  # fmt: skip
        text = _lattice(shown) if order["status"] == DONE else ""
        return _good({"orderInfo": info, "orderResult": text, "taskEstimateTime": 0 if done else 100})

    def _locked(self, request: Request) -> Answer | None:
        asked = request.query
        at = asked.get("ts", "")
        base = hashlib.md5((asked.get("appId", "") + at).encode()).hexdigest()
        right = base64.b64encode(hmac.digest(SECRET_KEY.encode(), base.encode(), "sha1")).decode()
        fresh = at.isdecimal() and abs(time.time() - int(at)) <= FRESH_SECONDS
        if asked.get("appId") != APP_ID or asked.get("signa") != right or not fresh:
            return _error("26601", "非法应用信息")
        return None

    def change(self, spec: Json) -> Json:
        """What happens over there: `what` is busy (new orders take `questions`), fail (new orders fail, `type`; 0 ends it),
        empty (the paid time is used up), confused (answers are on the order `with`; None ends it), forget (orders are gone)."""
        match spec["what"]:
            case "busy":
                self.store.put("_setting", "busy", {"questions": spec["questions"]})
            case "fail":
                self.store.put("_setting", "fail", {"type": spec["type"]})
            case "empty":
                self.store.put("application", APP_ID, {"seconds_left": 0})
            case "confused":
                self.store.put("_setting", "confused", {"with": spec["with"]})
            case "forget":
                for key, _ in self.store.all("order"):
                    self.store.delete("order", key)
            case _:
                raise KeyError(spec["what"])
        return {"ok": True}


def _lattice(order: Json) -> str:
    sentences = []
    for i, (start, end, text) in enumerate(order["sentences"]):
        words = _WORD.findall(text)
        frames, whole, at, shown = (end - start) * 100, sum(map(len, words)), 0, []
        for word in words:
            first, at = frames * at / whole, at + len(word)
            mark = not any(map(str.isalnum, word))
            shown.append({
                "wb": int(first), "we": int(frames * at / whole), "cw": [{"w": word, "wp": "p" if mark else "n"}],
            })  # fmt: skip
        shown.append({"wb": int(frames), "we": int(frames), "cw": [{"w": "", "wp": "g"}]})
        role = str(i % 2 + 1) if order["roles"] == "1" else "0"
        st = {
            "bg": str(int(start * 1000)),
            "ed": str(int(end * 1000)),
            "rl": role,
            "pa": "0",
            "rt": [{"ws": shown}],
        }
        sentences.append({"json_1best": json.dumps({"st": st}, ensure_ascii=False)})
    return json.dumps({"lattice": sentences}, ensure_ascii=False)


def _good(content: Json) -> Answer:
    return Answer({"code": "000000", "descInfo": "success", "content": content})


def _error(code: str, message: str) -> Answer:
    return Answer({"code": code, "descInfo": message, "content": None})
