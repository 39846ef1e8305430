"""The official Lark SDK, which we did not write, reads our stand-in page by page and writes a note."""

from typing import Any

import pytest
from conftest import World
from trivet_sandbox.company import people
from trivet_sandbox.feishu_hire import events, exams

lark = pytest.importorskip("lark_oapi")


@pytest.fixture
def client(world: World) -> Any:
    """The SDK's client, pointed at loopback."""
    said = world.sandbox["feishu_hire"].announce()
    return (
        lark.Client.builder()
        .app_id(said["app_id"])
        .app_secret(said["app_secret"])
        .domain(said["base_url"])
        .build()
    )


def test_the_sdk_reads_jobs_with_their_competency_model(client: Any) -> None:
    """Custom fields arrive in the SDK's own model."""
    from lark_oapi.api.hire.v1 import ListJobRequest

    answer = client.hire.v1.job.list(ListJobRequest.builder().page_size(10).build())
    assert answer.success()
    levels = {
        d.object_id: d.value.number
        for j in answer.data.items
        for d in j.customized_data_list
        if d.value.number
    }
    assert levels["competency_teamwork"] == "7"


def test_the_sdk_pages_through_every_talent(client: Any) -> None:
    """Page tokens lead to everybody, once."""
    from lark_oapi.api.hire.v1 import ListTalentRequest

    names, token = [], None
    while True:
        request = ListTalentRequest.builder().page_size(5)
        answer = client.hire.v1.talent.list((request.page_token(token) if token else request).build())
        assert answer.success()
        names += [talent.basic_info.name for talent in answer.data.items]
        if not answer.data.has_more:
            break
        token = answer.data.page_token
    assert sorted(names) == sorted(person.name for person in people())


def test_the_sdk_follows_an_application_to_its_recording(client: Any) -> None:
    """Ids, application, employee, interview, file: each in the SDK's model."""
    from lark_oapi.api.hire.v1 import (
        GetApplicationRequest,
        GetAttachmentRequest,
        GetByApplicationEmployeeRequest,
        ListApplicationRequest,
        ListInterviewRequest,
    )

    listed = client.hire.v1.application.list(ListApplicationRequest.builder().page_size("100").build())
    first = listed.data.items[0]
    application = client.hire.v1.application.get(
        GetApplicationRequest.builder().application_id(first).build()
    )
    assert application.data.application.talent_id
    employee = client.hire.v1.employee.get_by_application(
        GetByApplicationEmployeeRequest.builder().application_id(first).build()
    )
    assert employee.data.employee.external_employment_id == "10000101"
    interviews = client.hire.v1.interview.list(ListInterviewRequest.builder().application_id(first).build())
    (file,) = interviews.data.items[0].interview_record_list[0].image_list
    attachment = client.hire.v1.attachment.get(GetAttachmentRequest.builder().attachment_id(file.id).build())
    assert attachment.data.attachment.url.startswith("http://127.0.0.1")


def test_the_sdk_writes_changes_and_deletes_a_note(client: Any, world: World) -> None:
    """The write-back's calls are what the vendor's own SDK sends."""
    from lark_oapi.api.hire.v1 import CreateNoteRequest, DeleteNoteRequest, ListNoteRequest, Note

    talent = sorted(world.held("feishu_hire")["talent"])[0]
    note = Note.builder().talent_id(talent).content("eight of ten").build()
    made = client.hire.v1.note.create(CreateNoteRequest.builder().request_body(note).build())
    assert made.success()
    listed = client.hire.v1.note.list(ListNoteRequest.builder().talent_id(talent).build())
    assert [n.content for n in listed.data.items] == ["eight of ten"]
    gone = client.hire.v1.note.delete(DeleteNoteRequest.builder().note_id(made.data.note.id).build())
    assert gone.success()


def test_the_sdk_registers_papers_arranges_an_exam_and_tells_its_result(client: Any, world: World) -> None:
    """As a provider of written tests, in the SDK's own models; what was marked is refused."""
    from lark_oapi.api.hire.v1 import (
        CreateEcoExamPaperRequest,
        EcoExamLoginInfo,
        EcoExamPaper,
        EcoExamPaperData,
        EcoExamResultDetail,
        EcoExamResultReport,
        LoginInfoEcoExamRequest,
        LoginInfoEcoExamRequestBody,
        UpdateResultEcoExamRequest,
        UpdateResultEcoExamRequestBody,
    )

    paper = EcoExamPaperData.builder().id("ai").name("AI 面试测评").build()
    papers = EcoExamPaper.builder().account_id(exams.ACCOUNT).paper_list([paper]).build()
    request = CreateEcoExamPaperRequest.builder().request_body(papers).build()
    assert client.hire.v1.eco_exam_paper.create(request).success()
    exam = world.change("feishu_hire", what="order_assessment", candidate="be3", package="ai")["exam"]
    login = EcoExamLoginInfo.builder().exam_url("https://interviews.example/1").build()
    arranged = LoginInfoEcoExamRequestBody.builder().result(0).msg("success").exam_login_info(login).build()
    asked = LoginInfoEcoExamRequest.builder().exam_id(exam).request_body(arranged).build()
    assert client.hire.v1.eco_exam.login_info(asked).success()
    report = EcoExamResultReport.builder().name("报告").url("https://reports.example/1").build()
    detail = EcoExamResultDetail.builder().id("teamwork").name("团队协作").result("8.5 / 10").build()
    body = UpdateResultEcoExamRequestBody.builder().result("85.0").result_time("1795107900000")
    told = body.report_list([report]).detail_list([detail]).build()
    sent = UpdateResultEcoExamRequest.builder().exam_id(exam).request_body(told).build()
    assert client.hire.v1.eco_exam.update_result(sent).success()
    (held,) = world.held("feishu_hire")["exam"].values()
    assert (held["status"], held["result"]["result"]) == ("answered", "85.0")
    world.change("feishu_hire", what="mark_exam", exam=exam)
    assert not client.hire.v1.eco_exam.update_result(sent).success()


def test_the_sdk_reads_the_event_that_orders_an_exam(world: World) -> None:
    """Candidate, application and paper where its model has them."""
    store = world.sandbox["feishu_hire"].store
    store.put("paper", "ai", {"id": "ai", "name": "AI"})
    _, told = exams.order(store, store.get("key", "be3"), "ai")
    seen: list[Any] = []
    builder = lark.EventDispatcherHandler.builder("an-encrypt-key", "a-token")
    handler = builder.register_p2_hire_eco_exam_created_v1(seen.append).build()
    body = events.encrypted(events.event("cli_1", "a-token", exams.EVENT, told), "an-encrypt-key")
    assert handler.do(request(body, events.headers(body, "an-encrypt-key"))).status_code == 200
    (event,) = (entry.event for entry in seen)
    assert (event.paper_id, event.candidate_info.name) == ("ai", "Priya Nair")
    assert event.application_id == store.get("key", "be3")["application"]
    assert event.candidate_info.mobile.number


def test_a_wrong_secret_is_refused_as_documented(world: World) -> None:
    """Code 10014 whatever the status line says."""
    import requests

    said = world.sandbox["feishu_hire"].announce()
    body = {"app_id": said["app_id"], "app_secret": "x"}
    answer = requests.post(
        f"{said['base_url']}/open-apis/auth/v3/tenant_access_token/internal", json=body, timeout=5
    )
    assert answer.json()["code"] == 10014


def dispatcher(seen: list[Any], key: str = "an-encrypt-key", token: str = "a-token") -> Any:  # noqa: S107
    """The SDK's own receiver of events."""
    made = lark.EventDispatcherHandler.builder(key, token)
    return made.register_p2_hire_talent_deleted_v1(seen.append).build()


def request(body: bytes, headers: dict[str, str]) -> Any:
    """As the SDK takes it."""
    made = lark.RawRequest()
    made.uri, made.body, made.headers = "/", body, headers
    return made


def test_the_sdk_opens_and_believes_our_events() -> None:
    """Encrypted and signed by the stand-in, opened and proven by the SDK, in its own model."""
    said = events.event("cli_1", "a-token", "hire.talent.deleted_v1", {"talent_id": "6930100000000000007"})
    body = events.encrypted(said, "an-encrypt-key")
    seen: list[Any] = []
    assert dispatcher(seen).do(request(body, events.headers(body, "an-encrypt-key"))).status_code == 200
    assert [entry.event.talent_id for entry in seen] == ["6930100000000000007"]


def test_the_sdk_disbelieves_what_was_not_signed_so() -> None:
    """With another key, and where a byte has changed."""
    said = events.event("cli_1", "a-token", "hire.talent.deleted_v1", {"talent_id": "1"})
    body = events.encrypted(said, "an-encrypt-key")
    signed = events.headers(body, "an-encrypt-key")
    seen: list[Any] = []
    for key, sent in (("another-key", body), ("an-encrypt-key", body + b" ")):
        assert dispatcher(seen, key).do(request(sent, signed)).status_code == 500
    assert seen == []
