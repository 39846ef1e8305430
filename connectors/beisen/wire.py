"""Beisen on the wire: a token by form, an envelope with its own code, lists in batches that lead to one another."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected, Retryable
from trivet.http import HttpClient, Reply, retry_after
from trivet.model import Document

from .config import BeisenConfig

NAME = "beisen"
PREFIX = "/RecruitV6/api/v1"
PAUSE_SECONDS = 60.0
"""Where 429 says nothing: the limits are counted by the minute, and one by the day."""


class Wire:
    """One tenant's client."""

    def __init__(self, config: BeisenConfig, services: Services) -> None:
        self.config = config
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            too_many=_pause,
        )

    def data(self, operation: str, method: str, path: str, **how: Any) -> Any:
        """What the envelope of a read holds."""
        reply = self.http.read(operation, method, f"{PREFIX}/{path}", **how)
        answer = self.http.decode(operation, reply, write=False) if reply.status == 200 else None
        if reply.status != 200:
            raise self._refused(operation, f"HTTP {reply.status}")
        if not isinstance(answer, dict) or not isinstance(answer.get("code"), int | str):
            raise malformed(operation, "the answer has no code")
        if str(answer["code"]) != "200":
            # without the vendor's words: they may name anybody
            told = answer["code"] if isinstance(answer["code"], int) else "CODE"
            raise self._refused(operation, str(told))
        return answer.get("data")

    def batches(self, operation: str, path: str, begin: str, end: str) -> Iterator[list[Document]]:
        """What changed between two times, up to 1,000 at once.

        The word that leads on looks like a search engine's scroll: asked again after a lost answer, it may give the batch
        after the lost one. What is told of the total is counted, so that no batch is left out in silence.
        """
        batch, before, left = "", list[Document](), None
        while True:
            data = self._batch(operation, path, {"startTime": begin, "endTime": end, "batchId": batch})
            items, last = (
                (data.get("items"), data.get("isLastBatch")) if isinstance(data, dict) else (None, None)
            )
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise malformed(operation, "the answer is no batch of items")
            if left is None and isinstance(data.get("total"), int):
                left = data["total"]
            left = left if left is None else left - len(items)
            batch = data.get("nextBatchId") or ""
            # the end is told; without it a part would look like the whole. The word may be the same one every time
            if last is not True and (not isinstance(batch, str) or not batch or items in ([], before)):
                raise malformed(operation, "the batch leads nowhere, or to itself, and is not the last")
            if last is True and left is not None and left > 0:
                raise malformed(operation, f"{left} items fewer came than the vendor counted")
            yield items
            if last is True:
                return
            before = items

    def _batch(self, operation: str, path: str, asked: Document) -> Any:
        try:
            return self.data(operation, "POST", path, json=asked)
        except Rejected as error:
            if not asked["batchId"]:
                raise
            # a word lives a while: the window is read from its begin by the next run
            raise Retryable(
                "the batch is refused, its word may be over",
                connector=NAME,
                operation=operation,
                vendor_code=error.vendor_code,
            ) from None

    def applications(self, operation: str, names: Sequence[str]) -> list[Document]:
        """Applications by id; those that are gone are left out."""
        asked = {"applyIds": list(names), "fieldNames": list(self.config.apply_fields)}
        return self._rows(operation, "Apply/GetApplyListByApplyId", asked, "applyId", names)

    def profiles(self, operation: str, names: Sequence[str], fields: Sequence[str] = ()) -> list[Document]:
        """Profiles of applicants by id, as lists of names and values."""
        asked = {"applicantIds": list(names), **({"fieldNames": list(fields)} if fields else {})}
        rows = self._rows(operation, "Applicant/GetPersonProfileList", asked, "applicantId", names)
        if not all(_is_profile(row.get("fieldValues")) for row in rows):
            raise malformed(operation, "a profile is no list of names and values")
        return rows

    def _rows(
        self, operation: str, path: str, asked: Document, key: str, names: Sequence[str]
    ) -> list[Document]:
        rows = self.data(operation, "POST", path, json=asked)
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and row.get(key) in names for row in rows
        ):
            raise malformed(operation, "the answer is no list of what was asked for")
        return rows

    def _refused(self, operation: str, code: str) -> Rejected:
        return Rejected("the call is refused", connector=NAME, operation=operation, vendor_code=code)

    def _login(self) -> Mapping[str, str]:
        form = {
            "app_id": self.config.app_id, "secret": self.config.app_secret.get_secret_value(),
            "tenant_id": self.config.tenant_id, "grant_type": "client_credentials",
        }  # fmt: skip
        reply, answer = self.http.ask_for_login("POST", "/OAuth/Token", data=form)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if reply.status != 200 or not isinstance(token, str) or not token:
            said = answer.get("error") if isinstance(answer, dict) else None
            raise AuthFailed(
                "no token is given", connector=NAME, operation="login",
                vendor_code=said if isinstance(said, str) and said.isidentifier() else f"HTTP {reply.status}",
                cure="check AppId, AppSecret and tenant_id",
            )  # fmt: skip
        return {"Authorization": f"Bearer {token}"}


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")


def _is_profile(fields: Any) -> bool:
    return isinstance(fields, list) and all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in fields
    )


def _pause(reply: Reply) -> float | None:
    if reply.status != 429:
        return None
    return retry_after(reply) if reply.headers.get("Retry-After") else PAUSE_SECONDS
