"""A SOAP service by spyne, whose WSDL spyne makes itself: goals of an in-house appraisal system, kept in memory.

Run as a script: writes its WSDL to the file named first, prints its port, and serves loopback until it is stopped.
"""

import sys
import warnings
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

warnings.simplefilter("ignore")

from spyne import Application, Array, Boolean, ComplexModel, Date, Decimal, Fault, Service, Unicode, rpc  # noqa: E402
from spyne.protocol.soap import Soap11  # noqa: E402
from spyne.server.wsgi import WsgiApplication  # noqa: E402

SPACE = "urn:judge:appraisal"
PEOPLE = ("10000101", "10000102", "10000201")
GOALS: dict[str, Any] = {}


class Goal(ComplexModel):
    """A goal of a person."""

    __namespace__ = SPACE
    employee = Unicode(min_occurs=1)
    title = Unicode(min_occurs=1, max_len=100)
    weight = Decimal
    due = Date


class Kept(ComplexModel):
    """A goal as it is kept."""

    __namespace__ = SPACE
    number = Unicode
    reference = Unicode
    goal = Goal


class Complaint(ComplexModel):
    """Why something was not done."""

    __namespace__ = SPACE
    code = Unicode
    message = Unicode
    element = Unicode


class Result(ComplexModel):
    """What came of a call."""

    __namespace__ = SPACE
    ok = Boolean
    number = Unicode
    complaints = Array(Complaint)


class PeriodClosed(Fault):
    """The server's own fault, with a detail."""

    def __init__(self) -> None:
        super().__init__(
            "Server", "goals are locked", detail={"appraisalError": {"id": "G-LOCKED", "text": "2026Q3"}}
        )


class Goals(Service):
    """Makes, changes, drops and lists goals."""

    @rpc(Unicode(min_occurs=1), Goal, _returns=Result)
    def set_goal(ctx: Any, reference: str, goal: Any) -> Any:  # noqa: N805
        """A new goal, or the old one changed."""
        if goal.title == "locked":
            raise PeriodClosed
        if goal.title == "malformed":
            raise Fault(
                "Client.G01", "nobody sets such a goal", detail={"appraisalError": {"id": "G-MALFORMED"}}
            )
        if goal.employee not in PEOPLE:
            said = Complaint(code="G-EMPLOYEE", message="nobody has this number", element="employee")
            return Result(ok=False, complaints=[said])
        GOALS[reference] = Kept(number=f"G{len(reference)}-{reference}", reference=reference, goal=goal)
        return Result(ok=True, number=GOALS[reference].number)

    @rpc(Unicode, _returns=Result)
    def drop_goal(ctx: Any, number: str) -> Any:  # noqa: N805
        """No goal any more."""
        for reference, kept in list(GOALS.items()):
            if kept.number == number:
                del GOALS[reference]
                return Result(ok=True, number=number)
        return Result(ok=False, complaints=[Complaint(code="G-NONE", message="there is no such goal")])

    @rpc(Array(Unicode), _returns=Array(Kept))
    def find_goals(ctx: Any, references: list[str]) -> Any:  # noqa: N805
        """The goals with these references."""
        return [GOALS[reference] for reference in references or [] if reference in GOALS]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing to the terminal."""


def main(wsdl: str) -> None:
    """Serves until it is stopped."""
    application = WsgiApplication(
        Application(
            [Goals], SPACE, name="Appraisal", in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()
        )
    )
    server = WSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(application)
    address = f"http://127.0.0.1:{server.server_port}/appraisal"
    application.doc.wsdl11.build_interface_document(address)
    Path(wsdl).write_bytes(application.doc.wsdl11.get_interface_document())
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
