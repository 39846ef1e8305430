"""What a failed task does next, read from the error's type.

AuthFailed, Rejected, UnknownOutcome    failed at once: another try cannot help, or must not be blind
ConfigError, LedgerError                failed at once: a person has to change something; but for what passes (`MOMENTARY`)
RateLimited                             tried again when the vendor said so, within limits
anything else                           the task's own back-off
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

from trivet.errors import (
    AuthFailed,
    ConfigError,
    DocumentRefused,
    LedgerError,
    RateLimited,
    Rejected,
    UnknownOutcome,
)

FINAL = (AuthFailed, ConfigError, DocumentRefused, LedgerError, Rejected, UnknownOutcome)
MOMENTARY = {"LEASE_HELD", "LEDGER_BUSY", "LEDGER_CONFLICT", "LEDGER_UNREACHABLE", "STATE_CHANGED"}
"""Another worker is at it, or the ledger's database is away for a moment: nothing was done, and later it may be."""
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 900.0  # seconds: a Retry-After of a day would park the night


class TrivetRetry(RetryPolicy):
    """Airflow's retry decision for Trivet's errors; the number of tries stays the task's `retries`."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002  the base class's signature
        max_tries: int,  # noqa: ARG002
        context: Any = None,  # noqa: ARG002
    ) -> RetryDecision:
        """Decide in the worker, where the real exception is."""
        if isinstance(exception, LedgerError) and exception.code in MOMENTARY:
            return RetryDecision.default()
        if isinstance(exception, FINAL):
            return RetryDecision.fail(f"{type(exception).__name__}: another try cannot help")
        if isinstance(exception, RateLimited):
            pause = min(max(exception.retry_after, SHORTEST_PAUSE), LONGEST_PAUSE)
            return RetryDecision.retry(timedelta(seconds=pause), "the vendor asked for a pause")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Nothing: the policy has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "TrivetRetry":  # noqa: ARG003
        """The one policy."""
        return cls()
