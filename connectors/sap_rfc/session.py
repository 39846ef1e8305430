"""A narrow port to one ABAP session: read, change, commit, roll back, lock. One unit of work per person.

open ──change──► changed ──commit──► open          every change is judged by its RETURN
                    └────rollback──► open
any state ──an error after which the library reconnects──► poisoned: the unit of work and the locks are gone, and a
            commit would "succeed" on nothing (PyRFC, Connection.call); every further call is refused here
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.model import Document

from .library import NAME, Library, code
from .returns import bad, messages, refusal
from .shapes import Function, Shapes

COMMIT, ROLLBACK = "BAPI_TRANSACTION_COMMIT", "BAPI_TRANSACTION_ROLLBACK"
ENQUEUE, DEQUEUE = "BAPI_EMPLOYEE_ENQUEUE", "BAPI_EMPLOYEE_DEQUEUE"
EMPTY = {
    "BAPI_ATTENDEE_BOOK_LIST": ("NO_EVENTS", "NO_ROOT"),
    "BAPI_ATTENDEE_PREBOOK_LIST": ("NO_PREBOOK", "NO_ROOT"),
    "BAPI_QUALIFIC_GETLIST": ("PQ619", "PQ606"),
    "BAPI_APPRAISAL_GETLIST": ("PQ627", "PQ619"),
    "BAPI_APPRAISAL_GETDETAIL": ("PQ627",),
    "BAPI_APPRAISAL_DELETE": ("PQ619", "PQ627"),
}
"""What a function says when there is nothing: a classic exception's key, or a message. Of a person who is not there nothing
is there either."""


class RfcSession:
    """One session; opened by `open_session`."""

    def __init__(self, library: Library, shapes: Shapes) -> None:
        self.library, self.shapes, self.config = library, shapes, library.config
        self.connection = library.open("logon")
        self.poisoned = False
        self.standing = 0
        """Changes of this unit that a rollback may not take back."""

    def describe(self, function: str) -> Function:
        """What the function takes, as this system says."""
        return self.shapes.of(function, lambda name: self._guarded(name, self.description, name))

    def description(self, function: str) -> Any:
        """The library's own description of the function."""
        return self.connection.get_function_description(function)

    def read(self, function: str, **params: Any) -> Document | None:
        """The answer; None where the system says that there is nothing."""
        self.describe(function).check(params)
        try:
            answer = self._call(function, params)
        except Rejected as error:
            if error.vendor_code in EMPTY.get(function, ()):
                return None
            raise
        wrong = bad(answer, self.config.success)
        if wrong is None:
            return answer
        if wrong.code in EMPTY.get(function, ()):
            return None
        raise refusal(function, wrong, params)

    def change(self, function: str, **params: Any) -> Document:
        """The answer to a change that the system took into the unit of work; `Rejected` where its RETURN says otherwise."""
        described = self.describe(function)
        nocommit = "NOCOMMIT" in described.parameters
        if nocommit:
            params["NOCOMMIT"] = "X"
        described.check(params)
        stands = not nocommit and function in self.config.commits_itself
        self.standing += stands
        answer = self._call(function, params)
        if messages(answer) is None:
            raise UnknownOutcome("the answer has no RETURN", connector=NAME, operation=function)
        wrong = bad(answer, self.config.success)
        if wrong:
            self.standing -= stands
            raise refusal(function, wrong, params)
        return answer

    def commit(self) -> None:
        """The unit of work is in the database, or `UnknownOutcome`."""
        try:
            answer = self._call(COMMIT, {"WAIT": "X"})
        except ConnectorError as error:
            self.poisoned = True
            raise UnknownOutcome(
                "the answer to the commit was lost",
                connector=NAME,
                operation=COMMIT,
                vendor_code=error.vendor_code,
            ) from None
        wrong = bad(answer, self.config.success)
        if wrong or messages(answer) is None:
            self.poisoned = True
            said = wrong.text if wrong else "the answer has no RETURN"
            raise UnknownOutcome(
                f"the commit was not confirmed: {said}", connector=NAME, operation=COMMIT,
                vendor_code=wrong.code if wrong else None, cure="look into SM13: the update may have been terminated",
            )  # fmt: skip
        self.standing = 0

    def rollback(self) -> None:
        """Takes the unit of work back; a session that died did so by itself."""
        if not self.poisoned:
            try:
                self._call(ROLLBACK, {})
            except ConnectorError:
                # a session that is in doubt ends here, and its end rolls back
                self.poisoned = True

    @contextmanager
    def locked(self, person: str) -> Iterator[None]:
        """The employee, locked for this session; freed on the same connection whatever happens."""
        self.standing = 0
        answer = self._call(ENQUEUE, {"NUMBER": person})
        wrong = bad(answer, ())
        if wrong and wrong.code in self.config.locked:
            raise Retryable(
                "somebody else works on this employee", connector=NAME, operation=ENQUEUE, vendor_code=wrong.code,
                cure="the lock goes when that person saves; SM12 shows whose it is",
            )  # fmt: skip
        if wrong:
            raise refusal(ENQUEUE, wrong, {"NUMBER": person})
        try:
            yield
        finally:
            if not self.poisoned:
                try:
                    self._call(DEQUEUE, {"NUMBER": person})
                except ConnectorError:
                    self.poisoned = True  # closing the session frees the lock

    def close(self) -> None:
        """Ends the session; what it still held goes with it."""
        # it may be gone already
        with suppress(self.library.module.RFCError):
            self.connection.close()

    def _call(self, function: str, params: Document) -> Document:
        answer = self._guarded(function, self.connection.call, function, **params)
        if not isinstance(answer, dict):
            raise self._lost(function, "the answer is none", None)
        return answer

    def _guarded(self, function: str, call: Any, *args: Any, **params: Any) -> Any:
        if self.poisoned:
            raise self._lost(function, "the session broke earlier", None)
        try:
            return call(*args, **params)
        except self.library.module.RFCError as error:
            if self.library.refuses(error):
                raise self._refused(function, error) from None
            self.poisoned = True
            if self.library.no_right(error):
                raise AuthFailed(
                    "the user may not call this function", connector=NAME, operation=function, vendor_code=code(error),
                    cure="give the user S_RFC for it",
                ) from None  # fmt: skip
            raise self._lost(function, "the session broke", code(error)) from None
        except (TypeError, ValueError):
            raise Rejected(
                "a value could not be packed", connector=NAME, operation=function, vendor_code="FIELD_TYPE"
            ) from None

    def _refused(self, function: str, error: Any) -> Rejected:
        key = str(getattr(error, "key", "") or code(error))
        missing = key == "FU_NOT_FOUND"
        return Rejected(
            "the system has no such function" if missing else "the function raised an exception", connector=NAME,
            operation=function, vendor_code=key,
            cure="take the entity out of `entities` of the connection" if missing else None,
        )  # fmt: skip

    def _lost(self, function: str, what: str, said: str | None) -> ConnectorError:
        """Before the commit the end of the session took everything back, unless something committed by itself."""
        self.poisoned = True
        if self.standing:
            return UnknownOutcome(what, connector=NAME, operation=function, vendor_code=said)
        return Retryable(f"{what} before the commit", connector=NAME, operation=function, vendor_code=said)


@contextmanager
def open_session(library: Library, shapes: Shapes) -> Iterator[RfcSession]:
    """A new session, closed on leaving."""
    session = RfcSession(library, shapes)
    try:
        yield session
    finally:
        session.close()
