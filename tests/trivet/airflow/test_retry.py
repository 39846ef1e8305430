"""What a failed task does next."""

import pickle
from datetime import timedelta

import pytest
from airflow.sdk import RetryAction

from trivet.airflow.retry import TrivetRetry
from trivet.errors import (
    AuthFailed,
    ConfigError,
    DocumentRefused,
    LedgerError,
    RateLimited,
    Rejected,
    Retryable,
    TrivetError,
    UnknownOutcome,
)

WHERE = {"connector": "erp", "operation": "save"}


@pytest.mark.parametrize(
    "error",
    [
        AuthFailed("wrong password", **WHERE),
        Rejected("no such course", vendor_code="17", **WHERE),
        UnknownOutcome("answer lost", **WHERE),
        ConfigError("no such connection", code="CONNECTION_MISSING"),
        DocumentRefused("not a date", code="SCHEMA", pointer="/born"),
        LedgerError("newer than this program", code="LEDGER_NEWER"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_another_try_cannot_cure_fails_at_once(error: TrivetError) -> None:
    """A wrong password locks the account and a blind resend duplicates: neither is tried again."""
    assert TrivetRetry().evaluate(error, 1, 3).action is RetryAction.FAIL


@pytest.mark.parametrize(("asked", "waited"), [(30, 30), (0, 1), (-5, 1), (86400, 900)])
def test_a_rate_limit_waits_as_asked_within_limits(asked: float, waited: float) -> None:
    """The vendor's Retry-After is the pause, but neither nothing nor a day."""
    decision = TrivetRetry().evaluate(RateLimited("slow down", retry_after=asked, **WHERE), 1, 3)
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, timedelta(seconds=waited))


@pytest.mark.parametrize(
    "error",
    [
        Retryable("connection refused", **WHERE),
        ValueError("a bug"),
        OSError("disk full"),
        LedgerError("another worker is busy", code="LEASE_HELD"),
        LedgerError("the database is away", code="LEDGER_UNREACHABLE"),
    ],
)
def test_anything_else_is_the_tasks_own_back_off(error: Exception) -> None:
    """Nothing was done, or we do not know the error: the task's retries decide."""
    assert TrivetRetry().evaluate(error, 1, 3).action is RetryAction.DEFAULT


def test_the_policy_survives_serialisation_and_errors_survive_processes() -> None:
    """The scheduler keeps the policy as JSON, and an error crosses from the task's process with its pause."""
    assert isinstance(TrivetRetry.deserialize(TrivetRetry().serialize()), TrivetRetry)
    crossed = pickle.loads(pickle.dumps(RateLimited("slow down", retry_after=7, **WHERE)))
    assert TrivetRetry().evaluate(crossed, 1, 3).retry_delay == timedelta(seconds=7)
