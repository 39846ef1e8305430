"""Strangers judge our SOAP: a server that we did not write our connector, a client that we did not write our stand-in."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import World
from standing import NAME
from trivet_connectors.sap_soap import TARGET

from trivet.contract import Services
from trivet.errors import Rejected, UnknownOutcome
from trivet.model import Confirmed, Document, Operation

zeep = pytest.importorskip("zeep")
wsse = pytest.importorskip("zeep.wsse.username")
pytest.importorskip("lxml")

REFERENCE = "AAAAAAAAAAAAAAA2"
GOAL = {"employee": "10000101", "title": NAME, "weight": 12.5, "due": "2027-02-21"}
SET = {
    "operation": "set_goal", "reference": "reference", "document": "goal",
    "answer": {"items": "set_goalResult", "id": "number", "success": "ok"},
}  # fmt: skip
ENTITIES = {
    "goal": {
        "create": SET,
        "update": SET,
        "delete": {
            "operation": "drop_goal", "id": "number", "gone": ["G-NONE"],
            "answer": {"items": "drop_goalResult", "id": "number", "success": "ok"},
        },
        "find": {
            "operation": "find_goals", "reference": "references/string",
            "answer": {
                "items": "find_goalsResult/Kept", "reference": "reference", "id": "number", "document": "goal"
            },
        },
    }
}  # fmt: skip
LOG = {
    "items": "complaints/Complaint",
    "reference": "",
    "severity": "",
    "code": "code",
    "text": "message",
    "field": "element",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and WSDL of spyne's service, in a process of its own: its imports warn."""
    if find_spec("spyne") is None:
        pytest.skip("spyne is not installed")
    wsdl = tmp_path_factory.mktemp("spyne") / "appraisal.wsdl"
    script = Path(__file__).with_name("soap_service.py")
    with subprocess.Popen(
        [sys.executable, script, wsdl], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", str(wsdl)
        finally:
            process.kill()


@pytest.fixture
def target(service: tuple[str, str], tmp_path: Path) -> Iterator[Any]:
    """Our connector, told about the service by configuration alone."""
    address, wsdl = service
    config = TARGET.config.model_validate(
        {
            "base_url": address, "login": "u", "password": "p", "wsdl": wsdl, "entities": ENTITIES, "log": LOG,
            "refusals": ["G-SETTLED"],
        }
    )  # fmt: skip
    services = Services("judge", tmp_path, tmp_path, lambda: datetime.now(UTC))
    with TARGET.build(config, services) as built:
        yield built


def goal(kind: Any = "create", remote_id: str | None = None, **changed: Any) -> Operation:
    """An operation on one goal."""
    document: Document = {} if kind == "delete" else {**GOAL, **changed}
    return Operation(f"{REFERENCE}-{kind[0].upper()}1", REFERENCE, kind, "goal", document, remote_id)


class TestOurClient:
    """spyne's server, spyne's WSDL, spyne's validation."""

    def test_a_goal_goes_there_and_back(self, target: Any) -> None:
        """Checked, made, found as sent, changed, taken away twice."""
        target.check()
        assert not target.find("goal", [goal()])
        (made,) = target.send([goal()])
        assert isinstance(made, Confirmed)
        (found,) = target.find("goal", [goal()])[REFERENCE]
        assert (found.remote_id, found.document) == (made.remote_id, GOAL)
        assert isinstance(target.send([goal("update", made.remote_id, weight=20)])[0], Confirmed)
        assert target.find("goal", [goal()])[REFERENCE][0].document["weight"] == 20
        for _ in range(2):
            assert target.send([goal("delete", made.remote_id)]) == [Confirmed(made.remote_id)]
        assert not target.find("goal", [goal()])

    def test_a_refusal_in_the_answer_names_its_field(self, target: Any) -> None:
        """The service's own list of complaints, read by configured paths."""
        (said,) = target.send([goal(employee="nobody")])
        assert isinstance(said, Rejected)
        assert (said.vendor_code, said.field) == ("G-EMPLOYEE", "employee")

    def test_a_fault_of_the_server_is_unknown_and_its_detail_read(self, target: Any) -> None:
        """spyne sends its own structure below `detail`."""
        (said,) = target.send([goal(title="locked")])
        assert isinstance(said, UnknownOutcome)
        assert said.vendor_code == "G-LOCKED"
        assert "2026Q3" in said.message
        assert "goals are locked" in said.message

    def test_a_fault_of_the_client_is_a_refusal(self, target: Any) -> None:
        """The code keeps its dots, the detail its id."""
        (said,) = target.send([goal(title="malformed")])
        assert isinstance(said, Rejected)
        assert said.vendor_code == "G-MALFORMED"
        assert "Client.G01" in said.message

    def test_what_breaks_the_schema_is_refused_by_the_server(self, target: Any) -> None:
        """The server validates by its WSDL."""
        (said,) = target.send([goal(title="x" * 101)])
        assert isinstance(said, Rejected)
        assert "SchemaValidationError" in said.message


class TestOurStandIn:
    """zeep's own client, strict: our WSDL and our answers are what they say."""

    @pytest.fixture
    def client(self, world: World) -> Any:
        """A zeep client by our WSDL."""
        said = world.sandbox["sap_soap"].announce()
        session = requests.Session()
        session.auth = (said["login"], said["password"])
        transport = zeep.Transport(session=session, operation_timeout=10)
        settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_external=True)
        return zeep.Client(said["wsdl"], transport=transport, settings=settings)

    def service(self, client: Any, world: World, name: str, port: str = "binding") -> Any:
        """One service of the WSDL, at the stand-in's address."""
        known = client.wsdl.services[name].ports[port]
        path = known.binding_options["address"].split(":50000")[1]
        return client.create_service(known.binding.name, world.sandbox["sap_soap"].base_url + path)

    @pytest.mark.parametrize("port", ["binding", "binding_12"])
    def test_a_booking_goes_there_and_back(self, port: str, client: Any, world: World) -> None:
        """Made, found, changed and cancelled, over both versions of SOAP."""
        manage = self.service(client, world, "ManageTrainingBookingIn", port)
        query = self.service(client, world, "QueryTrainingBookingIn")
        head = {"ID": {"_value_1": "4711"}, "CreationDateTime": datetime.now(UTC)}
        details = {"EmployeeID": {"_value_1": "10000101"}, "CourseID": "TRN-SVC-201", "CourseName": NAME}
        details |= {"AssessmentScore": Decimal("9.10"), "DueDate": date(2027, 2, 21)}
        records = [
            {"ObjectNodeSenderTechnicalID": "ONE", "Details": details},
            {
                "ObjectNodeSenderTechnicalID": "TWO",
                "Details": {**details, "EmployeeID": {"_value_1": "nobody"}},
            },
        ]
        answer = manage.CreateTrainingBooking(MessageHeader=head, TrainingBooking=records)
        (done,) = answer.TrainingBooking
        assert answer.Log.BusinessDocumentProcessingResultCode == "4"
        (wrong,) = [item for item in answer.Log.Item if item.SeverityCode == "3"]
        assert wrong.ReferenceObjectNodeSenderTechnicalID == "TWO"
        assert wrong.ReferenceMessageElementName == "EmployeeID"
        selection = [{"SenderTechnicalID": "ONE"}]
        (found,) = query.FindTrainingBookingByReferenceID(Selection=selection).TrainingBooking
        assert found.Details.CourseName == NAME
        assert found.Details.DueDate == date(2027, 2, 21)
        number = {"_value_1": done.ID._value_1 if hasattr(done.ID, "_value_1") else done.ID}
        changed = {
            "ObjectNodeSenderTechnicalID": "ONE",
            "ID": number,
            "Details": {**details, "CourseName": "x"},
        }
        assert manage.ChangeTrainingBooking(MessageHeader=head, TrainingBooking=[changed]).TrainingBooking
        cancelled = {"ObjectNodeSenderTechnicalID": "ONE", "ID": number}
        assert manage.CancelTrainingBooking(MessageHeader=head, TrainingBooking=[cancelled]).TrainingBooking
        assert query.FindTrainingBookingByReferenceID(Selection=selection).TrainingBooking == []

    @pytest.mark.parametrize("port", ["binding", "binding_12"])
    def test_a_fault_has_the_detail_that_the_wsdl_declares(
        self, port: str, client: Any, world: World
    ) -> None:
        """StandardMessageFault, parsed by its own type."""
        manage = self.service(client, world, "ManageTrainingBookingIn", port)
        head = {"ID": {"_value_1": "4" * 36}, "CreationDateTime": datetime.now(UTC)}
        record = {"ObjectNodeSenderTechnicalID": "ONE", "ID": {"_value_1": "1"}}
        with pytest.raises(zeep.exceptions.Fault) as caught:
            manage.CancelTrainingBooking(MessageHeader=head, TrainingBooking=[record])
        element = client.get_element("{http://yunxiu.example/xi/HCM}StandardMessageFault")
        standard = element.parse(caught.value.detail[0], client.wsdl.types).standard
        assert standard.faultDetail[0].id == "XSD 001"
        assert "maxLength 35" in standard.faultDetail[0].text

    def test_the_asynchronous_service_and_the_lists_answer(self, client: Any, world: World) -> None:
        """202 without a body, and every list by its type."""
        replicate = self.service(client, world, "AppraisalFocusReplicationIn")
        head = {"ID": {"_value_1": "4711"}, "CreationDateTime": datetime.now(UTC)}
        record = {"SenderTechnicalID": "ONE", "EmployeeID": {"_value_1": "10000101"}, "Title": NAME}
        for _ in range(2):
            said = replicate.ReplicateAppraisalFocus(MessageHeader=head, AppraisalFocus=record)
            assert said is None
        find = self.service(client, world, "QueryAppraisalFocusIn").FindAppraisalFocusByReferenceID
        (found,) = find(Selection=[{"SenderTechnicalID": "ONE"}]).AppraisalFocus
        assert found.Title == NAME
        employees = self.service(client, world, "QueryEmployeeIn").FindEmployee()
        assert employees.ProcessingConditions.ReturnedQueryHitsNumberValue == len(employees.Employee) > 5
        assert len(self.service(client, world, "QueryCourseIn").FindCourse().Course) == 4
        lists = self.service(client, world, "QueryTrainingCompletionIn")
        assert lists.FindTrainingCompletion().TrainingCompletion == []

    def test_who_is_unknown_is_turned_away(self, client: Any, world: World) -> None:
        """401 without a word, and a fault for a wrong token."""
        client.transport.session.auth = ("somebody", "else")
        query = self.service(client, world, "QueryCourseIn")
        with pytest.raises(zeep.exceptions.TransportError):
            query.FindCourse()
        client.transport.session.auth = None
        client.wsse = wsse.UsernameToken("TRIVET_PO", "wrong")
        with pytest.raises(zeep.exceptions.Fault) as caught:
            query.FindCourse()
        assert caught.value.code == "wsse:FailedAuthentication"
