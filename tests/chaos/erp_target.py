"""The small connector to the rig's own ERP, on Trivet's HTTP client: real sockets, real doubts."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from trivet import budget, http
from trivet.contract import Services
from trivet.errors import Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, HttpSettings
from trivet.model import Accepted, Confirmed, Found, Operation, Outcome

_patience = {"seconds": 60.0}
WHERE = {"connector": "erp", "operation": "send"}


class ErpTarget:
    """Send and find; `now` is told to the ERP with every request."""

    def __init__(self, address: str, state: Path, now: Callable[[], datetime]) -> None:
        self.now = now
        self.http = HttpClient(
            connector="erp",
            base_url=address,
            services=Services(connection="erp", home=state, state=state, now=now),
            network=HttpSettings(calls_per_second=1e6, read_seconds=_patience["seconds"]),
            refuses_before_work=True,
        )

    def check(self) -> None:
        """Nothing to prove."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """One vendor request."""
        rows = [
            {
                "key": one.key,
                "kind": one.kind,
                "entity": one.entity,
                "reference": one.reference,
                "remote_id": one.remote_id,
                "document": one.document,
            }
            for one in operations
        ]
        reply = self.http.write("send", "POST", "/send", json={"operations": rows}, headers=self._headers())
        answer = self.http.decode("send", reply, write=True)
        if answer.get("error") == "SYSTEM_BUSY":
            raise Retryable("the system is busy", vendor_code="SYSTEM_BUSY", **WHERE)
        return [_outcome(one) for one in answer["results"]]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """Live records by reference."""
        told = {"entity": entity, "references": [one.reference for one in operations]}
        reply = self.http.read("find", "POST", "/find", json=told, headers=self._headers())
        found: dict[str, list[Found]] = {}
        for reference, remote_id, document in self.http.decode("find", reply, write=False)["rows"]:
            found.setdefault(reference, []).append(Found(remote_id, document))
        return found

    def ask(self, path: str, told: Mapping[str, Any] | None = None) -> Any:
        """The rig's own questions: `/state`, `/reset`, `/edit`."""
        return self.http.read("rig", "POST", path, json=dict(told or {}), headers=self._headers()).json()

    def close(self) -> None:
        """Closes the sockets."""
        self.http.session.close()

    def _headers(self) -> dict[str, str]:
        return {"X-Now": str((self.now() - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds())}


def _outcome(said: Mapping[str, Any]) -> Outcome:
    match said["status"]:
        case "ok":
            return Confirmed(said["id"])
        case "accepted":
            return Accepted(said["ticket"])
        case "refused":
            return Rejected("bad value", vendor_code=said["code"], field=said["field"], **WHERE)
        case "locked":
            return Retryable("locked", vendor_code="LOCKED", **WHERE)
        case _:
            return UnknownOutcome("no word", **WHERE)


def hurry(seconds: float = 0.5) -> None:
    """In this process a hanging ERP is given up after so long, and nobody sleeps between two tries of a reading.

    Long enough that a busy machine's late answer is not taken for a hanging one: that would be a fault too many.
    """
    _patience["seconds"] = seconds
    for module in (http, budget):
        module.time = SimpleNamespace(**{**vars(time), "sleep": lambda _: None})  # type: ignore[attr-defined]
