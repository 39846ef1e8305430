"""The stand-ins' own server: its control keeps what it says."""

import json
import time
import urllib.request
from http.client import RemoteDisconnected
from threading import Thread
from typing import Any

import pytest
import trivet_sandbox


def ask(url: str, body: Any = None) -> Any:
    """The answer to a POST, None where the connection dies."""
    request = urllib.request.Request(
        url, method="POST", data=json.dumps(body).encode(), headers={"Authorization": "Bearer none"}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except (ConnectionError, RemoteDisconnected):
        return None


@pytest.mark.parametrize("kind", ["delay", "late"])
def test_a_call_from_before_a_reset_changes_nothing_after_it(kind: str) -> None:
    """Or what one trial left behind would fall into the next."""
    with trivet_sandbox.start(["http_json"]) as sandbox:
        url, vendor = sandbox["http_json"].base_url, sandbox["http_json"]
        done: list[str] = []
        vendor.route("POST", "/mark", lambda _: done.append(kind) or trivet_sandbox.server.Answer({}))
        ask(f"{url}/mark")
        assert done == [kind]
        ask(f"{url}/_sandbox/faults", {"kind": kind, "seconds": 0.3})
        caller = Thread(target=ask, args=(f"{url}/mark",))
        caller.start()
        while not any(rule["times"] == 0 for rule in vendor.faults.left()):
            time.sleep(0.01)
        ask(f"{url}/_sandbox/reset")
        caller.join()
        time.sleep(0.4)
        assert done == [kind]
