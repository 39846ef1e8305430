"""The addresses that vendors call, over a real socket: whatever comes, genuine or not, is answered as the API's own words say."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
from conftest import World, fresh_world
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from fuzz.amount import tries
from hypothesis import example, given
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance
from trivet_sandbox.ashby import hooks as ashby_hooks
from trivet_sandbox.bamboohr import hooks as bamboohr_hooks
from trivet_sandbox.feishu_hire import events
from trivet_sandbox.greenhouse import hooks
from trivet_sandbox.http_json import hr as in_house

from trivet.inbound import create_app

SECRET = "a-hook-secret"
SETTINGS: dict[str, dict[str, Any]] = {
    "feishu_hire": {"encrypt_key": SECRET}, "greenhouse": {"webhook_secret": SECRET}, "ashby": {"webhook_secret": SECRET},
    "lever": {"signature_tokens": [SECRET]}, "bamboohr": {"webhook_key": SECRET}, "in_house_hr": {"webhook_secret": SECRET},
    "zoom": {"webhook_secret": SECRET},
}  # fmt: skip
Headers = dict[str, str]


@contextmanager
def served(hub: Any) -> Iterator[tuple[str, Any]]:
    """`trivet serve` in a thread; its address, and what it says of itself."""
    app = create_app(hub)
    server = uvicorn.Server(config := uvicorn.Config(app, port=0, log_level="error", access_log=False))
    listening = config.bind_socket()
    # whoever calls before the server is at work waits
    listening.listen()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", app.openapi()
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listening.close()


@pytest.fixture(scope="module")
def door(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """One server for all, with every vendor behind it."""
    world: World = fresh_world(_servers, tmp_path_factory.mktemp("door"))
    known = world.sandbox.connections()
    world.connect(**{name: {"extra": {**known[name]["extra"], **more}} for name, more in SETTINGS.items()})
    with world.hub() as hub, served(hub) as (base, said):
        yield base, said


@pytest.fixture(scope="module")
def api(door: tuple[str, Any]) -> Any:
    """Its OpenAPI, whose connections are those that there are, and one that is not."""
    base, said = door
    for path, methods in said["paths"].items():
        for method in methods.values():
            for parameter in method.get("parameters", ()):
                if parameter["name"] == "connection":
                    parameter["schema"]["enum"] = [
                        *SETTINGS,
                        "ashby_assessments",
                        "greenhouse_assessments",
                        "nobody",
                    ]
        assert path
    schema = schemathesis.openapi.from_dict(said)
    schema.config.update(base_url=base)
    return schema


def test_every_answer_is_what_the_api_says(api: Any, door: tuple[str, Any]) -> None:
    """No fault of ours, and no status or shape that is not declared."""
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) == 8
    for operation in operations:

        @tries(15)
        @given(case=operation.as_strategy())
        def answered(case: Any) -> None:
            # no schema says what a genuine call is
            case.call_and_validate(base_url=door[0], excluded_checks=[positive_data_acceptance])

        answered()


def feishu(body: bytes) -> tuple[bytes, Headers]:
    """Encrypted and signed."""
    padding = PKCS7(128).padder()
    padded = padding.update(body) + padding.finalize()
    cipher = Cipher(
        algorithms.AES(hashlib.sha256(SECRET.encode()).digest()), modes.CBC(bytes(16))
    ).encryptor()
    sealed = base64.b64encode(bytes(16) + cipher.update(padded) + cipher.finalize()).decode()
    sent = json.dumps({"encrypt": sealed}).encode()
    return sent, events.headers(sent, SECRET)


def lever(body: bytes) -> tuple[bytes, Headers]:
    """What is signed stands inside."""
    token, at = hashlib.sha256(body).hexdigest(), int(time.time() * 1000)
    signature = hmac.new(SECRET.encode(), f"{token}{at}".encode(), hashlib.sha256).hexdigest()
    proof = json.dumps({"token": token, "triggeredAt": at, "signature": signature})
    return (proof[:-1].encode() + b"," + body[1:] if body[:1] == b"{" and body != b"{}" else body), {}


def zoom(body: bytes) -> tuple[bytes, Headers]:
    """Over time and body."""
    at = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return body, {"x-zm-request-timestamp": at, "x-zm-signature": f"v0={signature}"}


SIGNED: dict[str, Callable[[bytes], tuple[bytes, Headers]]] = {
    "feishu_hire": feishu, "lever": lever, "zoom": zoom,
    "greenhouse": lambda body: (body, hooks.headers(body, SECRET)),
    "ashby": lambda body: (body, ashby_hooks.headers(body, SECRET)),
    "bamboohr": lambda body: (body, bamboohr_hooks.headers(body, SECRET)),
    "in_house_hr": lambda body: (body, in_house.signature(body, SECRET)),
}  # fmt: skip
WORDS = st.sampled_from(
    [
        "event", "event_id", "header", "type", "token", "challenge", "payload", "action", "data", "id", "kind", "app_id",
        "object", "event_type", "talent_id", "application_ids",
        "application", "candidate", "employeeId", "timestamp", "url_verification",
        "plainToken", "endpoint.url_validation", "hire.talent.deleted_v1", "delete_candidate", "candidateDelete", "ping",
    ]
)  # fmt: skip
SAID = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | WORDS
    | st.just("\ud800")
    | st.just("a\0b"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=25,
)


@pytest.mark.parametrize("name", SIGNED)
@tries(25)
@given(said=st.dictionaries(WORDS, SAID, max_size=6) | SAID)
@example(said={"event": "\ud800"})
@example(said={"event": "a\0b"})
def test_a_genuine_call_of_anything_is_stored_or_refused(name: str, door: tuple[str, Any], said: Any) -> None:
    """Signed by the vendor's own secret: even then no fault of ours."""
    body, headers = SIGNED[name](json.dumps(said).encode())
    answer = requests.post(f"{door[0]}/in/{name}", body, headers=headers, timeout=20)
    assert answer.status_code in (200, 400, 401)
    assert isinstance(answer.json(), dict)
