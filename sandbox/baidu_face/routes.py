"""Face detection v3 of Baidu's AI platform, as far as expression goes.

After ai.baidu.com (FACE, 人脸检测与属性分析; error codes of the platform): the token goes into the query, an answer has
`error_code` 0 or a refusal with status 200, a picture is base64 of at most 2 MB.
"""

import base64
import binascii
import hashlib
import secrets

from ..server import Answer, Request, Vendor
from ..store import Json, Store

API_KEY, SECRET_KEY = "bd-sandbox-key", "bd-sandbox-secret"
MOST_BYTES = 2 * 1024 * 1024
TYPES = ("none", "smile", "laugh")
REFUSALS = {
    4: "Open api request limit reached", 6: "No permission to access data", 17: "Open api daily request limit reached",
    18: "Open api qps request limit reached", 110: "Access token invalid or no longer valid", 222202: "pic not has face",
    222203: "image check fail", 282000: "internal error",
}  # fmt: skip


class BaiduFace(Vendor):
    """The stand-in."""

    name = "baidu_face"

    def __init__(self, store: Store, size: int | None = None) -> None:  # noqa: ARG002 - no company lies here
        super().__init__(store)
        self.tokens: set[str] = set()
        self.route("POST", "/oauth/2.0/token", self.token)
        self.route("POST", "/rest/2.0/face/v3/detect", self.detect)

    def seed(self) -> None:
        """See `Vendor`."""
        self.store.put("_setting", "next", {"codes": []})

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "api_key": API_KEY, "secret_key": SECRET_KEY}

    def connection(self) -> Json:
        """See `Vendor`: switched off, as it comes."""
        return {
            "conn_type": "trivet_baidu_expression", "host": self.base_url, "login": API_KEY, "password": SECRET_KEY,
            "extra": {"environment": "sandbox", "calls_per_second": 200.0, "price_per_picture": 0.01},
        }  # fmt: skip

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return _refusal(282000)

    def too_many(self, retry_after: str) -> Answer:  # noqa: ARG002
        """See `Vendor`."""
        return _refusal(18)

    def token(self, request: Request) -> Answer:
        """A token for the application."""
        query = request.query
        if query.get("grant_type") != "client_credentials" or query.get("client_id") != API_KEY:
            return Answer({"error": "invalid_client", "error_description": "unknown client id"}, 401)
        if query.get("client_secret") != SECRET_KEY:
            return Answer(
                {"error": "invalid_client", "error_description": "Client authentication failed"}, 401
            )
        token = f"24.{secrets.token_hex(16)}"
        self.tokens.add(token)
        return Answer({"access_token": token, "expires_in": 2_592_000, "scope": "brain_all_scope"})

    def detect(self, request: Request) -> Answer:
        """The largest face of one picture, with what was asked of it."""
        if request.query.get("access_token") not in self.tokens:
            return _refusal(110)
        codes = (self.store.get("_setting", "next") or {})["codes"]
        if codes:
            self.store.put("_setting", "next", {"codes": codes[1:]})
            if codes[0]:
                return _refusal(codes[0])
        body = request.json()
        try:
            picture = base64.b64decode(body["image"], validate=True)
        except (binascii.Error, KeyError):
            return _refusal(222203)
        jpeg = picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9")
        if body.get("image_type") != "BASE64" or len(body["image"]) > MOST_BYTES or not jpeg:
            return _refusal(222203)
        number = self.store.next_number("picture", 1)
        self.store.put(
            "picture", str(number), {"face_field": body.get("face_field", ""), "bytes": len(picture)}
        )
        drawn = hashlib.sha256(picture).digest()
        face: Json = {"face_token": drawn.hex()[:32], "face_probability": 0.99}
        if "expression" in str(body.get("face_field", "")).split(","):
            face["expression"] = {"type": TYPES[drawn[0] % 3], "probability": 0.5 + drawn[1] / 512}
        result = {"face_num": 1, "face_list": [face]}
        return Answer(
            {"error_code": 0, "error_msg": "SUCCESS", "log_id": number, "cached": 0, "result": result}
        )

    def change(self, spec: Json) -> Json:
        """`codes`: error codes of the next calls, 0 for a call that goes well; `expire`: every token ends."""
        if spec.get("expire"):
            self.tokens.clear()
        self.store.put("_setting", "next", {"codes": list(spec.get("codes", []))})
        return {"ok": True}


def _refusal(code: int) -> Answer:
    return Answer(
        {"error_code": code, "error_msg": REFUSALS.get(code, "unknown error"), "log_id": 1, "result": None}
    )
