"""Each target's connector beside a hand-written client of the same calls: creates a second, and calls per 1,000 creates.

    python -m benchmarks.targets [OPERATIONS]

The connector sends its creates to the stand-in once, which writes down each call's answer. Then a server of its own process
says those answers again, rendered before, to both: to the connector and to the client of `benchmarks.hand_written`, which
builds its calls from the same documents and reads each record's own outcome, and does nothing else. The best of five runs
each, in turns. The aim is 0.7 of the hand-written client's rate; the server's CPU is a part of both.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from rich.console import Console
from rich.table import Table

from benchmarks import hand_written
from benchmarks.replay_server import Replay, replaying
from sandbox.company import people
from sandbox.running import start
from sandbox.server import Answer, Request, Vendor
from trivet.connections import parse_connection
from trivet.contract import Services, TargetConnector
from trivet.delivery.keys import record_reference
from trivet.model import Confirmed, Document, Operation
from trivet.registry import find_connector

RUNS = 5
REASON = "服务意识 9.2 ≥ 9.0：「我先听客户把话说完，再一起想办法。」"


@dataclass(frozen=True, slots=True)
class Case:
    """One entity of one target, and a document for a person."""

    target: str
    entity: str
    document: Callable[[str], Document]
    peer: Callable[[requests.Session, str, Sequence[Operation]], int]
    settings: Mapping[str, Any] = field(default_factory=dict)


CASES = [
    Case("successfactors", "cust_TrainingRecommendation", lambda who: {
        "cust_userId": who, "cust_courseCode": "TRN-SVC-201", "cust_reason": REASON, "cust_score": 9.2,
        "cust_dueDate": "2027-02-18",
    }, hand_written.successfactors),
    Case("kingdee_cloud", "PAEZ_TrainingPlan", lambda who: {
        "FStaffNumber": who, "FCourseNumber": "TRN-SVC-201", "FCourseName": "客户服务技巧", "FReason": REASON, "FScore": 9.2,
        "FDueDate": "2027-02-18",
    }, hand_written.kingdee),
    Case("sap_soap", "TrainingBooking", lambda who: {
        "EmployeeID": who, "CourseID": "TRN-SVC-201", "CourseName": "客户服务技巧", "Reason": REASON, "AssessmentScore": 9.2,
        "DueDate": "2027-02-18",
    }, hand_written.sap_soap),
    Case("http_json", "training_plan", lambda who: {
        "employee_no": who, "course_code": "TRN-SVC-201", "reason": REASON, "score": 9.2, "due_on": "2027-02-18",
    }, hand_written.in_house_plans),
    Case("http_json", "kpi", lambda who: {"emp": who, "quarter": "2026Q4", "kpi": "风险意识", "weight": 20, "memo": REASON},
         hand_written.in_house_weights),
    Case("sap_rfc", "prebooking", lambda who: {
        "ATTENDEEID": who, "EVENTTYPEID": "50000201", "BEGIN_DATE": "20261201", "END_DATE": "20270218",
    }, hand_written.sap_rfc),
    Case("yonyou_bip", "trainingPlan", lambda who: {
        "staffCode": who, "courseCode": "TRN-SVC-201", "courseName": "客户服务技巧", "reason": REASON, "score": 9.2,
        "dueDate": "2027-02-18",
    }, hand_written.yonyou_bip),
    Case("yonyou_ncc", "trainplan", lambda who: {
        "psncode": who, "coursecode": "TRN-SVC-201", "coursename": "客户服务技巧", "reason": REASON, "score": 9.2,
        "duedate": "2027-02-18",
    }, hand_written.yonyou_ncc),
]  # fmt: skip


@dataclass(slots=True)
class Call:
    """One call as `METHOD /path`, and the whole answer."""

    said: str
    answer: bytes


@contextmanager
def written_down(vendor: Vendor) -> Iterator[list[Call]]:
    """Every call of the stand-in while the block runs."""
    calls: list[Call] = []
    handle = vendor.handle

    def note(request: Request) -> Answer:
        answer = handle(request)
        calls.append(Call(f"{request.method} {request.raw_path.partition('?')[0]}", _rendered(answer)))
        return answer

    vendor.handle = note  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        vendor.handle = handle  # type: ignore[method-assign]


def _rendered(answer: Answer) -> bytes:
    payload = answer.payload()
    head = [
        f"HTTP/1.1 {answer.status} said",
        f"Content-Type: {answer.media_type}",
        f"Content-Length: {len(payload)}",
    ]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + payload


class Driven:
    """A connector against one address."""

    def __init__(self, case: Case, stored: Mapping[str, Any], folder: Path) -> None:
        self.case, self.folder = case, folder
        connection = parse_connection(case.target, stored)
        self.declaration = find_connector(TargetConnector, case.target)
        self.config = connection.config(self.declaration.config).model_copy(
            update={"calls_per_second": 1e6, **case.settings}
        )

    def send(self, operations: Sequence[Operation], old: str = "", new: str = "") -> float:
        """Seconds that the creates took, after one read that logs in; `new` stands in every address for `old`."""
        services = Services(self.case.target, self.folder, self.folder, lambda: datetime.now(UTC))
        moved = {n: _moved(v, old, new) for n, v in self.config if old and isinstance(v, str)}
        config = self.config.model_copy(update=moved)
        size = self.declaration.traits.max_ops
        with self.declaration.build(config, services) as target:
            target.check()
            start = time.perf_counter()
            for at in range(0, len(operations), size):
                for outcome in target.send(operations[at : at + size]):
                    assert isinstance(outcome, Confirmed), outcome
            return time.perf_counter() - start


def _moved(address: str, old: str, new: str) -> str:
    """Another server's address: of an URL, or the port at the end of an SAP router string."""
    return address.replace(old, new).replace(f"/S/{urlsplit(old).port}", f"/S/{urlsplit(new).port}")


def by_hand(case: Case, operations: Sequence[Operation], base_url: str) -> float:
    """Seconds that the hand-written client took for the same."""
    with requests.Session() as session:
        session.trust_env = False
        start = time.perf_counter()
        done = case.peer(session, base_url, operations)
        seconds = time.perf_counter() - start
    assert done == len(operations)
    return seconds


def measure(case: Case, count: int, folder: Path) -> list[str]:
    """One row of the table."""
    with start([case.target], size=count) as sandbox:
        vendor = sandbox[case.target]
        driven = Driven(case, sandbox.connections()[case.target], folder)
        operations = [_operation(case, who) for who in sorted(_employees(count))]
        with written_down(vendor) as checked:
            driven.send([])
        with written_down(vendor) as calls:
            driven.send(operations)
    sent = calls[len(checked) :]
    answers: dict[str, list[bytes]] = {}
    for call in calls:
        answers.setdefault(call.said, []).append(call.answer)
    with replaying(answers) as replay:
        ours = min(
            _timed(replay, lambda: driven.send(operations, vendor.base_url, replay.base_url))
            for _ in range(RUNS)
        )
        address = _moved(vendor.announce().get("base_url", vendor.base_url), vendor.base_url, replay.base_url)
        theirs = min(_timed(replay, lambda: by_hand(case, operations, address)) for _ in range(RUNS))
        by_hand(case, operations, address)
        _, server = replay.used()
    number = len(operations)
    return [
        case.target, case.entity, f"{number / ours:,.0f}", f"{number / theirs:,.0f}", f"{theirs / ours:.2f}",
        f"{len(sent) * 1000 / number:,.0f}", f"{server / theirs:.0%}",
    ]  # fmt: skip


def _timed(replay: Replay, run: Callable[[], float]) -> float:
    seconds = run()
    replay.used()
    return seconds


def _employees(count: int) -> set[str]:
    return {person.employee_number for person in people(count) if person.employee_number}


def _operation(case: Case, who: str) -> Operation:
    reference = record_reference("bench", case.target, case.entity, who)
    return Operation(f"{reference}-C1", reference, "create", case.entity, case.document(who))


def main() -> None:
    """Prints the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    table = Table(title=f"creates, {count} candidates' worth, best of {RUNS}")
    for name in (
        "target",
        "entity",
        "ours/s",
        "by hand/s",
        "ratio",
        "calls per 1,000",
        "server's share by hand",
    ):
        table.add_column(name, justify="left" if name in ("target", "entity") else "right")
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            table.add_row(*measure(case, count, Path(folder)))
    Console().print(table)


if __name__ == "__main__":
    main()
