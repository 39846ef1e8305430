"""What is special to Kingdee Cloud: signatures, message codes, bills that stop half-way, bulk deletes, lists of forms."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from conftest import World
from pydantic import ValidationError
from standing import Standing
from trivet_connectors.kingdee_cloud import CATALOGUE, DIRECTORY, FEEDBACK, TARGET, signature
from trivet_connectors.kingdee_cloud.codes import MEANING, refusal
from trivet_connectors.kingdee_cloud.config import KingdeeCloudConfig
from trivet_connectors.kingdee_cloud.forms import as_schema
from trivet_sandbox.kingdee_cloud import auth

from trivet.conformance.promises import PERSON, SECRET, error_is_clear
from trivet.conformance.source import Repeat, SourceSuite, ids, records
from trivet.contract import Services
from trivet.documents import Contracts
from trivet.errors import AuthFailed, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.mapping import Library
from trivet.model import Confirmed, Document, Operation, OperationKind

PLAN, WEIGHT = "PAEZ_TrainingPlan", "PAEZ_KPIWeight"
NAME = "kingdee_cloud"


def services(folder: Path) -> Services:
    """A deployment."""
    return Services(NAME, folder, folder, lambda: datetime.now(UTC))


def config(world: World, **changed: Any) -> KingdeeCloudConfig:
    """The stand-in's connection."""
    made = Standing(world, NAME, TARGET, PLAN, [], {}, None, "").config(
        **{"calls_per_second": 1000.0, **changed}
    )
    assert isinstance(made, KingdeeCloudConfig)
    return made


@pytest.fixture
def target(world: World, tmp_path: Path) -> Iterator[Any]:
    """The target at the stand-in."""
    with TARGET.build(config(world), services(tmp_path)) as built:
        yield built


def operation(
    i: int, kind: OperationKind = "create", document: Document | None = None, form: str = PLAN, **how: Any
) -> Operation:
    """The i-th operation."""
    reference = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[i] * 16
    said = {"FStaffNumber": "10000301", "FCourseNumber": f"C{i}", "FScore": 9.1, "FDueDate": "2027-02-21"}
    content = said if document is None and kind != "delete" else document or {}
    return Operation(f"{reference}-{kind[0].upper()}1", reference, kind, form, content, **how)


def bills(world: World, form: str = PLAN) -> dict[str, Any]:
    """What is there, by number."""
    return {row["FBillNo"]: row for row in world.held(NAME).get(form, [])}


def calls(world: World, service: str) -> int:
    """How often a service was called."""
    return len([call for call in world.calls(NAME) if f".{service}." in call["path"]])


def rule(world: World, service: str, *numbers: str) -> None:
    """A check, or a downstream bill, of the tenant."""
    world.change(NAME, what="rule", service=service, form=PLAN, numbers=list(numbers), says="下游单据已存在")


class TestSignatures:
    """Against vectors made by Kingdee's own SDK 8.2.0."""

    APP_ID = "288012_QaXyZ0kLmNoPqRsTuVwX1a2b3c4d5e6f"

    def test_the_client_secret_inside_an_app_id(self) -> None:
        """As the SDK frees it."""
        sdk = pytest.importorskip("k3cloud_webapi_sdk.util.encode_util")
        hidden = self.APP_ID.split("_")[1]
        assert signature.credentials(self.APP_ID) == ("288012", sdk.DecodeAppSecret(hidden))

    def test_every_header_is_the_sdks(self) -> None:
        """Gateway and application, for one moment and one path."""
        client = pytest.importorskip("k3cloud_webapi_sdk.main").K3CloudApiSdk("http://127.0.0.1/k3cloud")
        client.InitConfig("account", "user", self.APP_ID, "secret", "http://127.0.0.1/k3cloud", 2052, 100)
        path = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.Save.common.kdsvc"
        theirs = client.BuildHeader(f"http://127.0.0.1{path}")
        at, nonce = theirs["x-api-timestamp"], theirs["x-api-nonce"]
        ours = {
            **signature.gateway(self.APP_ID, path, nonce, at),
            **signature.application(self.APP_ID, "secret", "account,user,2052,100"),
        }
        assert ours == {name: theirs[name] for name in ours}
        assert {name for name in theirs if name.lower().startswith("x-")} == set(ours)

    @pytest.mark.parametrize("app_id", ["288012", "288012_short", "a_b_c", "288012_" + "!" * 32])
    def test_an_app_id_without_a_secret_has_none(self, app_id: str) -> None:
        """As of a server in the house, which asks for no gateway signature."""
        assert signature.credentials(app_id)[1] == ""

    def test_a_call_with_another_client_secret_is_refused(self, world: World, tmp_path: Path) -> None:
        """The gateway's signature is checked as well."""
        other = auth.APP_ID.replace("QaXy", "QbXy")
        wrong = config(world, auth="signature", app_id=other)
        with TARGET.build(wrong, services(tmp_path)) as target, pytest.raises(AuthFailed):
            target.check()

    def test_a_session_that_is_over_is_opened_anew(self, world: World, target: Any) -> None:
        """In the middle of the work."""
        target.check()
        world.change(NAME, what="expire")
        (said,) = target.send([operation(0)])
        assert isinstance(said, Confirmed)

    def test_a_lost_session_told_as_text_is_one_too(self, world: World, target: Any) -> None:
        """An old gateway answers plain text."""
        target.check()
        before = calls(world, "LoginBySign")
        world.misbehave(NAME, kind="answer", path="Query", body="response_error: 会话信息已丢失，请重新登录")
        target.check()
        assert calls(world, "LoginBySign") == before + 1


OUTCOMES = [
    (0, Rejected), (1, AuthFailed), (2, AuthFailed), (3, Rejected), (4, UnknownOutcome), (5, Rejected),
    (6, UnknownOutcome), (7, AuthFailed), (8, Rejected), (9, Rejected), (10, Rejected), (11, Rejected),
    (12, Rejected), (13, Retryable), (14, RateLimited), (15, AuthFailed), (16, UnknownOutcome),
    (None, UnknownOutcome),
]  # fmt: skip


class TestMessageCodes:
    """Each of 0 to 15, and what is none of them."""

    def answer(self, code: Any) -> str:
        """A refusal of the whole."""
        status = {
            "IsSuccess": False, "MsgCode": code, "SuccessEntitys": [], "ErrorCode": 500,
            "Errors": [{"FieldName": "FScore", "Message": "refused", "DIndex": 0}],
        }  # fmt: skip
        return json.dumps({"Result": {"ResponseStatus": status}})

    def test_the_table_is_complete(self) -> None:
        """No code of the SDK is left to chance."""
        assert set(MEANING) == set(range(16))

    @pytest.mark.parametrize(("code", "outcome"), OUTCOMES)
    def test_a_save_that_is_refused_with_it(
        self, code: Any, outcome: type, world: World, target: Any
    ) -> None:
        """As the outcome that the table says; the login is tried once more where the session is lost."""
        target.check()
        world.misbehave(NAME, kind="answer", path="BatchSave", times=2, body=self.answer(code))
        try:
            (said,) = target.send([operation(0)])
        except outcome as error:
            said = error
        assert type(said) is outcome
        assert said.vendor_code == f"MsgCode {code}" or isinstance(said, AuthFailed | RateLimited)
        assert PLAN not in world.held(NAME)

    @pytest.mark.parametrize(("code", "outcome"), OUTCOMES)
    def test_a_query_that_is_refused_with_it(
        self, code: Any, outcome: type, world: World, target: Any
    ) -> None:
        """The same, but nothing is in doubt about a read."""
        expected = Retryable if outcome is UnknownOutcome else outcome
        body = json.dumps([[json.loads(self.answer(code))]])
        target.wire.query(PLAN, ["FBillNo"], "")
        world.misbehave(NAME, kind="answer", path="ExecuteBillQuery", times=10, body=body)
        with pytest.raises(expected) as caught:
            target.check()
        assert type(caught.value) is expected

    def test_a_right_that_is_missing_names_its_cure(self) -> None:
        """One line for the operator."""
        error = refusal("Save X", 2, {"Message": "没有权限"})
        assert "permissions" in str(error.cure)

    @pytest.mark.parametrize("body", ["response_error:service not found", "response_error:"])
    def test_text_in_place_of_an_answer(self, body: str, world: World, target: Any) -> None:
        """Of a write it is unknown, of a read for later."""
        target.check()
        world.misbehave(NAME, kind="answer", path="BatchSave", body=body)
        with pytest.raises(UnknownOutcome) as unknown:
            target.send([operation(0)])
        world.misbehave(NAME, kind="answer", path="ExecuteBillQuery", times=10, body=body)
        with pytest.raises(Retryable) as later:
            target.check()
        assert unknown.value.vendor_code == later.value.vendor_code == "response_error"

    @pytest.mark.parametrize(
        "body",
        [
            "{}", "[]", "null", '{"Result": null}', '{"Result": {"ResponseStatus": "fine"}}',
            '{"Result": {"ResponseStatus": {"MsgCode": 0}}}',
        ],
    )  # fmt: skip
    def test_bad_input_an_answer_that_says_nothing(self, body: str, world: World, target: Any) -> None:
        """Status 200 is no success."""
        target.check()
        world.misbehave(NAME, kind="answer", path="BatchSave", body=body)
        with pytest.raises(UnknownOutcome):
            target.send([operation(0)])

    @pytest.mark.parametrize("status", [{}, {"Errors": [None, "x"], "SuccessEntitys": "x"}])
    def test_bad_input_an_answer_that_names_no_bill(self, status: Any, world: World, target: Any) -> None:
        """It says that all went well, and not what."""
        target.check()
        told = {"Result": {"ResponseStatus": {"IsSuccess": True, **status}}}
        world.misbehave(NAME, kind="answer", path="BatchSave", body=json.dumps(told))
        (said,) = target.send([operation(0)])
        assert isinstance(said, UnknownOutcome)


class TestDeletes:
    """Many bills in one call of each service."""

    def test_twenty_go_in_one_call(self, world: World, target: Any) -> None:
        """Opened and deleted together; what is not there is gone."""
        target.send([operation(i) for i in range(15)])
        outcomes = target.send([operation(i, "delete") for i in range(20)])
        assert all(isinstance(said, Confirmed) for said in outcomes)
        assert (calls(world, "UnAudit"), calls(world, "Delete")) == (1, 1)
        assert PLAN not in world.held(NAME)

    @pytest.mark.parametrize("service", ["UnAudit", "Delete"])
    def test_a_bill_that_others_need_stays_alone(self, service: str, world: World, target: Any) -> None:
        """A downstream bill: the others go, it is refused and audited as it was."""
        target.send([operation(i) for i in range(3)])
        before = bills(world)[operation(1).reference]
        rule(world, service, operation(1).reference)
        outcomes = target.send([operation(i, "delete") for i in range(3)])
        assert [type(said) for said in outcomes] == [Confirmed, Rejected, Confirmed]
        assert "下游单据" in outcomes[1].message
        assert bills(world) == {operation(1).reference: before}

    def test_a_bill_that_can_be_neither_deleted_nor_audited_again_is_unknown(
        self, world: World, target: Any
    ) -> None:
        """It is not as it was, so nobody may believe that nothing happened."""
        target.send([operation(0)])
        rule(world, "Delete", operation(0).reference)
        rule(world, "Audit", operation(0).reference)
        (said,) = target.send([operation(0, "delete")])
        assert isinstance(said, UnknownOutcome)
        assert operation(0).reference in target.find(PLAN, [operation(0, "delete")])

    @pytest.mark.parametrize("service", ["UnAudit", "Delete"])
    def test_a_lost_answer_is_unknown_and_a_second_try_finishes(
        self, service: str, world: World, target: Any
    ) -> None:
        """Half-way out a bill is open: it still counts as there, for whoever takes it back."""
        target.send([operation(0)])
        world.misbehave(
            NAME, kind="reset_before" if service == "Delete" else "reset_after", path=f"\\.{service}\\."
        )
        try:
            (said,) = target.send([operation(0, "delete")])
        except UnknownOutcome as error:
            said = error
        assert isinstance(said, UnknownOutcome)
        for kind in ("create", "delete"):
            assert target.find(PLAN, [operation(0, kind)])[operation(0).reference]
        (again,) = target.send([operation(0, "delete")])
        assert isinstance(again, Confirmed)
        assert PLAN not in world.held(NAME)


class TestHalfWay:
    """Saved is not audited, and audited is not open."""

    @pytest.mark.parametrize("service", ["Submit", "Audit"])
    def test_a_bill_that_stopped_is_finished_by_sending_it_again(
        self, service: str, world: World, target: Any
    ) -> None:
        """The answer was lost: unknown, not found, and the second time it gets through."""
        for kind in ("reset_before", "reset_after"):
            world.misbehave(NAME, kind=kind, path=f"\\.{service}\\.")
            (said,) = target.send([operation(0)])
            assert isinstance(said, UnknownOutcome)
            if (service, kind) == ("Audit", "reset_after"):
                continue  # it was audited, only nobody heard
            assert not target.find(PLAN, [operation(0)])
        (said,) = target.send([operation(0)])
        assert isinstance(said, Confirmed)
        (found,) = target.find(PLAN, [operation(0)])[operation(0).reference]
        assert (found.version, found.document) == ("C", operation(0).document)
        assert len(bills(world)) == 1

    @pytest.mark.parametrize("service", ["Submit", "Audit"])
    def test_a_new_bill_that_may_not_be_audited_is_taken_away(
        self, service: str, world: World, target: Any
    ) -> None:
        """Refused in the tenant's words, and nothing of it stays; the others get through."""
        rule(world, service, operation(1).reference)
        outcomes = target.send([operation(i) for i in range(3)])
        assert [type(said) for said in outcomes] == [Confirmed, Rejected, Confirmed]
        assert set(bills(world)) == {operation(0).reference, operation(2).reference}

    def test_one_that_cannot_be_taken_away_is_unknown(self, world: World, target: Any) -> None:
        """It is there and not audited."""
        rule(world, "Audit", operation(0).reference)
        rule(world, "Delete", operation(0).reference)
        (said,) = target.send([operation(0)])
        assert isinstance(said, UnknownOutcome)

    def test_a_refused_change_leaves_the_bill_as_it_was(self, world: World, target: Any) -> None:
        """Opened for it, and audited again with its old content."""
        target.send([operation(0), operation(1)])
        before = bills(world)
        wrong = operation(0, "update", {"FStaffNumber": "nobody", "FCourseNumber": "C0"})
        right = operation(1, "update", {**operation(1).document, "FScore": 5})
        outcomes = target.send([wrong, right])
        assert [type(said) for said in outcomes] == [Rejected, Confirmed]
        after = bills(world)
        assert after[wrong.reference] == before[wrong.reference]
        assert after[right.reference]["FScore"] == 5.0

    def test_a_change_of_a_bill_that_stays_closed_is_refused(self, world: World, target: Any) -> None:
        """A downstream bill; the others change."""
        target.send([operation(0), operation(1)])
        rule(world, "UnAudit", operation(0).reference)
        changes = [operation(i, "update", {**operation(i).document, "FScore": 5}) for i in range(2)]
        assert [type(said) for said in target.send(changes)] == [Rejected, Confirmed]
        assert [bills(world)[o.reference]["FScore"] for o in changes] == [9.1, 5.0]

    def test_a_conflict_after_opening_leaves_the_bill_as_it_was(self, world: World, target: Any) -> None:
        """Network control refuses the save: nothing was done in the end, and later is another try."""
        target.send([operation(0)])
        before = bills(world)
        conflict = TestMessageCodes().answer(13)
        world.misbehave(NAME, kind="answer", path="BatchSave", body=conflict)
        (said,) = target.send([operation(0, "update", {**operation(0).document, "FScore": 5})])
        assert type(said) is Retryable
        assert bills(world) == before


class TestRepeats:
    """ValidateRepeatJson, where the connection asks for it."""

    def test_a_packet_that_was_seen_is_not_taken_twice(self, world: World, tmp_path: Path) -> None:
        """Its outcome is open: it was taken before, and asking tells what became of it."""
        with TARGET.build(config(world, reject_repeats=True), services(tmp_path)) as target:
            world.misbehave(NAME, kind="reset_after", path="BatchSave")
            with pytest.raises(UnknownOutcome):
                target.send([operation(0)])
            world.change(NAME, form=PLAN, delete=True)
            with pytest.raises(UnknownOutcome) as caught:
                target.send([operation(0)])
            assert "重复" in caught.value.message
            assert PLAN not in world.held(NAME)

    def test_without_the_setting_it_is(self, world: World, target: Any) -> None:
        """As the vendor does by default."""
        target.send([operation(0)])
        world.change(NAME, form=PLAN, delete=True)
        (said,) = target.send([operation(0)])
        assert isinstance(said, Confirmed)


class TestForms:
    """What QueryBusinessInfo tells."""

    def test_types_lengths_and_what_must_be(self, target: Any) -> None:
        """As JSON Schema; base data is the number that is sent, the bill number our own."""
        described = target.describe()[WEIGHT]
        assert described["properties"]["FWeight"] == {"type": "number"}
        assert described["properties"]["FIndicator"] == {"type": "string", "maxLength": 100}
        assert described["properties"]["FStaffNumber"] == {"type": "string"}
        assert described["properties"]["FDocumentStatus"]["readOnly"]
        assert described["required"] == ["FStaffNumber", "FPeriod", "FIndicator", "FWeight"]
        assert not {"FBillNo", "FEntryNote"} & set(described["properties"])

    def test_what_is_stored_is_what_the_account_says(self, world: World, target: Any) -> None:
        """The check of mappings judges by it."""
        for form, schema in target.describe().items():
            stored = world.home / "mappings" / "targets" / NAME / f"{form}.schema.json"
            assert json.loads(stored.read_text(encoding="utf-8")) == schema

    def test_a_form_that_is_not_told_of_is_left_out(self, world: World, tmp_path: Path) -> None:
        """It does not hold the night; nothing is known of it, that is all."""
        forms = {PLAN: {}, "PAEZ_Unknown": {}}
        with TARGET.build(config(world, forms=forms), services(tmp_path)) as target:
            assert set(target.describe()) == {PLAN}

    @pytest.mark.parametrize(
        "told", [{}, {"Entrys": None}, {"Entrys": [None, {"Key": "FBillHead", "Fields": None}]}]
    )
    def test_bad_input_a_form_without_fields(self, told: Any) -> None:
        """Nothing is known of it."""
        assert as_schema("X", told, ())["properties"] == {}

    def test_a_form_that_is_not_configured(self, target: Any) -> None:
        """Refused with the setting that names it."""
        with pytest.raises(Rejected) as caught:
            target.send([operation(0, form="PAEZ_Other")])
        assert "forms" in str(caught.value.cure)


class TestWeights:
    """Bills of one person and period."""

    def test_a_plan_is_read_and_a_bill_of_the_house_changed_in_its_weight_alone(
        self, world: World, target: Any
    ) -> None:
        """It is known by its id, stays audited and keeps its number."""
        theirs = {
            "FID": 700001, "FBillNo": "KPIQZ0001", "FStaffNumber": "10000301", "FPeriod": "2026Q4",
            "FIndicator": "销售额", "FWeight": 60.0, "FDocumentStatus": "C",
        }  # fmt: skip
        world.change(NAME, form=WEIGHT, insert=theirs)
        world.change(NAME, form=WEIGHT, insert={**theirs, "FID": 700002, "FBillNo": "X", "FPeriod": "2026Q3"})
        said = {"FStaffNumber": "10000301", "FPeriod": "2026Q4", "FIndicator": "团队协作", "FWeight": 20}
        ours = operation(0, document=said, form=WEIGHT)
        target.send([ours])
        plan = target.plans([ours])[ours.reference]
        shares = {share.remote_id: (share.weight, share.reference) for share in plan.shares}
        assert plan.field == "FWeight"
        assert shares["700001"] == (60.0, None)
        assert sorted(shares.values(), key=str) == [(20.0, ours.reference), (60.0, None)]
        change = operation(1, "update", {"FWeight": 50.0}, WEIGHT, remote_id="700001", adopted=True)
        (done,) = target.send([change])
        assert isinstance(done, Confirmed)
        (found,) = target.find(WEIGHT, [change])[change.reference]
        assert (found.remote_id, found.document) == ("700001", {"FWeight": 50.0})
        assert bills(world, WEIGHT)["KPIQZ0001"] == {
            **{name: value for name, value in theirs.items() if name != "FID"}, "FWeight": 50.0,
        }  # fmt: skip

    def test_a_bill_that_is_gone_is_not_made_anew(self, world: World, target: Any) -> None:
        """Somebody deleted it."""
        change = operation(1, "update", {"FWeight": 50.0}, WEIGHT, remote_id="700001", adopted=True)
        (said,) = target.send([change])
        assert isinstance(said, Rejected)
        assert WEIGHT not in world.held(NAME)

    def test_bad_input_a_weight_without_its_plan(self, world: World) -> None:
        """Nobody would know what makes 100."""
        with pytest.raises(ValidationError, match="plan"):
            config(world, forms={WEIGHT: {"weight": "FWeight"}})


class Reading:
    """The stand-in as the far end of what is read."""

    forms: ClassVar[Mapping[str, tuple[str, str]]] = {
        "employees": ("BD_Empinfo", "FName"),
        "courses": ("PAEZ_Course", "FName"),
        "organisations": ("BD_Department", "FName"),
        "completions": ("PAEZ_TrainingResult", "FCourseName"),
        "performance_results": ("PAEZ_KPIResult", "FIndicator"),
    }

    def __init__(self, world: World) -> None:
        self.world, self.store = world, world.sandbox[NAME].store

    def config(self, **changed: Any) -> Any:
        return config(self.world, **{"page_size": 1, **changed})

    def wrong_secret(self) -> Any:
        return self.config(app_secret=SECRET)

    def nobody_home(self) -> Any:
        address = Standing(self.world, NAME, TARGET, PLAN, [], {}, None, "").nobody_home()
        return self.config(base_url=address.base_url)

    def held(self, stream: str) -> set[str]:
        return {row.get("FBillNo") or row["FNumber"] for _, row in self.store.all(self.forms[stream][0])}

    def delete(self, stream: str, external_id: str) -> None:
        form = self.forms[stream][0]
        for key, row in self.store.all(form):
            if external_id in (row.get("FBillNo"), row.get("FNumber")):
                self.store.delete(form, key)

    def change(self, stream: str, external_id: str) -> str:
        """By the hands of a clerk, stamped with the server's time."""
        form, field = self.forms[stream]
        word = f"changed-{time.monotonic_ns()}"
        (key, row) = next(
            (key, row)
            for key, row in self.store.all(form)
            if external_id in (row.get("FBillNo"), row.get("FNumber"))
        )
        at = datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None).isoformat(timespec="milliseconds")
        self.store.put(form, key, row | {field: word, "FModifyDate": at})
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:  # noqa: ARG002
        self.world.misbehave(NAME, kind=kind, method="POST", path="ExecuteBillQuery", **how)


ROWS: Mapping[str, Any] = {
    "a row is null": [None],
    "a row is a text": [PERSON],
    "a row is too short": [[PERSON]],
    "a row is an object": [{"name": PERSON}],
}
MALFORMED = {name: json.dumps(rows) for name, rows in ROWS.items()}


class Lists(SourceSuite):
    """What holds for every list."""

    __test__ = False

    @pytest.fixture
    def far_end(self, world: World) -> Reading:
        """The stand-in."""
        return Reading(world)

    @pytest.mark.xfail(reason="the vendor says that there were too many calls, and not how long to wait")
    @pytest.mark.parametrize("page", [1, 2])
    def test_a_pause_is_rate_limited_for_as_long_as_asked(
        self, page: int, stream: str, far_end: Any, tmp_path: Path
    ) -> None:
        """See `SourceSuite`."""
        super().test_a_pause_is_rate_limited_for_as_long_as_asked(page, stream, far_end, tmp_path)

    @pytest.mark.parametrize("page", [1, 2])
    def test_too_many_calls_are_rate_limited(
        self, page: int, stream: str, far_end: Reading, tmp_path: Path
    ) -> None:
        """For a minute of ours, and the pull never ends as if it were whole."""
        read = []
        with self.source(far_end.config(), tmp_path) as source:
            far_end.misbehave(stream, "http_429", after=page - 1)
            with pytest.raises(RateLimited) as caught:
                read.extend(source.pages(stream, None))
        error_is_clear(caught.value, NAME)
        assert caught.value.retry_after == 60


class TestDirectory(Lists):
    """Staff, by time of change."""

    __test__ = True
    connector = DIRECTORY
    repeats: ClassVar[Mapping[str, Repeat]] = {"employees": "edge"}
    malformed: ClassVar = {"employees": MALFORMED}

    def test_many_changes_of_one_moment_are_all_read(self, far_end: Reading, tmp_path: Path) -> None:
        """More than fit on a page: what was read of that moment is passed over."""
        for key, row in far_end.store.all("BD_Empinfo"):
            far_end.store.put("BD_Empinfo", key, row | {"FModifyDate": "2026-11-01T00:00:00.000"})
        found = ids(self.pulled(far_end, "employees", tmp_path))
        assert sorted(found) == sorted(far_end.held("employees"))

    def test_the_cursor_is_a_minute_behind_in_the_servers_own_time(
        self, far_end: Reading, tmp_path: Path
    ) -> None:
        """Whatever zone we live in."""
        far_end.change("employees", "10000301")
        (*_, last) = self.pulled(far_end, "employees", tmp_path)
        at = datetime.fromisoformat(json.loads(last.cursor)["from"])
        behind = datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None) - at
        assert timedelta(seconds=59) < behind < timedelta(minutes=3)


class TestCatalogue(Lists):
    """Codes, read whole."""

    __test__ = True
    connector = CATALOGUE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(CATALOGUE.streams, "window")
    malformed: ClassVar = dict.fromkeys(CATALOGUE.streams, MALFORMED)

    def test_the_cursor_is_empty(self, far_end: Reading, tmp_path: Path) -> None:
        """So that the hub knows a list that was read whole."""
        for stream in self.connector.streams:
            assert {page.cursor for page in self.pulled(far_end, stream, tmp_path)} == {""}

    def test_a_code_that_goes_while_others_are_read_hides_none(
        self, far_end: Reading, tmp_path: Path
    ) -> None:
        """The others move up by one, and the list is read again from its beginning."""
        with self.source(far_end.config(), tmp_path) as source:
            found = []
            for page in source.pages("courses", None):
                found += [record.external_id for record in page.records]
                if len(found) == 2:
                    far_end.store.delete("PAEZ_Course", found[0])
        assert far_end.held("courses") <= set(found)
        assert len(found) == len(set(found))


class TestFeedback(Lists):
    """Results, by time of change."""

    __test__ = True
    connector = FEEDBACK
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(FEEDBACK.streams, "edge")
    malformed: ClassVar = dict.fromkeys(FEEDBACK.streams, MALFORMED)

    def test_a_result_that_is_not_audited_is_not_told(self, far_end: Reading, tmp_path: Path) -> None:
        """It is a draft."""
        far_end.world.change(
            NAME, form="PAEZ_KPIResult", where={"FBillNo": "KPI0001"}, set={"FDocumentStatus": "B"}
        )
        assert "KPI0001" not in ids(self.pulled(far_end, "performance_results", tmp_path))


@pytest.mark.parametrize(
    ("declared", "stream", "mapping"),
    [
        (DIRECTORY, "employees", "employee"),
        (CATALOGUE, "courses", "course"),
        (CATALOGUE, "organisations", "organisation"),
        (FEEDBACK, "completions", "training_completion"),
        (FEEDBACK, "performance_results", "performance_result"),
    ],
)
def test_every_row_becomes_a_document(
    declared: Any, stream: str, mapping: str, world: World, tmp_path: Path
) -> None:
    """The mappings beside the connector take what the account tells, without a problem."""
    library = Library(world.home, Contracts.packaged())
    with declared.build(Reading(world).config(), services(tmp_path)) as source:
        found = records(list(source.pages(stream, None)))
    assert found
    for record in found:
        mapped = library.mapping(f"{NAME}/{mapping}").apply(
            record.document, variables={"system": NAME}, now=datetime.now(UTC)
        )
        assert not mapped.problems
        assert len(mapped.documents) == 1


def test_bad_input_a_zone_that_is_none(world: World) -> None:
    """Times of change would be read wrongly."""
    with pytest.raises(ValidationError, match="time zone"):
        config(world, zone="China/Shanghai")
