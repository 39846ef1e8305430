"""Baidu's AI platform on the wire: a token in the query, HTTP 200 with an error_code, one picture a call."""

import base64
from collections.abc import Mapping
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected, Retryable
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import BaiduExpressionConfig

NAME = "baidu_expression"
DETECT = "detect"
NO_FACE = 222202
"""`pic not has face`."""
BAD_TOKEN = (100, 110, 111)
"""No, a wrong or an expired token."""
NO_RIGHT = 6
TOO_MANY = {4: 60.0, 17: 900.0, 18: 1.0, 19: 900.0}
"""Seconds of pause: of the cluster, of the day, of the second, of the package."""
LATER = (1, 2, 282000, 222901, 222902)
"""The vendor's own troubles."""
TYPES = ("none", "smile", "laugh")


class Wire:
    """One application's client."""

    def __init__(self, config: BaiduExpressionConfig, services: Services) -> None:
        self.config = config
        self._token = ""
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            auth_failed=lambda reply: reply.status == 401 or _code(reply) in BAD_TOKEN,
            too_many=lambda reply: TOO_MANY.get(_code(reply)),
        )

    def expression(self, picture: bytes) -> Document:
        """{faces, type, probability} of the largest face; {faces: 0} where there is none."""
        body = {
            "image": base64.b64encode(picture).decode(), "image_type": "BASE64", "face_field": "expression",
            "max_face_num": 1, "face_type": "LIVE",
        }  # fmt: skip
        # the token is made anew when it is refused: it is read at every attempt
        reply = self.http.read(
            DETECT,
            "POST",
            "/rest/2.0/face/v3/detect",
            json=body,
            each=lambda: {"params": {"access_token": self._token}},
        )
        said = self.http.decode(DETECT, reply, write=False)
        if not isinstance(said, dict) or type(said.get("error_code")) is not int:
            raise malformed("the answer has no error_code")
        if said["error_code"] == NO_FACE:
            return {"faces": 0}
        if said["error_code"] != 0:
            raise _refusal(said["error_code"])
        return _read(said)

    def _login(self) -> Mapping[str, str]:
        config = self.config
        reply, answer = self.http.ask_for_login(
            "POST", "/oauth/2.0/token",
            params={
                "grant_type": "client_credentials", "client_id": config.api_key,
                "client_secret": config.secret_key.get_secret_value(),
            },
        )  # fmt: skip
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise AuthFailed(
                "API Key or Secret Key is wrong", connector=NAME, operation="login", vendor_code=f"HTTP {reply.status}",
                cure="take both from the application's page in Baidu's console",
            )  # fmt: skip
        self._token = token
        return {}


def _read(said: Document) -> Document:
    result = said.get("result")
    faces = result.get("face_list") if isinstance(result, dict) else None
    face = faces[0] if isinstance(faces, list) and faces else None
    found = face.get("expression") if isinstance(face, dict) else None
    if not isinstance(found, dict) or found.get("type") not in TYPES:
        raise malformed("the answer holds no expression that is known")
    probability = found.get("probability")
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise malformed("the probability is no number of 0 to 1")
    return {"faces": 1, "type": found["type"], "probability": round(float(probability), 3)}


def _refusal(code: int) -> AuthFailed | Rejected | Retryable:
    if code == NO_RIGHT:
        return AuthFailed(
            "the application may not use face detection", connector=NAME, operation=DETECT, vendor_code=str(code),
            cure="add face detection to the application in Baidu's console",
        )  # fmt: skip
    kind = Retryable if code in LATER else Rejected
    return kind("the vendor refuses the picture", connector=NAME, operation=DETECT, vendor_code=str(code))


def malformed(what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=DETECT, vendor_code="ANSWER_MALFORMED")


def _code(reply: Reply) -> int:
    """The error_code of an answer, 0 where there is none; every answer is asked."""
    if b"error_code" not in reply.body:
        return 0
    try:
        code: Any = reply.json().get("error_code")
    except (ValueError, AttributeError, RecursionError):
        return 0
    return code if type(code) is int else 0
