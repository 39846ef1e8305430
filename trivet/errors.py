"""Errors, named by what the caller does next.

    TrivetError                 code, message, place, cure; picklable, free of secrets and personal data
      + ConfigError             a file or a connection is wrong; nothing was done
      + DocumentRefused         a document is set aside with code and JSON pointer; the others go on
      + LedgerError             the ledger cannot be used as asked; nothing was changed
      + ConnectorError          speaks of a vendor call: connector, operation, vendor code, field
          + Retryable           provably nothing was done there; the same call may be made again
              + RateLimited     as above, after `retry_after` seconds
              + NotYet          as above, but not in this run: what was asked for is still being made
          + AuthFailed          the credentials are wrong; stop this connection, a person must act
          + Rejected            understood and refused; set the record aside
              + PeriodClosed    as above, but only for now: its period is closed, it is taken up again later
          + UnknownOutcome      sent, answer lost or unreadable; ask before anything else

The five connector errors are outcomes too: a bulk `send` returns them as values, one per operation, and raises one
only to speak for the whole request.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from trivet.blotting import without_login

MOST_CODE = 100
"""Characters of a vendor's code."""


class TrivetError(Exception):
    """One clear line (`str(error)`), a stable `code`, and the cure on a second line where there is one."""

    code: str

    def __init__(
        self, message: str, *, code: str | None = None, place: str | None = None, cure: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).__name__
        self.place = place
        self.cure = cure

    def __str__(self) -> str:
        head = f"{self.place}: {self.message}" if self.place else self.message
        return f"{head} [{self.code}]" if self.code != type(self).__name__ else head

    @property
    def reason(self) -> str:
        """The code by which a person finds the trouble."""
        return self.code

    def explained(self) -> str:
        """The line, and the cure below it."""
        return f"{self}\n  {self.cure}" if self.cure else str(self)

    # keyword-only arguments do not survive the default pickling, and Airflow sends exceptions between processes
    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(kind: type[TrivetError], args: tuple[Any, ...], state: dict[str, Any]) -> TrivetError:
    error = kind.__new__(kind, *args)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error


class ConfigError(TrivetError):
    """A file, a setting or a connection is wrong; nothing was done."""


class DocumentRefused(TrivetError):
    """A document breaks its contract at `pointer`; it is set aside, the others go on."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        pointer: str = "",
        place: str | None = None,
        cure: str | None = None,
    ) -> None:
        super().__init__(message, code=code, place=place, cure=cure)
        self.pointer = pointer


class LedgerError(TrivetError):
    """The ledger cannot be used as asked (newer version, read-only, wrong key, unknown id); nothing was changed."""


class ConnectorError(TrivetError):
    """What one vendor call came to, when it did not succeed. `code` says which kind it is, `vendor_code` the reason."""

    word: ClassVar[str] = "CONNECTOR_FAILED"

    def __init__(
        self,
        message: str,
        *,
        connector: str,
        operation: str,
        vendor_code: str | None = None,
        field: str | None = None,
        cure: str | None = None,
    ) -> None:
        # a vendor that quotes the call may quote its login
        super().__init__(without_login(message), code=self.word, cure=cure)
        self.connector = connector
        self.operation = operation
        # a vendor may say anything where its code should stand
        self.vendor_code = None if vendor_code is None else " ".join(vendor_code.split())[:MOST_CODE]
        self.field = field

    def blot(self, cleaned: Callable[[str], str]) -> None:
        """Passes the vendor's words through, before anybody reads or keeps them."""
        self.message = cleaned(self.message)
        self.args = (self.message, *self.args[1:])

    def __str__(self) -> str:
        where = f" (field {self.field})" if self.field else ""
        code = f" [{self.vendor_code}]" if self.vendor_code else ""
        return f"{self.connector} {self.operation}: {self.message}{where}{code}"

    @property
    def reason(self) -> str:
        """The vendor's code, or ours for the reason; where there is none, the kind of the error."""
        return self.vendor_code or self.code


class Retryable(ConnectorError):
    """Provably nothing was done there; the same call may be made again, backing off."""

    word = "TARGET_UNAVAILABLE"


class RateLimited(Retryable):
    """The vendor asks for a pause of `retry_after` seconds; nothing was done."""

    word = "THROTTLED"

    def __init__(self, message: str, *, retry_after: float, **where: Any) -> None:
        super().__init__(message, **where)
        self.retry_after = retry_after


class NotYet(Retryable):
    """What was asked for is not there yet and is expected; it is asked for again in a later run."""

    word = "NOT_YET"


class AuthFailed(ConnectorError):
    """The credentials are wrong or lack a right; stop this connection and alert a person once."""

    word = "CREDENTIALS_REFUSED"


class Rejected(ConnectorError):
    """Understood and refused (`vendor_code`, `field`); set the record aside."""

    word = "TARGET_REJECTED"


class PeriodClosed(Rejected):
    """The record's period is closed or not open yet; it waits until `opens_at` (an aware time), or is tried now and then."""

    word = "PERIOD_CLOSED"

    def __init__(self, message: str, *, opens_at: datetime | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.opens_at = opens_at


class UnknownOutcome(ConnectorError):
    """Sent, answer lost or unreadable; never resend blindly, settle by asking."""

    word = "OUTCOME_UNKNOWN"
