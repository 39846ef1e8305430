"""Ordering assessments: our dialects keep the contract over a socket, and results reach the stand-ins."""

import base64
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from conftest import World
from trivet_connectors.ashby import ASSESSMENTS as ASHBY
from trivet_connectors.ashby import RESULTS as ASHBY_RESULTS
from trivet_connectors.feishu_hire import EXAMS
from trivet_connectors.feishu_hire import INBOUND as FEISHU
from trivet_connectors.greenhouse import ASSESSMENTS, RESULTS
from trivet_sandbox.ashby import partner as ashby_partner
from trivet_sandbox.feishu_hire import events, exams
from trivet_sandbox.greenhouse import partner
from trivet_sandbox.server import Answer

from trivet.conformance.assessments import AssessmentsSuite, Reply, Sent
from trivet.conformance.promises import PERSON, SECRET
from trivet.conformance.results import ResultsSuite
from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Confirmed, Document, Operation
from trivet.ordering import AskStatus, Complain, Placed, PlaceOrder, Refused, Standing

KEY = "an-assessment-key-4711"
ORIGIN = "https://app.greenhouse.io"
APP, ENCRYPT, TOKEN = "cli_1", "an-encrypt-key-4711", "a-verification-token"  # noqa: S105


def basic(key: str) -> tuple[str, str]:
    """The key as the user, with no password."""
    return "Authorization", "Basic " + base64.b64encode(f"{key}:".encode()).decode()


class Greenhouse:
    """Greenhouse, in the forms of its page."""

    result: ClassVar[Document] = {
        "callback": f"{ORIGIN}/1", "partner_profile_url": "https://reports.example/1", "partner_score": 81,
        "metadata": {"Teamwork": 8.1},
    }  # fmt: skip

    def connection(self) -> Document:
        return {
            "conn_type": "trivet_greenhouse_assessments",
            "password": KEY,
            "extra": {"environment": "sandbox"},
        }

    def offered(self) -> Sent | None:
        return Sent("GET", "/list_tests", headers=(basic(KEY),))

    def place(self, n: int, package: str) -> Sent:
        return self.with_body(json.dumps(send_test(n, package)).encode())

    def status(self, order: str) -> Sent | None:
        return Sent(
            "GET", "/test_status?" + urlencode({"partner_interview_id": order}), headers=(basic(KEY),)
        )

    def cancel(self, order: str) -> Sent | None:
        return None

    def complain(self, order: str) -> Sent | None:
        errors = ["partner_score of ada@example.com is missing"]
        body = {"api_call": "test_status", "errors": errors, "partner_interview_id": order,
                "candidate_email": "ada@example.com"}  # fmt: skip
        return Sent("POST", "/response_error", json.dumps(body).encode(), (basic(KEY),))

    def unproven(self, sent: Sent) -> Sent:
        return Sent(sent.method, sent.path, sent.body, (basic(SECRET),))

    def with_body(self, body: bytes) -> Sent:
        return Sent("POST", "/send_test", body, (basic(KEY),))

    def packages(self, reply: Reply) -> set[str]:
        return {test["partner_test_id"] for test in reply.body if test["partner_test_name"]}

    def placed(self, reply: Reply) -> str | None:
        assert set(reply.body) == {"partner_interview_id"}
        return str(reply.body["partner_interview_id"])

    def standing(self, reply: Reply) -> tuple[str, Any]:
        said = reply.body
        return "completed" if said["partner_status"] == "complete" else said["partner_status"], said.get(
            "partner_score"
        )


def send_test(n: int, package: str = "short", **changed: Any) -> Document:
    """The body of an order."""
    first, _, last = PERSON.partition(" ")
    candidate = {
        "first_name": first, "last_name": last, "preferred_name": None, "resume_url": None, "phone_number": None,
        "email": "ada@example.com", "greenhouse_profile_url": f"{ORIGIN}/people/17?application_id={n}",
    }  # fmt: skip
    url = f"{ORIGIN}/integrations/testing_partners/take_home_tests/{n}"
    return {
        "partner_test_id": package,
        "candidate": candidate,
        "sent_by": "r@example.com",
        "url": url,
        **changed,
    }


class TestGreenhouse(AssessmentsSuite):
    """The Assessment Partner API."""

    connector = ASSESSMENTS

    @pytest.fixture
    def vendor(self) -> Greenhouse:
        """Greenhouse."""
        return Greenhouse()


class Feishu:
    """Feishu Hire, which orders by an event and hears nothing but that it arrived."""

    result: ClassVar[Document] = {"exam_id": "1", "result": "81"}

    def connection(self) -> Document:
        extra = {"environment": "sandbox", "encrypt_key": ENCRYPT, "verification_token": TOKEN}
        return {"conn_type": "trivet_feishu_hire", "login": APP, "password": "a-secret-4711", "extra": extra}

    def offered(self) -> Sent | None:
        return None

    def place(self, n: int, package: str) -> Sent:
        info = {
            "name": PERSON,
            "mobile": {"code": "+86", "number": "13800000000"},
            "email": "ada@example.com",
        }
        body = {"exam_id": str(n), "account_id": "1", "paper_id": package, "candidate_info": info,
                "talent_id": "7", "application_id": "8", "job_info": {}}  # fmt: skip
        return self.with_body(
            events.encrypted(events.event(APP, TOKEN, "hire.eco_exam.created_v1", body), ENCRYPT)
        )

    def status(self, order: str) -> Sent | None:
        return None

    def cancel(self, order: str) -> Sent | None:
        return None

    def complain(self, order: str) -> Sent | None:
        return None

    def unproven(self, sent: Sent) -> Sent:
        return Sent(sent.method, sent.path, sent.body, tuple(events.headers(sent.body, SECRET).items()))

    def with_body(self, body: bytes) -> Sent:
        return Sent("POST", "", body, tuple(events.headers(body, ENCRYPT).items()))

    def packages(self, reply: Reply) -> set[str]:
        raise NotImplementedError

    def placed(self, reply: Reply) -> str | None:
        assert reply.body == {}
        return None

    def standing(self, reply: Reply) -> tuple[str, Any]:
        raise NotImplementedError


class TestFeishu(AssessmentsSuite):
    """The event hire.eco_exam.created_v1, by the app's signed address."""

    connector = FEISHU

    @pytest.fixture
    def vendor(self) -> Feishu:
        """Feishu Hire."""
        return Feishu()


class Ashby:
    """Ashby, in the forms that public partners read and write."""

    result: ClassVar[Document] = {"assessment_id": "1"}

    def connection(self) -> Document:
        extra = {"environment": "sandbox", "partner_key": KEY}
        return {"conn_type": "trivet_ashby_assessments", "password": "an-ashby-key-4711", "extra": extra}

    def offered(self) -> Sent | None:
        return self._called("list", {})

    def place(self, n: int, package: str) -> Sent:
        return self._called("start", start(n, package))

    def status(self, order: str) -> Sent | None:
        return None

    def cancel(self, order: str) -> Sent | None:
        return self._called("cancel", {"assessment_id": order})

    def complain(self, order: str) -> Sent | None:
        return None

    def unproven(self, sent: Sent) -> Sent:
        return Sent(sent.method, sent.path, sent.body, (basic(SECRET),))

    def with_body(self, body: bytes) -> Sent:
        return Sent("POST", "/assessment.start", body, (basic(KEY),))

    def packages(self, reply: Reply) -> set[str]:
        assert reply.body["success"] is True
        return {entry["assessment_type_id"] for entry in reply.body["results"] if entry["name"]}

    def placed(self, reply: Reply) -> str | None:
        assert reply.body["success"] is True
        return str(reply.body["results"]["assessment_id"])

    def standing(self, reply: Reply) -> tuple[str, Any]:
        raise NotImplementedError

    def _called(self, method: str, body: Document) -> Sent:
        return Sent("POST", f"/assessment.{method}", json.dumps(body).encode(), (basic(KEY),))


def start(n: int, package: str = "short") -> Document:
    """The body of an order."""
    first, _, last = PERSON.partition(" ")
    candidate = {"ashby_id": "c", "first_name": first, "last_name": last, "email": "ada@example.com"}
    return {
        "assessment_type_id": package,
        "candidate": candidate,
        "application": {"ashby_id": str(n), "status": "Active"},
        "job": {"ashby_id": "j", "name": "Engineer"},
    }


class TestAshby(AssessmentsSuite):
    """The assessments framework."""

    connector = ASHBY

    @pytest.fixture
    def vendor(self) -> Ashby:
        """Ashby."""
        return Ashby()


class TakeHome:
    """Greenhouse's stand-in with two tests that were sent."""

    entity = "result"

    def __init__(self, world: World) -> None:
        self.world = world
        store = world.sandbox["greenhouse"].store
        active = [a for _, a in store.all("applications") if a["status"] == "in_process"]
        for n, application in enumerate(active[:2]):
            test = {"id": n, "application_id": application["id"], "candidate_id": application["candidate_id"],
                    "partner_test_id": "short", "partner_test_name": "x", "partner_interview_id": "o1", "status": "sent",
                    "result": None, "_partner": "http://127.0.0.1:9"}  # fmt: skip
            store.put(partner.KIND, str(n), test)
        self.good = [self.told(0), self.told(1)]
        self.changed = {**self.told(0), "partner_score": 12}
        self.bad = self.told(99)

    def told(self, n: int) -> Document:
        base = self.world.sandbox["greenhouse"].base_url
        said = {"𠮷田 O'Brien": "eight of ten"}
        return {"callback": f"{base}{partner.PATH}/{n}", "partner_score": 81.5, "metadata": said}

    def config(self, **changed: Any) -> Any:
        stored = self.world.sandbox.connections()["greenhouse_assessments"]
        values = {k: v for k, v in stored["extra"].items() if k != "environment"}
        return RESULTS.config.model_validate({"api_key": stored["password"], **values, **changed})

    def wrong_secret(self) -> Any:
        return self.config(api_key=SECRET)

    def nobody_home(self) -> tuple[Any, Document]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return self.untrusted(f"http://127.0.0.1:{free.getsockname()[1]}")

    def untrusted(self, address: str) -> tuple[Any, Document]:
        return self.config(callback_origins=[address]), {"callback": f"{address}/tests/1"}

    def held(self) -> Any:
        """Who was told so: a call is all that arrives."""
        calls = self.world.calls("greenhouse")
        return sorted({call["path"] for call in calls if call["method"] == "PATCH" and call["status"] == 200})

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave("greenhouse", kind=kind, method="PATCH", path=partner.PATH, **how)


class TestGreenhouseResults(ResultsSuite):
    """The address that came with the order, and nothing else."""

    connector = RESULTS

    @pytest.fixture
    def far_end(self, world: World) -> TakeHome:
        """The stand-in."""
        return TakeHome(world)


class Exams:
    """Feishu's stand-in with two exams."""

    entity = "result"

    def __init__(self, world: World) -> None:
        self.world = world
        store = world.sandbox["feishu_hire"].store
        for n in ("1", "2"):
            exam = {"id": n, "application_id": n, "paper_id": "short", "status": "arranged", "login": None}
            store.put("exam", n, {**exam, "result": None})
        self.good = [self.told("1"), self.told("2")]
        self.changed = {**self.told("1"), "result": "12"}
        self.bad = self.told("99")

    def told(self, exam: str) -> Document:
        detail = {"id": "a", "name": "𠮷田 O'Brien", "result": "eight of ten"}
        return {"exam_id": exam, "result": "81.5", "result_time": "1795107900000", "detail_list": [detail]}

    def config(self, **changed: Any) -> Any:
        stored = self.world.sandbox.connections()["feishu_exams"]
        values = {k: v for k, v in stored["extra"].items() if k != "environment"}
        standard = {setting: stored[field] for field, setting in EXAMS.config.standard_fields.items()}
        return EXAMS.config.model_validate({**values, **standard, **changed})

    def wrong_secret(self) -> Any:
        return self.config(app_secret=SECRET)

    def nobody_home(self) -> tuple[Any, Document]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return self.untrusted(f"http://127.0.0.1:{free.getsockname()[1]}")

    def untrusted(self, address: str) -> tuple[Any, Document]:
        return self.config(base_url=address), self.told("1")

    def held(self) -> Any:
        return self.world.held("feishu_hire")["exam"]

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave("feishu_hire", kind=kind, method="POST", path="update_result", **how)


class TestFeishuResults(ResultsSuite):
    """Exams of the written-test provider."""

    connector = EXAMS

    @pytest.fixture
    def far_end(self, world: World) -> Exams:
        """The stand-in."""
        return Exams(world)


IDS = [f"0b7e5c1e-3f5e-5a47-9d2e-3c5c0c0e9f1{n}" for n in (1, 2, 3)]


class Started:
    """Ashby's stand-in with two assessments that were started."""

    entity = "result"

    def __init__(self, world: World) -> None:
        self.world = world
        for name in IDS[:2]:
            body = {"id": name, "application": "a", "type": "short", "status": None, "result": None, "profile": None,
                    "metadata": [], "timestamp": 0, "_partner": ""}  # fmt: skip
            world.sandbox["ashby"].store.put(ashby_partner.KIND, name, body)
        self.good = [self.told(0), self.told(1)]
        self.changed = self.told(0, 12)
        self.bad = self.told(2)

    def told(self, n: int, score: float = 81.5) -> Document:
        def blob(name: str, kind: str, value: Any) -> Document:
            return {"identifier": name, "label": name, "type": kind, "value": value}

        return {
            "assessment_id": IDS[n],
            "assessment_status": blob("status", "string", "Complete"),
            "assessment_result": blob("score", "numeric_score", score),
            "assessment_profile_url": blob("report", "url", "https://reports.example/1"),
            "metadata": [blob("𠮷田 O'Brien", "string", "eight of ten")],
        }

    def config(self, **changed: Any) -> Any:
        stored = self.world.sandbox.connections()["ashby_assessments"]
        values = {k: v for k, v in stored["extra"].items() if k != "environment"}
        standard = {setting: stored[field] for field, setting in ASHBY_RESULTS.config.standard_fields.items()}
        return ASHBY_RESULTS.config.model_validate({**values, **standard, **changed})

    def wrong_secret(self) -> Any:
        return self.config(api_key=SECRET)

    def nobody_home(self) -> tuple[Any, Document]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return self.untrusted(f"http://127.0.0.1:{free.getsockname()[1]}")

    def untrusted(self, address: str) -> tuple[Any, Document]:
        return self.config(base_url=address), self.told(0)

    def held(self) -> Any:
        return self.world.held("ashby")[ashby_partner.KIND]

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave("ashby", kind=kind, method="POST", path="assessment.update", **how)


class TestAshbyResults(ResultsSuite):
    """assessment.update."""

    connector = ASHBY_RESULTS

    @pytest.fixture
    def far_end(self, world: World) -> Started:
        """The stand-in."""
        return Started(world)


def services(folder: Path) -> Services:
    """A deployment."""
    return Services("orders", folder, folder, lambda: datetime.now(UTC))


@pytest.fixture
def dialect(tmp_path: Path) -> Iterator[Any]:
    """Greenhouse's."""
    with ASSESSMENTS.build(ASSESSMENTS.config(api_key=KEY), services(tmp_path)) as built:
        yield built


def heard(dialect: Any, body: Any, *, key: str = KEY, method: str = "POST", path: str = "send_test") -> Any:
    """What the dialect makes of the call."""
    name, value = basic(key)
    raw = json.dumps(body).encode()
    return dialect.hear(Call({name.lower(): value}, raw, datetime.now(UTC), method, path, {}))


def test_greenhouse_names_the_application_in_the_profile_address_alone(dialect: Any) -> None:
    """There is no other place for it; the order is known again by the address that is to be told."""
    order = heard(dialect, send_test(26234709))
    assert isinstance(order, PlaceOrder)
    assert order.key == f"{ORIGIN}/integrations/testing_partners/take_home_tests/26234709"
    assert order.document["references"] == {"applications": "26234709", "candidates": "17"}
    assert order.document["candidate"]["profile_url"] == f"{ORIGIN}/people/17?application_id=26234709"
    assert order.document["requested_by"] == "r@example.com"


@pytest.mark.parametrize(
    "profile", [None, 7, "", "people/17", f"{ORIGIN}/people/x?application_id=y", "https://[", "a" * 9]
)
def test_a_profile_address_of_another_form_names_nothing(profile: Any, dialect: Any) -> None:
    """The order counts all the same, and a person sees that it belongs to nobody."""
    said = send_test(1)
    said["candidate"]["greenhouse_profile_url"] = profile
    assert heard(dialect, said).document["references"] == {}


ELSEWHERE = [
    "https://app.greenhouse.io.example.com/x", "http://app.greenhouse.io/x", "https://app.greenhouse.io:444/x",
    "https://app.greenhouse.io@example.com/x", "https://app.greenhouse.io\\@example.com/x", "//app.greenhouse.io/x",
    "https://user@app.greenhouse.io/x", "https://APP.greenhouse.io/x", "https://app.greenhouse.io", "file:///etc/passwd",
    "https://127.0.0.1/x", "https://[::1/x", "https://app.greenhouse.io/x y", "https://app.greenhouse.io/\r\nx: y", "",
    "https://app.greenhouse.io/é", None, 7, ["x"],
]  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE)
def test_an_address_elsewhere_is_refused_with_the_order_and_never_called(
    url: Any, dialect: Any, tmp_path: Path
) -> None:
    """It is somebody else's data; and what is in the ledger is judged once more before it is called."""
    with pytest.raises(Rejected):
        heard(dialect, send_test(1, url=url))
    with RESULTS.build(RESULTS.config(api_key=KEY), services(tmp_path)) as target:
        (said,) = target.send([Operation("K", "R", "create", "result", {"callback": url})])
    assert isinstance(said, Rejected)
    assert said.vendor_code == "CALLBACK_ORIGIN"


def test_a_redirect_is_not_followed(world: World, tmp_path: Path) -> None:
    """The key goes to the configured origin and nowhere else."""
    far_end = TakeHome(world)
    moved = Answer(None, 307, {"Location": "/token"})
    world.sandbox["greenhouse"].route("PATCH", "/moved", lambda _: moved)
    base = world.sandbox["greenhouse"].base_url
    with RESULTS.build(far_end.config(), services(tmp_path)) as target:
        (said,) = target.send([Operation("K", "R", "create", "result", {"callback": f"{base}/moved"})])
    assert isinstance(said, Rejected)
    assert said.vendor_code == "HTTP 307"


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!", "Bearer " + KEY, KEY, basic(KEY + "x")[1], basic("")[1],
                                    "Basic " + base64.b64encode(f"{KEY}:more".encode()).decode()])  # fmt: skip
def test_the_key_is_the_user_and_there_is_no_password(header: str, dialect: Any) -> None:
    """Every other form is somebody else's."""
    with pytest.raises(AuthFailed):
        dialect.hear(Call({"authorization": header}, b"", datetime.now(UTC), "GET", "list_tests", {}))


def test_what_greenhouse_hears(dialect: Any) -> None:
    """In the words of its page; an order that is not completed is anything but complete."""
    assert dialect.say(Placed("o1")).body == {"partner_interview_id": "o1"}
    assert dialect.say(Standing("o1", "open")).body == {"partner_status": "open"}
    assert dialect.say(Standing("o1", "cancelled")).body == {"partner_status": "cancelled"}
    said = dialect.say(Standing("o1", "completed", Greenhouse.result)).body
    assert said == {"partner_status": "complete"} | {
        k: v for k, v in Greenhouse.result.items() if k != "callback"
    }
    assert [
        dialect.say(Refused(why)).status for why in ("unauthorised", "unknown_order", "unknown_package")
    ] == [401, 404, 404]  # type: ignore[arg-type]


def test_what_greenhouse_asks(dialect: Any) -> None:
    """A status, and a complaint with as much as is known."""
    name, value = basic(KEY)
    call = Call(
        {name.lower(): value}, b"", datetime.now(UTC), "GET", "test_status", {"partner_interview_id": "o1"}
    )
    assert dialect.hear(call) == AskStatus("o1")
    assert heard(dialect, {"api_call": "list_tests", "errors": ["x"]}, path="response_error") == Complain(
        "list_tests", ("x",)
    )
    for method, path in (("GET", "send_test"), ("POST", "list_tests"), ("GET", ""), ("GET", "list_tests/x")):
        with pytest.raises(Rejected) as caught:
            heard(dialect, {}, method=method, path=path)
        assert caught.value.vendor_code == "CALL_UNKNOWN"


@pytest.mark.parametrize("exam", ["", "../jobs", "1/login_info", "1?x", None, "一"])
def test_an_exam_id_of_another_form_is_refused(exam: Any, world: World, tmp_path: Path) -> None:
    """It would become part of the address."""
    with EXAMS.build(Exams(world).config(), services(tmp_path)) as target:
        before = len(world.calls("feishu_hire"))
        (said,) = target.send([Operation("K", "R", "create", "result", {"exam_id": exam, "result": "1"})])
    assert isinstance(said, Rejected)
    assert len(world.calls("feishu_hire")) == before


def test_a_marked_exam_takes_no_result(world: World, tmp_path: Path) -> None:
    """The recruiter has the last word."""
    far_end = Exams(world)
    world.change("feishu_hire", what="mark_exam", exam="1")
    with EXAMS.build(far_end.config(), services(tmp_path)) as target:
        (said,) = target.send([Operation("K", "R", "update", "result", far_end.good[0])])
    assert isinstance(said, Rejected)
    assert said.vendor_code == str(exams.MARKED)


def test_papers_are_sent_as_a_whole(world: World, tmp_path: Path) -> None:
    """The last list counts."""
    with EXAMS.build(Exams(world).config(), services(tmp_path)) as target:
        for names in (["a", "b"], ["b", "c"]):
            listed = {"paper_list": [{"id": name, "name": name.upper()} for name in names]}
            (said,) = target.send([Operation("K", "R", "create", "papers", listed)])
            assert isinstance(said, Confirmed)
    assert set(world.held("feishu_hire")["paper"]) == {"b", "c"}


def test_ashby_hears_times_that_grow(world: World, tmp_path: Path) -> None:
    """Two updates in one millisecond are told apart; one that is late is the vendor's to refuse."""
    far_end = Started(world)
    still = datetime.now(UTC)
    there = Services("orders", tmp_path, tmp_path, lambda: still)
    with ASHBY_RESULTS.build(far_end.config(), there) as target:
        for _ in range(3):
            (said,) = target.send([Operation("K", "R", "update", "result", far_end.good[0])])
            assert isinstance(said, Confirmed)
    earlier = Services("orders", tmp_path, tmp_path, lambda: still - timedelta(seconds=9))
    with ASHBY_RESULTS.build(far_end.config(), earlier) as target:
        (said,) = target.send([Operation("K", "R", "update", "result", far_end.changed)])
    assert isinstance(said, Rejected)


@pytest.mark.parametrize("name", ["", "1", None, "../x", 7])
def test_an_assessment_id_of_another_form_is_refused(name: Any, world: World, tmp_path: Path) -> None:
    """Before anything is sent."""
    with ASHBY_RESULTS.build(Started(world).config(), services(tmp_path)) as target:
        (said,) = target.send([Operation("K", "R", "create", "result", {"assessment_id": name})])
    assert isinstance(said, Rejected)
    assert world.calls("ashby") == []


def asked(n: int, **changed: Any) -> Any:
    """What Ashby's dialect makes of a start."""
    with ASHBY.build(ASHBY.config(api_key="x", partner_key=KEY), services(Path())) as built:
        name, value = basic(KEY)
        body = json.dumps(start(n) | changed).encode()
        return built.hear(
            Call({name.lower(): value}, body, datetime.now(UTC), "POST", "assessment.start", {})
        )


def test_ashby_orders_for_an_application_by_name() -> None:
    """The same type for the same application is the same order; without an application the address tells."""
    order = asked(1)
    assert order.document["references"] == {"applications": "1", "candidates": "c", "jobs": "j"}
    assert order.anew
    assert asked(1).key == order.key != asked(2).key
    assert asked(1, application=None).key.endswith("ada@example.com")
    for nobody in (
        {"application": {}, "candidate": {}},
        {"assessment_type_id": 7},
        {"candidate": {"email": ["x"]}},
    ):
        with pytest.raises(Rejected):
            asked(1, **nobody)
