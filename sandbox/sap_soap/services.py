"""The services: bookings in bulk with a log, an asynchronous replication that takes a message once, and queries."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from ..company import people
from ..server import Answer, Request, Vendor
from ..store import Json, Store
from .connection import connection
from .schema import NAMESPACE, WSDL, Invalid, Schema, addresses
from .soap import MEDIA_TYPES, PASSWORD, USER, Fault, Node, Users, answered, build, content, parsed, refused

COURSES = {
    "TRN-SVC-201": "客户服务技巧",
    "TRN-LRN-110": "工程师快速学习方法",
    "TRN-LRN-120": "销售新人学习营",
    "TRN-LRN-130": "金融从业者持续学习",
}
SUCCESSFUL, PARTLY, FAILED = "3", "4", "5"  # BusinessDocumentProcessingResultCode
INFORMATION, ERROR = "1", "3"  # LogItemSeverityCode
NOT_FOUND = "YX_TRN 004"
FIELDS = ("EmployeeID", "Title", "Measure", "StartDate", "EndDate")


class Wrong(Exception):
    """A record is refused: message type, field, text."""

    def __init__(self, code: str, field: str, text: str) -> None:
        super().__init__(text)
        self.code, self.field = code, field


class SapSoap(Vendor):
    """The stand-in."""

    name = "sap_soap"

    def __init__(self, store: Store, size: int | None = None) -> None:
        super().__init__(store)
        self.size = size
        self.users = Users()
        self.schema = Schema()
        serve: dict[str, Callable[[Node], Node | None]] = {
            "TrainingBookingBulkCreateRequest": self.book,
            "TrainingBookingBulkChangeRequest": self.book,
            "TrainingBookingBulkCancelRequest": self.book,
            "TrainingBookingByReferenceIDQuery": self.bookings,
            "AppraisalFocusReplicateRequest": self.replicate,
            "AppraisalFocusByReferenceIDQuery": self.focuses,
            "EmployeeQuery": lambda _: self.listed("Employee", "employee"),
            "CourseQuery": lambda _: self.listed("Course", "course"),
            "TrainingCompletionQuery": lambda _: self.listed("TrainingCompletion", "training_completion"),
        }
        self.serve = serve
        self.addresses = addresses()
        for path in self.addresses:
            self.route("POST", path, self.call)

    def seed(self) -> None:
        """See `Vendor`."""
        with self.store.together():
            for person in people(self.size):
                if person.employee_number:
                    number = person.employee_number
                    row = {
                        "ID": number,
                        "FormattedName": person.name,
                        "EMailURI": person.email,
                        "StatusCode": "2",
                    }
                    self.store.put("employee", number, row | {"HireDate": "2026-10-01"})
            for code, title in COURSES.items():
                self.store.put("course", code, {"ID": code, "Name": title, "BlockedIndicator": False})

    def announce(self) -> Json:
        """See `Vendor`."""
        return {"base_url": self.base_url, "login": USER, "password": PASSWORD, "wsdl": str(WSDL)}

    def connection(self) -> Json:
        """See `Vendor`."""
        return connection(self.announce())

    def business_error(self, request: Request) -> Answer:  # noqa: ARG002
        """A fault with status 200: some gateways lose the status."""
        fault = Fault("Client", "Processing was stopped", [("error", "Company code is locked", "YX_TRN 090")])
        return refused(fault, soap_12=False, status=200)

    def call(self, request: Request) -> Answer:
        """One message."""
        kind = (request.headers.get("Content-Type") or "").partition(";")[0]
        if kind not in MEDIA_TYPES:
            return Answer(b"", 415, media_type="text/plain")
        soap_12 = kind == MEDIA_TYPES[1]
        try:
            envelope = parsed(request.body, soap_12=soap_12) if request.body.strip() else None
            if not self.users.known(request, envelope):
                return Answer(
                    b"", 401, {"WWW-Authenticate": 'Basic realm="SAP NetWeaver"'}, media_type="text/html"
                )
            if envelope is None:
                raise Fault("Client", "the message is empty")
            with self.store.together():
                answer = self._served(request.path, content(envelope))
        except Fault as fault:
            return refused(fault, soap_12=soap_12)
        return (
            Answer(b"", 202, media_type="text/xml") if answer is None else answered(answer, soap_12=soap_12)
        )

    def _served(self, path: str, message: Node) -> Node | None:
        name = message.tag.removeprefix(f"{{{NAMESPACE}}}")
        if name not in self.addresses[path] or name == message.tag:
            raise Fault(
                "Client", "no operation takes this message", [("error", "unknown message", "SOAP 007")]
            )
        try:
            self.schema.judge(message)
        except Invalid as invalid:
            raise Fault(
                "Client", "the message is not valid", [("error", str(invalid), "XSD 001")]
            ) from invalid
        return self.serve[name](message)

    def book(self, message: Node) -> Node:
        """Creates, changes or cancels bookings; each of a message for itself."""
        what = message.tag.rpartition("}")[2].removeprefix("TrainingBookingBulk").removesuffix("Request")
        done, items = [], []
        records = message.findall("TrainingBooking")
        for record in records:
            reference = record.findtext("ObjectNodeSenderTechnicalID") or ""
            try:
                done.append(
                    {
                        "ReferenceObjectNodeSenderTechnicalID": reference,
                        "ID": self._booked(what, record, reference),
                    }
                )
            except Wrong as wrong:
                items.append(
                    {
                        "TypeID": wrong.code, "CategoryCode": "DAT", "SeverityCode": ERROR,
                        "ReferenceObjectNodeSenderTechnicalID": reference,
                        "ReferenceMessageElementName": wrong.field, "Note": str(wrong),
                    }
                )  # fmt: skip
        result = SUCCESSFUL if not items else PARTLY if done else FAILED
        items.append(
            {"TypeID": "YX_TRN 001", "SeverityCode": INFORMATION, "Note": f"{len(done)} bookings processed"}
        )
        log = {
            "BusinessDocumentProcessingResultCode": result,
            "MaximumLogItemSeverityCode": ERROR if result != SUCCESSFUL else INFORMATION, "Item": items,
        }  # fmt: skip
        header = {
            "ID": uuid.uuid4().hex,
            "ReferenceID": message.findtext("MessageHeader/ID"),
            "CreationDateTime": _now(),
        }
        name = f"{{{NAMESPACE}}}TrainingBookingBulk{what}Confirmation"
        return build(name, {"MessageHeader": header, "TrainingBooking": done, "Log": log})

    def _booked(self, what: str, record: Node, reference: str) -> str:
        number = _id(record.findtext("ID"))
        held = self.store.get("training_booking", number) if number else None
        if what != "Create" and (held is None or held["SenderTechnicalID"] != reference):
            raise Wrong(NOT_FOUND, "ID", "Booking does not exist")
        if what == "Cancel":
            self.store.delete("training_booking", number)
            return number
        details = record.find("Details")
        assert details is not None
        body = {node.tag: _text(node) for node in details}
        self._known("employee", body["EmployeeID"], "YX_TRN 012", "EmployeeID", "Employee does not exist")
        self._known("course", body["CourseID"], "YX_TRN 013", "CourseID", "Course does not exist")
        if what == "Create":
            if self.store.owned("training_booking", "SenderTechnicalID", reference):
                raise Wrong("YX_TRN 021", "ObjectNodeSenderTechnicalID", "Technical ID is already used")
            number = f"{self.store.next_number('training_booking', 4500001):010d}"
        row = {"ID": number, "SenderTechnicalID": reference, "Details": body}
        self.store.put("training_booking", number, row)
        return number

    def _known(self, kind: str, key: str, code: str, field: str, text: str) -> None:
        if self.store.get(kind, key) is None:
            raise Wrong(code, field, text)

    def bookings(self, query: Node) -> Node:
        """The bookings with these technical ids."""
        wanted = [node.text or "" for node in query.iterfind("Selection/SenderTechnicalID")]
        rows = [
            row for name in wanted for row in self.store.owned("training_booking", "SenderTechnicalID", name)
        ]
        return _response("TrainingBookingByReferenceIDResponse", "TrainingBooking", rows, query)

    def replicate(self, message: Node) -> None:
        """Takes a message id once; what is wrong with it stays in the monitor, nobody is told."""
        number = _id(message.findtext("MessageHeader/ID"))
        if self.store.get("_message", number) is not None:
            return
        record = message.find("AppraisalFocus")
        assert record is not None
        row = {node.tag: _text(node) for node in record}
        key = row["SenderTechnicalID"]
        action = record.get("actionCode", "01")
        if action == "03":
            state = "processed"
            self.store.delete("appraisal_focus", key)
        elif self.store.get("employee", row.get("EmployeeID", "")) is None or not row.get("Title"):
            state = "in error"
        else:
            state = "processed"
            self.store.put("appraisal_focus", key, {"UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, key)), **row})
        self.store.put("_message", number, {"state": state})

    def focuses(self, query: Node) -> Node:
        """The appraisal focuses with these technical ids."""
        wanted = [node.text or "" for node in query.iterfind("Selection/SenderTechnicalID")]
        found = [row for name in wanted if (row := self.store.get("appraisal_focus", name))]
        order = ("UUID", "SenderTechnicalID", *FIELDS)
        rows = [{name: row.get(name) for name in order} for row in found]
        return _response("AppraisalFocusByReferenceIDResponse", "AppraisalFocus", rows, query)

    def listed(self, name: str, kind: str) -> Node:
        """All objects of a kind."""
        return _response(f"{name}Response", name, [row for _, row in self.store.all(kind)], None)

    def change(self, spec: Json) -> Json:
        """Hands of a clerk: sets values of the objects that match (`kind`, `where`, `set`), deletes or inserts them."""
        rows = [
            (key, row)
            for key, row in self.store.all(spec["kind"])
            if all({**row, **row.get("Details", {})}.get(n) == v for n, v in spec.get("where", {}).items())
        ]
        for key, row in rows:
            if spec.get("delete"):
                self.store.delete(spec["kind"], key)
            elif "Details" in row and "set" in spec:
                self.store.put(spec["kind"], key, row | {"Details": row["Details"] | spec["set"]})
            elif "set" in spec:
                self.store.put(spec["kind"], key, row | spec["set"])
        if spec.get("insert"):
            self.store.put(spec["kind"], spec["insert"]["ID"], spec["insert"])
        return {"rows": len(rows)}

    def state(self) -> Json:
        """Every record, bookings without the vendor's own numbers."""
        rows = {
            kind: sorted(
                (
                    {k: v for k, v in body.items() if k != "ID" or kind != "training_booking"}
                    for body in found.values()
                ),
                key=lambda body: json.dumps(body, sort_keys=True),
            )
            for kind, found in super().state().items()
        }
        return {kind: found for kind, found in rows.items() if found}


def _response(name: str, item: str, rows: list[Json], query: Node | None) -> Node:
    most = None if query is None else query.findtext("ProcessingConditions/QueryHitsMaximumNumberValue")
    unlimited = query is None or query.findtext("ProcessingConditions/QueryHitsUnlimitedIndicator") in (
        "true",
        "1",
    )
    shown = rows if unlimited else rows[: int(most or 100)]
    conditions = {
        "ReturnedQueryHitsNumberValue": len(shown),
        "MoreHitsAvailableIndicator": len(shown) < len(rows),
    }
    log = {"BusinessDocumentProcessingResultCode": SUCCESSFUL}
    return build(f"{{{NAMESPACE}}}{name}", {item: shown, "ProcessingConditions": conditions, "Log": log})


def _text(node: Node) -> str:
    # an id is a token: white space around it says nothing
    value = node.text or ""
    return " ".join(value.split()) if node.tag.endswith("ID") else value


def _id(value: str | None) -> str:
    return " ".join((value or "").split())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
