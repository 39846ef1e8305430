"""A report's letter: who gets it, that each gets it once, and what is said where one does not."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from trivet.contract import MailerConnector
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.flow.definition import Flow, ReportMail
from trivet.flow.hub import Hub
from trivet.ledger import mailings
from trivet.ledger.mailings import Mailing, State
from trivet.model import Document
from trivet.reporting.content import Report
from trivet.reporting.letter import is_address, letter
from trivet.reporting.render import rendered

INTERVIEWERS = "interviewer_emails"
"""In an interview's `ext`: whom the HR system names, where its mapping says so."""
_SAID = {
    "unknown": (
        "MAIL_UNKNOWN",
        "handed in, and the answer was lost: ask, then `trivet report mail --again` where it is needed",
    ),
    "refused": (
        "MAIL_REFUSED",
        "refused by the mail server: correct the address, then `trivet report mail --again`",
    ),
    "due": ("MAIL_WAITS", "not sent yet: the next run tries again"),
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One report that is to be sent."""

    assessment_id: str
    version: str
    subject_ref: str
    interview: Document
    report: Report


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why some of a report's letters did not go."""

    code: str
    message: str


@dataclass(slots=True)
class Post:
    """Sends letters while the mail server answers; a context manager."""

    hub: Hub
    flow: Flow
    mail: ReportMail
    counts: Counter[str] = field(default_factory=Counter)
    _stack: ExitStack = field(default_factory=ExitStack)
    _mailer: Any = None
    _down: ConnectorError | None = None
    """Why nothing more is tried in this run."""

    def send(self, parcel: Parcel) -> Trouble | None:
        """Sends the report to whom it was not sent yet; what a person should know of those who did not get it."""
        by_row, wrong = self._noted(parcel)
        waiting = {row.id for row in self._rows(parcel) if row.state == "due"}
        due = {name: address for name, address in by_row.items() if name in waiting}
        if due and self._down is None:
            self._post(parcel, due)
        return self._trouble(parcel, wrong)

    def again(self, parcel: Parcel) -> None:
        """What was refused, or perhaps not sent, is due once more."""
        with self.hub.ledger.begin() as tx:
            mailings.again(tx, self.flow.tenant, parcel.assessment_id)

    def states(self, parcel: Parcel) -> dict[str, int]:
        """How many recipients are in which state."""
        return dict(Counter(row.state for row in self._rows(parcel)))

    def _noted(self, parcel: Parcel) -> tuple[dict[str, str], int]:
        """Address by row, every one noted in the ledger; how many addresses are none."""
        named = list(self.mail.to)
        if self.mail.interviewers:
            named += (parcel.interview.get("ext") or {}).get(INTERVIEWERS) or []
        good = {address.lower(): address for address in named if is_address(address)}
        report, version = parcel.assessment_id, parcel.version
        with self.hub.ledger.begin() as tx:
            mailings.forget_due(tx, self.flow.tenant, report, version)
            mailings.want(tx, self.flow.tenant, report, version, parcel.subject_ref, good.values())
            by_row = {
                mailings.mailing_id(tx, self.flow.tenant, report, version, one): one for one in good.values()
            }
        return by_row, sum(not is_address(address) for address in named)

    def _rows(self, parcel: Parcel) -> list[Mailing]:
        with self.hub.ledger.read() as tx:
            rows = mailings.of_reports(tx, self.flow.tenant, [parcel.assessment_id])
        return [row for row in rows if row.version == parcel.version]

    def _post(self, parcel: Parcel, due: Mapping[str, str]) -> None:
        # what can go wrong before the mail server is asked goes wrong before anything is claimed
        content = rendered(parcel.report, self.mail.format)
        mailer = self._at_work()
        with self.hub.ledger.begin() as tx:
            claimed = mailings.claim(tx, due)
            mail_id = tx.blind("letter", self.flow.tenant, parcel.assessment_id, parcel.version)[:32]
        ours = {name: address for name, address in due.items() if name in claimed}
        if not ours:
            return
        note = letter(
            parcel.report, content, self.mail.format, to=list(ours.values()), mail_id=f"report.{mail_id}",
            at=self.hub.now(),
        )  # fmt: skip
        for names, state, code in self._outcomes(mailer, note, ours):
            with self.hub.ledger.begin() as tx:
                mailings.settle(tx, names, state, code)
            self.counts[state] += len(names)

    def _outcomes(
        self, mailer: Any, note: Any, ours: Mapping[str, str]
    ) -> Iterator[tuple[Sequence[str], State, str | None]]:
        """Rows by what became of them."""
        try:
            refused: Mapping[str, ConnectorError] = mailer.send(note)
        except UnknownOutcome as error:
            yield list(ours), "unknown", error.vendor_code
        except (Retryable, AuthFailed) as error:
            self._down = error
            yield list(ours), "due", error.vendor_code
        except Rejected as error:
            yield list(ours), "refused", error.vendor_code
        else:
            sent = [name for name, address in ours.items() if address not in refused]
            if sent:
                yield sent, "sent", None
            for name, address in ours.items():
                if address in refused:
                    why = refused[address]
                    yield [name], "due" if isinstance(why, Retryable) else "refused", why.vendor_code

    def _trouble(self, parcel: Parcel, wrong: int) -> Trouble | None:
        rows = self._rows(parcel)
        for state, (code, cure) in _SAID.items():
            those = [row for row in rows if row.state == state]
            if those:
                why = str(self._down) if self._down and state == "due" else ", ".join(
                    sorted({row.code for row in those if row.code})
                )  # fmt: skip
                return Trouble(code, f"{len(those)} of {len(rows)} letters {cure} ({why or 'no answer yet'})")
        if wrong:
            return Trouble("MAIL_ADDRESS", f"{wrong} addresses of interviewers are none")
        return None

    def _at_work(self) -> Any:
        if self._mailer is None:
            self._mailer = self._stack.enter_context(self.hub.built(MailerConnector, self.mail.connection))
        return self._mailer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
