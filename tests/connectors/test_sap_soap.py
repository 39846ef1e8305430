"""SOAP services by their WSDL: the contract against our stand-in, traps of SOAP, and what hostile answers come to."""

import contextlib
import copy
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bad_inputs.soap import BOMB, HOSTILE, PEOPLE, QUERY, SOAP, booking, built, envelope, standing
from conftest import World
from hypothesis import given
from hypothesis import strategies as st
from standing import NAME, Standing
from trivet_connectors.sap_soap import CATALOGUE, DIRECTORY, FEEDBACK, TARGET, guard
from trivet_connectors.sap_soap.faults import read_fault, verdict
from trivet_connectors.sap_soap.message import message_id

from trivet import guarded_xml
from trivet.conformance.promises import PERSON, SECRET, error_is_clear
from trivet.conformance.target import REFERENCES, TargetSuite
from trivet.contract import Services
from trivet.errors import AuthFailed, ConfigError, Rejected, Retryable, UnknownOutcome
from trivet.model import Accepted, Confirmed, Document, Operation

FOCUS = {
    "EmployeeID": PEOPLE[0],
    "Title": NAME,
    "Measure": "1:1",
    "StartDate": "2026-11-23",
    "EndDate": "2027-05-22",
}


class TestSapSoap(TargetSuite):
    """Bookings in bulk, each with its own outcome in the answer's log."""

    connector = TARGET

    @pytest.fixture(params=["basic", "username_token", "username_token_digest"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Standing:
        """The three logins, the last over SOAP 1.2."""
        made = standing(world)
        plain = made.config
        entities = plain().model_dump(mode="json", exclude_unset=True)["entities"]
        if request.param == "username_token_digest":
            for word in ("create", "update", "delete"):
                entities["TrainingBooking"][word]["port"] = "binding_12"
        made.config = lambda **changed: plain(auth=request.param, entities=entities, **changed)  # type: ignore[method-assign]
        return made


@pytest.fixture
def far_end(world: World) -> Standing:
    """The stand-in."""
    return standing(world)


@pytest.fixture
def target(far_end: Standing, tmp_path: Path) -> Iterator[Any]:
    """A target of the stand-in."""
    with built(far_end.config(), tmp_path) as made:
        yield made


def focus(kind: Any = "create", revision: int = 1, **changed: Any) -> Operation:
    """An operation of the asynchronous service."""
    document = {} if kind == "delete" else {**FOCUS, **changed}
    key = f"{REFERENCES[0]}-{kind[0].upper()}{revision}"
    return Operation(key, REFERENCES[0], kind, "AppraisalFocus", document)


class TestAsynchronous:
    """A service that takes a message and says nothing."""

    def test_a_message_is_accepted_and_found_by_the_query(self, target: Any, far_end: Standing) -> None:
        """The ticket is the message's id; the query finds the record in the shape in which it was sent."""
        create = focus()
        (said,) = target.send([create])
        assert said == Accepted(message_id([create]))
        (found,) = target.find("AppraisalFocus", [create])[create.reference]
        assert found.document == FOCUS
        assert found.remote_id
        assert len(far_end.held()["appraisal_focus"]) == 1

    def test_a_message_sent_twice_is_processed_once(self, target: Any, world: World) -> None:
        """Its id is equal for equal changes, so that the receiver drops the second."""
        create = focus()
        target.send([create])
        world.change("sap_soap", kind="appraisal_focus", where={"EmployeeID": PEOPLE[0]}, delete=True)
        assert target.send([create]) == [Accepted(message_id([create]))]
        assert not target.find("AppraisalFocus", [create])
        assert message_id([focus(revision=2)]) != message_id([create])

    def test_it_is_changed_and_taken_back_by_its_reference(self, target: Any, far_end: Standing) -> None:
        """The action code is all that tells the three messages apart."""
        before = far_end.held()
        target.send([focus()])
        update = focus("update", Title="Other words")
        assert isinstance(target.send([update])[0], Accepted)
        (found,) = target.find("AppraisalFocus", [update])[update.reference]
        assert found.document["Title"] == "Other words"
        for _ in range(2):
            assert isinstance(target.send([focus("delete")])[0], Accepted)
        assert far_end.held() == before

    def test_each_record_has_a_message_of_its_own(self, target: Any, world: World) -> None:
        """Else a repetition in other company would be another message."""
        several = [Operation(f"{r}-C1", r, "create", "AppraisalFocus", FOCUS) for r in REFERENCES]
        outcomes = target.send(several)
        assert len({outcome.ticket for outcome in outcomes}) == len(several)
        assert [call["status"] for call in world.calls("sap_soap")] == [202, 202, 202]

    def test_what_the_server_refuses_at_its_door_is_refused(self, target: Any, far_end: Standing) -> None:
        """A message that is not valid is answered by a fault, also where no answer is foreseen."""
        (said,) = target.send([focus(Title="x" * 101)])
        assert isinstance(said, Rejected)
        assert said.vendor_code == "XSD 001"
        assert "appraisal_focus" not in far_end.held()

    def test_a_lost_answer_is_unknown(self, target: Any, world: World) -> None:
        """Accepted is what the server says, not what we hope."""
        world.misbehave("sap_soap", kind="reset_after", method="POST", path="MessageServlet")
        assert isinstance(target.send([focus()])[0], UnknownOutcome)


class TestFaults:
    """A fault refuses a message; what that means for its records."""

    def test_the_guilty_record_alone_is_refused(self, target: Any) -> None:
        """A bulk message with one record that is too long is refused whole; each is then sent alone."""
        outcomes = target.send([booking(0), booking(1, Reason="x" * 256), booking(2)])
        assert [type(outcome) for outcome in outcomes] == [Confirmed, Rejected, Confirmed]
        assert outcomes[1].vendor_code == "XSD 001"
        assert "SOAP_FAULT Client: " in str(outcomes[1])

    def test_a_fault_with_status_200_is_no_success(self, target: Any, far_end: Standing) -> None:
        """Some gateways lose the status on the way."""
        far_end.misbehave("error_in_200")
        (said,) = target.send([booking()])
        assert isinstance(said, Rejected)
        assert said.vendor_code == "YX_TRN 090"
        assert "SOAP_FAULT Client" in said.message

    @pytest.mark.parametrize("refusals", [(), ("ERP 17",)])
    def test_a_server_fault_is_unknown_unless_it_is_known_as_a_refusal(
        self, refusals: tuple[str, ...], far_end: Standing, tmp_path: Path
    ) -> None:
        """The server may have acted before it failed; only the connection's own list says that it had not."""
        detail = (
            "<detail><n:StandardMessageFault xmlns:n='urn:n'><standard><faultText>Period is closed</faultText>"
            "<faultDetail><severity>error</severity><text>2026Q3</text><id>ERP 17</id></faultDetail>"
            "</standard></n:StandardMessageFault></detail>"
        )
        fault = f"<s:Fault><faultcode>s:Server</faultcode><faultstring>Error</faultstring>{detail}</s:Fault>"
        with built(far_end.config(refusals=refusals), tmp_path) as target:
            far_end.misbehave("answer", body=envelope(fault))
            (said,) = target.send([booking()])
        assert type(said) is (Rejected if refusals else UnknownOutcome)
        assert said.vendor_code == "ERP 17"
        assert "Period is closed; 2026Q3; Error (severity error)" in said.message

    def test_a_server_fault_of_a_query_is_retryable(self, target: Any, world: World) -> None:
        """A query changes nothing."""
        fault = "<s:Fault><faultcode>s:Server</faultcode><faultstring>busy</faultstring></s:Fault>"
        world.misbehave("sap_soap", kind="answer", method="POST", path=QUERY, body=envelope(fault))
        with pytest.raises(Retryable) as caught:
            target.find("TrainingBooking", [booking()])
        error_is_clear(caught.value, "sap_soap")

    @pytest.mark.parametrize(
        ("fault", "kind", "code"),
        [
            ("<faultcode>s:Client.PQ603</faultcode><faultstring>x</faultstring>", Rejected, "Client.PQ603"),
            ("<faultcode>s:MustUnderstand</faultcode>", Rejected, "MustUnderstand"),
            ("<faultcode>Server</faultcode><detail><a><b>1</b></a></detail>", UnknownOutcome, "Server"),
            ("<faultcode>wsse:FailedAuthentication</faultcode>", AuthFailed, "FailedAuthentication"),
            # the adapter engine of PI
            (
                "<faultcode>s:Server</faultcode><faultstring>Server Error</faultstring><detail><SystemError>"
                "<context>XIAdapter</context><code>ADAPTER.JAVA_EXCEPTION</code><text>lost</text></SystemError></detail>",
                UnknownOutcome, "ADAPTER.JAVA_EXCEPTION",
            ),
            # SOAP 1.2
            ("<s:Code><s:Value>s:Sender</s:Value></s:Code>", Rejected, "Sender"),
            (
                "<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>wsse:InvalidSecurityToken</s:Value></s:Subcode>"
                "</s:Code><s:Reason><s:Text>no</s:Text></s:Reason>", AuthFailed, "InvalidSecurityToken",
            ),
            ("<s:Code><s:Value>s:Receiver</s:Value></s:Code>", UnknownOutcome, "Receiver"),
            ("", UnknownOutcome, "Server"),
        ],
    )  # fmt: skip
    def test_every_kind_of_fault_has_its_meaning(self, fault: str, kind: type[Exception], code: str) -> None:
        """Both versions of SOAP, and the shapes of PI and of enterprise services."""
        etree = pytest.importorskip("lxml.etree")
        node = etree.fromstring(f'<s:Fault xmlns:s="{SOAP}">{fault}</s:Fault>')
        error = verdict("Create", read_fault(node), (), write=True)
        assert type(error) is kind
        assert error.vendor_code == code
        error_is_clear(error, "sap_soap")


class TestHostileAnswers:
    """The server has acted, whatever its answer looks like: never a success, never a second sending."""

    @pytest.mark.parametrize("name", HOSTILE)
    def test_after_a_write_it_is_unknown(self, name: str, target: Any, far_end: Standing) -> None:
        """Refused before a tree is built of it, and nothing of it is repeated in the error."""
        body, code = HOSTILE[name]
        far_end.misbehave("answer", body=body)
        (said,) = target.send([booking()])
        assert type(said) is UnknownOutcome
        assert said.vendor_code == code
        error_is_clear(said, "sap_soap")

    @pytest.mark.parametrize("name", ["an entity bomb", "two bodies", "JSON", "another message"])
    def test_after_a_query_it_is_retryable(self, name: str, target: Any, world: World) -> None:
        """Nothing was changed; nothing is taken for an empty list either."""
        body, code = HOSTILE[name]
        world.misbehave("sap_soap", kind="answer", method="POST", path=QUERY, body=body)
        with pytest.raises(Retryable) as caught:
            target.find("TrainingBooking", [booking()])
        assert caught.value.vendor_code == code

    @pytest.mark.parametrize(
        "inside",
        [
            "<Surprise>4711</Surprise>",
            "<Log><BusinessDocumentProcessingResultCode>3</BusinessDocumentProcessingResultCode></Log><TrainingBooking/>",
            "<MessageHeader/><MessageHeader/>",
        ],
    )
    def test_a_child_that_the_wsdl_does_not_know_is_unknown(
        self, inside: str, target: Any, far_end: Standing
    ) -> None:
        """zeep raises after the server has acted."""
        name = "TrainingBookingBulkCreateConfirmation"
        body = envelope(f'<n:{name} xmlns:n="http://yunxiu.example/xi/HCM">{inside}</n:{name}>')
        far_end.misbehave("answer", body=body)
        (said,) = target.send([booking()])
        assert type(said) is UnknownOutcome
        assert said.vendor_code == "SOAP_UNEXPECTED"

    def test_an_answer_that_names_nobody_is_unknown(self, target: Any, far_end: Standing) -> None:
        """No error in the log is no success: the record must be named."""
        name = "TrainingBookingBulkCreateConfirmation"
        log = "<Log><BusinessDocumentProcessingResultCode>3</BusinessDocumentProcessingResultCode></Log>"
        head = "<MessageHeader><ID>1</ID><CreationDateTime>2026-11-23T08:00:00Z</CreationDateTime></MessageHeader>"
        body = envelope(f'<n:{name} xmlns:n="http://yunxiu.example/xi/HCM">{head}{log}</n:{name}>')
        far_end.misbehave("answer", body=body)
        assert isinstance(target.send([booking()])[0], UnknownOutcome)

    def test_an_answer_in_utf_16_is_read_as_strictly(self) -> None:
        """The sentry reads what the parser behind it would read."""
        guard.enveloped(envelope("<a>𠮷</a>").encode("utf-16"))
        with pytest.raises(guarded_xml.Hostile) as caught:
            guard.enveloped(envelope("<r>&c;</r>", BOMB).encode("utf-16"))
        assert caught.value.code == "XML_ENTITIES_FORBIDDEN"

    @given(
        st.text() | st.sampled_from([*HOSTILE.values()]).map(lambda case: case[0][:500]), st.integers(0, 400)
    )
    def test_no_bytes_raise_anything_else(self, content: str, cut: int) -> None:
        """Whatever comes, cut wherever: read, or refused with a code."""
        raw = content.encode(errors="surrogatepass")
        for piece in (raw, raw[:cut], raw[cut:]):
            with contextlib.suppress(guarded_xml.Hostile):
                guard.enveloped(piece)

    def test_more_than_the_limit_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its size alone says enough."""
        monkeypatch.setattr(guarded_xml, "MAX_BYTES", 50)
        with pytest.raises(guarded_xml.Hostile, match="longer than 50 bytes"):
            guard.enveloped(envelope("<a/>").encode())

    def test_a_server_that_keeps_silent_is_given_up(self, far_end: Standing, tmp_path: Path) -> None:
        """zeep's own limit of time is for loading WSDLs only; a call has one too."""
        with built(far_end.config(read_seconds=0.2), tmp_path) as target:
            far_end.misbehave("delay", seconds=1.0)
            assert isinstance(target.send([booking()])[0], UnknownOutcome)


class TestRequests:
    """What does not fit is known before a byte is sent."""

    @pytest.mark.parametrize(
        ("changed", "code", "field"),
        [
            ({"Wages": 1}, "MAPPING_UNKNOWN_FIELD", "Wages"),
            ({"Reason": "a\x00b"}, "XML_CHARACTER", "Reason"),
            ({"CourseName": "\ud842"}, "XML_CHARACTER", "CourseName"),
            ({"CourseName": "\uffff"}, "XML_CHARACTER", "CourseName"),
            ({"CourseID": None}, "SOAP_REQUEST", "CourseID"),
            ({"AssessmentScore": float("nan")}, "FIELD_TYPE", "AssessmentScore"),
            ({"Reason": {"inner": 1}}, "MAPPING_UNKNOWN_FIELD", "inner"),
        ],
    )
    def test_a_bad_field_is_named_and_the_others_go(
        self, changed: Document, code: str, field: str, target: Any
    ) -> None:
        """The record is refused alone, by the WSDL on our side."""
        outcomes = target.send([booking(0), booking(1, **changed)])
        assert isinstance(outcomes[0], Confirmed)
        assert isinstance(outcomes[1], Rejected)
        assert (outcomes[1].vendor_code, outcomes[1].field) == (code, field)

    def test_numbers_are_written_as_xml_writes_them(self, target: Any) -> None:
        """Python's 1e-05 is no xsd:decimal, and 0 is a score."""
        wanted = [booking(0, AssessmentScore=0), booking(1, AssessmentScore=0.25)]
        assert all(isinstance(outcome, Confirmed) for outcome in target.send(wanted))
        found = target.find("TrainingBooking", wanted)
        assert [found[o.reference][0].document["AssessmentScore"] for o in wanted] == [0, 0.25]
        (said,) = target.send([booking(2, AssessmentScore=0.00001)])
        assert "fractionDigits" in str(said)

    def test_a_number_sent_as_text_is_found_as_text(self, target: Any) -> None:
        """The form in which it was sent decides."""
        wanted = booking(AssessmentScore="9.1")
        target.send([wanted])
        assert (
            target.find("TrainingBooking", [wanted])[wanted.reference][0].document["AssessmentScore"] == "9.1"
        )

    def test_a_second_record_with_our_reference_is_refused_by_the_server(self, target: Any) -> None:
        """The log names code and field."""
        target.send([booking()])
        (said,) = target.send([booking()])
        assert isinstance(said, Rejected)
        assert (said.vendor_code, said.field) == ("YX_TRN 021", "ObjectNodeSenderTechnicalID")

    def test_a_record_without_its_id_cannot_be_changed(self, target: Any, world: World) -> None:
        """Nothing is sent."""
        (said,) = target.send([booking(kind="update")])
        assert said.vendor_code == "NO_REMOTE_ID"
        assert not world.calls("sap_soap")

    def test_the_door_that_shuts_in_the_middle_leaves_the_rest_unsent(
        self, target: Any, world: World, far_end: Standing
    ) -> None:
        """What was sent has its outcome, the rest may be sent again."""
        several = [Operation(f"{r}-C1", r, "create", "AppraisalFocus", FOCUS) for r in REFERENCES]
        world.misbehave("sap_soap", kind="http_503", method="POST", path="MessageServlet", after=1, times=9)
        outcomes = target.send(several)
        assert [type(outcome) for outcome in outcomes] == [Accepted, Retryable, Retryable]
        assert len(far_end.held()["appraisal_focus"]) == 1

    @pytest.mark.parametrize("kind", ["update", "delete"])
    def test_an_operation_that_is_not_configured_is_refused(
        self, kind: str, far_end: Standing, tmp_path: Path
    ) -> None:
        """The cure says where to name it."""
        with built(changed(far_end, **{kind: None}), tmp_path) as target, pytest.raises(Rejected) as caught:
            target.send([booking(kind=kind, remote_id="1")])
        assert caught.value.vendor_code == "ENTITY"
        with built(far_end.config(), tmp_path) as target, pytest.raises(Rejected, match="not configured"):
            target.send([Operation("k", REFERENCES[0], "create", "Nothing", {})])

    @pytest.mark.parametrize("auth", ["username_token", "username_token_digest"])
    def test_a_wrong_token_is_auth_failed(self, auth: str, far_end: Standing, tmp_path: Path) -> None:
        """The fault of WS-Security is no refusal of the record."""
        with (
            built(far_end.config(auth=auth, password=SECRET), tmp_path) as target,
            pytest.raises(AuthFailed) as caught,
        ):
            target.send([booking()])
        assert caught.value.vendor_code == "FailedAuthentication"
        error_is_clear(caught.value, "sap_soap")


def changed(far_end: Standing, **operations: Any) -> Any:
    """The config with changes to single operations of the bookings; None takes one out."""
    entities = copy.deepcopy(far_end.config().model_dump(mode="json", exclude_unset=True)["entities"])
    for word, change in operations.items():
        known = entities["TrainingBooking"].pop(word)
        if change is not None:
            entities["TrainingBooking"][word] = {**known, **change}
    return far_end.config(entities=entities)


SCHEMA = '<xsd:schema targetNamespace="http://yunxiu.example/xi/HCM">'


def imported(location: str) -> str:
    """A WSDL that imports another, up to its types."""
    return f'<wsdl:import namespace="urn:x" location="{location}"/><wsdl:types>'


class TestWsdl:
    """The file is read strictly, from disk, once; what is configured must be in it."""

    @pytest.mark.parametrize(
        ("word", "change", "code", "says"),
        [
            ("create", {"operation": "CreateTrainingBookings"}, "WSDL_OPERATION", "did you mean CreateTrainingBooking?"),
            ("create", {"service": "QueryCourseIn"}, "WSDL_OPERATION", "not offered by QueryCourseIn"),
            ("create", {"port": ""}, "WSDL_OPERATION", "binding, ManageTrainingBookingIn/binding_12"),
            ("create", {"operation": "ReplicateAppraisalFocus", "service": "", "port": ""}, "WSDL_PATH", "TrainingBooking"),
            ("find", {"operation": "ReplicateAppraisalFocus"}, "WSDL_PATH", "Selection"),
            ("create", {"items": "TrainingBookings"}, "WSDL_PATH", "did you mean TrainingBooking?"),
            ("create", {"reference": "ObjectNode"}, "WSDL_PATH", "ObjectNode"),
            ("update", {"id": "Id"}, "WSDL_PATH", "no element Id of Id"),
            ("create", {"document": "Details/More"}, "WSDL_PATH", "no element More of Details/More"),
            ("create", {"message_id": "MessageHeader/UUID"}, "WSDL_PATH", "UUID"),
            ("create", {"constants": {"Header": "1"}}, "WSDL_PATH", "Header"),
            ("create", {"answer": {"items": "Bookings"}}, "WSDL_PATH", "does not say which"),
            ("create", {"answer": {"items": "Bookings", "reference": "ID"}}, "WSDL_PATH", "Bookings"),
            ("find", {"answer": {"items": "TrainingBooking", "reference": "ID", "id": "IDs"}}, "WSDL_PATH", "IDs"),
            ("find", {"wsdl": "nowhere.wsdl"}, "WSDL_MISSING", "cannot be read"),
        ],
    )  # fmt: skip
    def test_check_names_what_is_not_there(
        self, word: str, change: Document, code: str, says: str, far_end: Standing, tmp_path: Path
    ) -> None:
        """Operations, services, ports and paths of requests and answers."""
        with (
            built(changed(far_end, **{word: change}), tmp_path) as target,
            pytest.raises(ConfigError) as caught,
        ):
            target.check()
        assert caught.value.code == code
        assert says in str(caught.value)

    def test_a_query_without_an_answer_finds_nothing(self, far_end: Standing, tmp_path: Path) -> None:
        """An asynchronous operation cannot be the way to find."""
        entities = far_end.config().model_dump(mode="json", exclude_unset=True)["entities"]
        entities["AppraisalFocus"]["find"] = entities["AppraisalFocus"]["create"]
        with (
            built(far_end.config(entities=entities), tmp_path) as target,
            pytest.raises(ConfigError, match="finds nothing"),
        ):
            target.check()

    def test_an_operation_that_the_port_type_lacks_is_missed(self, far_end: Standing, tmp_path: Path) -> None:
        """zeep only warns of it and drops it."""
        text = Path(far_end.config().wsdl).read_text(encoding="utf-8")
        start = text.index('<wsdl:operation name="CancelTrainingBooking">')
        end = text.index("</wsdl:operation>", start) + len("</wsdl:operation>")
        (tmp_path / "cut.wsdl").write_text(text[:start] + text[end:], encoding="utf-8")
        with built(far_end.config(wsdl="cut.wsdl"), tmp_path) as target, pytest.raises(ConfigError) as caught:
            target.check()
        assert "no operation CancelTrainingBooking" in str(caught.value)

    @pytest.mark.parametrize(
        ("was", "becomes", "code"),
        [
            ("<wsdl:types>", imported("http://127.0.0.1:9/x.wsdl"), "WSDL_IMPORT_BLOCKED"),
            ("<wsdl:types>", imported("file:///etc/passwd"), "WSDL_IMPORT_BLOCKED"),
            # what is no address is a file beside it
            ("<wsdl:types>", imported("ftp://127.0.0.1:9/x.wsdl"), "WSDL_SYNTAX"),
            ("<wsdl:types>", imported("not-there.wsdl"), "WSDL_SYNTAX"),
            (SCHEMA, f'{SCHEMA}<xsd:import namespace="urn:x" schemaLocation="http://127.0.0.1:9/x.xsd"/>', "WSDL_IMPORT_BLOCKED"),
            ("<wsdl:definitions", '<!DOCTYPE d [<!ENTITY e "ha">]><wsdl:definitions', "XML_ENTITIES_FORBIDDEN"),
            ("<wsdl:definitions", '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd"><wsdl:definitions', "XML_DTD_FORBIDDEN"),
            ("</wsdl:definitions>", "", "XML_SYNTAX"),
            ('type="hcm:Percent"', 'type="hcm:Nothing"', "WSDL_SYNTAX"),
        ],
    )  # fmt: skip
    def test_a_bad_file_is_refused_and_nothing_is_asked_for(
        self, was: str, becomes: str, code: str, far_end: Standing, tmp_path: Path
    ) -> None:
        """No import from the network, no declaration, and the file is named."""
        text = Path(far_end.config().wsdl).read_text(encoding="utf-8")
        assert was in text
        (tmp_path / "bad.wsdl").write_text(text.replace(was, becomes, 1), encoding="utf-8")
        with built(far_end.config(wsdl="bad.wsdl"), tmp_path) as target, pytest.raises(ConfigError) as caught:
            target.check()
        assert caught.value.code == code
        assert str(tmp_path / "bad.wsdl") in str(caught.value)

    def test_a_file_without_an_endpoint_says_where_to_get_one(
        self, far_end: Standing, tmp_path: Path
    ) -> None:
        """The WSDL of an interface has no service; the endpoint's has."""
        text = Path(far_end.config().wsdl).read_text(encoding="utf-8")
        (tmp_path / "cut.wsdl").write_text(text[: text.index("  <wsdl:service")] + "</wsdl:definitions>")
        with built(far_end.config(wsdl="cut.wsdl"), tmp_path) as target, pytest.raises(ConfigError) as caught:
            target.check()
        assert caught.value.code == "WSDL_OPERATION"
        assert "SOAMANAGER" in caught.value.explained()

    def test_a_schema_beside_the_file_is_read(self, far_end: Standing, tmp_path: Path) -> None:
        """An import by a relative path is no network."""
        text = Path(far_end.config().wsdl).read_text(encoding="utf-8")
        more = '<xsd:import namespace="urn:x" schemaLocation="more/x.xsd"/>'
        marked = text.replace(SCHEMA, SCHEMA + more, 1)
        (tmp_path / "hcm.wsdl").write_text(marked, encoding="utf-8")
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "x.xsd").write_text(
            '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x"/>'
        )
        with built(far_end.config(wsdl="hcm.wsdl"), tmp_path) as target:
            target.check()

    def test_a_file_is_read_once_and_again_when_it_changed(self, far_end: Standing, tmp_path: Path) -> None:
        """Large ones take seconds."""
        file = tmp_path / "hcm.wsdl"
        shutil.copy(far_end.config().wsdl, file)
        with built(far_end.config(wsdl="hcm.wsdl"), tmp_path) as target:
            wanted = target.config.entities["TrainingBooking"].create
            first, second = target.wire.offer(wanted), target.wire.offer(wanted)
            assert first.types is second.types
            os.utime(file, (1, 1))
            assert target.wire.offer(wanted).types is not first.types

    def test_without_the_library_the_cure_is_named(
        self, far_end: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The connector is found and built without the extra; using it says what to install."""
        shutil.copy(far_end.config().wsdl, tmp_path / "hcm.wsdl")
        for name in [name for name in sys.modules if name == "zeep" or name.startswith("zeep.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "zeep", None)
        with built(far_end.config(wsdl="hcm.wsdl"), tmp_path) as target, pytest.raises(ConfigError) as caught:
            target.check()
        assert caught.value.code == "LIBRARY_MISSING"
        assert "pip install 'trivet[sap]'" in caught.value.explained()


class TestLists:
    """Directory, catalogue and feedback: each list by one query, read whole."""

    PORTS = ((DIRECTORY, "employees"), (CATALOGUE, "courses"), (FEEDBACK, "completions"))

    @pytest.fixture
    def completed(self, world: World) -> None:
        """A course was taken."""
        world.change(
            "sap_soap", kind="training_completion",
            insert={"ID": "C-1", "SenderTechnicalID": REFERENCES[0], "EmployeeID": PEOPLE[0], "CourseID": "TRN-SVC-201",
                    "CompletionDate": "2026-12-18", "PassedIndicator": True, "GradeValue": "87.5"},
        )  # fmt: skip

    @pytest.fixture
    def read(self, world: World, far_end: Standing, tmp_path: Path, completed: None) -> Any:  # noqa: ARG002
        """Reads a stream through its port."""

        def pages(port: Any, stream: str, **how: Any) -> list[Any]:
            services = Services("erp", tmp_path, tmp_path, lambda: datetime.now(UTC))
            with port.build(far_end.config(**how), services) as source:
                source.check()
                return list(source.pages(stream, None))

        return pages

    @pytest.mark.parametrize(("port", "stream"), PORTS, ids=[stream for _, stream in PORTS])
    def test_a_list_is_read_whole_and_its_versions_tell_changes(
        self, port: Any, stream: str, read: Any, world: World
    ) -> None:
        """One page, an empty cursor, and a version that changes with the row alone."""
        kind = {"employees": "employee", "courses": "course", "completions": "training_completion"}[stream]
        (first,), (second,) = read(port, stream), read(port, stream)
        assert first == second
        assert first.cursor == ""
        held = {row["ID"] for row in world.held("sap_soap")[kind]}
        assert {record.external_id for record in first.records} == held
        name = {"employees": "FormattedName", "courses": "Name", "completions": "CourseID"}[stream]
        key = first.records[0].external_id
        world.change("sap_soap", kind=kind, where={"ID": key}, set={name: "changed"})
        (third,) = read(port, stream)
        assert [r.external_id for r, s in zip(first.records, third.records, strict=True) if r != s] == [key]
        assert third.records[0].document[name] == "changed"

    def test_rows_are_plain(self, read: Any) -> None:
        """Numbers are numbers, days are text, and what is empty is left out."""
        ((record,),) = (page.records for page in read(FEEDBACK, "completions"))
        assert record.document == {
            "ID": "C-1", "SenderTechnicalID": REFERENCES[0], "EmployeeID": PEOPLE[0], "CourseID": "TRN-SVC-201",
            "CompletionDate": "2026-12-18", "PassedIndicator": True, "GradeValue": 87.5,
        }  # fmt: skip

    def test_a_stream_that_is_not_configured_says_so(self, far_end: Standing, tmp_path: Path) -> None:
        """With the setting that is missing."""
        services = Services("erp", tmp_path, tmp_path, lambda: datetime.now(UTC))
        with CATALOGUE.build(far_end.config(), services) as source, pytest.raises(Rejected) as caught:
            list(source.pages("competencies", None))
        assert "`streams`" in caught.value.explained()
        with CATALOGUE.build(far_end.config(streams={}), services) as source, pytest.raises(Rejected):
            source.check()

    def test_rows_without_an_id_are_no_list(self, far_end: Standing, tmp_path: Path) -> None:
        """Records that cannot be told apart would overwrite each other."""
        streams = far_end.config().model_dump(mode="json", exclude_unset=True)["streams"]
        streams["employees"]["answer"]["id"] = "StatusCode"
        services = Services("erp", tmp_path, tmp_path, lambda: datetime.now(UTC))
        with DIRECTORY.build(far_end.config(streams=streams), services) as source, pytest.raises(Retryable):
            list(source.pages("employees", None))

    @pytest.mark.parametrize("body", ["", "<html/>", envelope(""), f'{{"name": "{PERSON}"}}'])
    def test_a_list_that_is_none_is_an_error(
        self, body: str, far_end: Standing, world: World, tmp_path: Path
    ) -> None:
        """Never an empty list, which would retire every code."""
        services = Services("erp", tmp_path, tmp_path, lambda: datetime.now(UTC))
        world.misbehave("sap_soap", kind="answer", method="POST", path="querycoursein", times=9, body=body)
        with CATALOGUE.build(far_end.config(), services) as source, pytest.raises(Retryable) as caught:
            list(source.pages("courses", None))
        error_is_clear(caught.value, "sap_soap")
