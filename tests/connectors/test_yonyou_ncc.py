"""Yonyou NCC: signatures and secrets as Java makes them, five levels of bodies, documents one by one, lists read whole."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import World
from pydantic import ValidationError
from standing import NAME as WORDS
from standing import Standing
from trivet_connectors.yonyou_ncc import CATALOGUE, DIRECTORY, FEEDBACK, TARGET, secrecy
from trivet_connectors.yonyou_ncc.config import NccConfig
from trivet_sandbox.yonyou_ncc.auth import public_key
from trivet_sandbox.yonyou_ncc.seed import now

from trivet.conformance.promises import PERSON, SECRET
from trivet.conformance.source import Repeat, SourceSuite, records
from trivet.conformance.target import TargetSuite
from trivet.contract import Services
from trivet.documents import Contracts
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.mapping import Library
from trivet.model import Confirmed, Document, Operation, OperationKind

NAME, PLAN = "yonyou_ncc", "trainplan"
PEOPLE = ("10000301", "10000302", "10000303")
TOKEN = "accesstoken"  # noqa: S105


def services(folder: Path) -> Services:
    """A deployment."""
    return Services(NAME, folder, folder, lambda: datetime.now(UTC))


def config(world: World, **changed: Any) -> NccConfig:
    """The stand-in's connection."""
    made = Standing(world, NAME, TARGET, PLAN, [], {}, None, "").config(
        **{"calls_per_second": 1000.0, **changed}
    )
    assert isinstance(made, NccConfig)
    return made


@pytest.fixture
def target(world: World, tmp_path: Path) -> Iterator[Any]:
    """The target at the stand-in."""
    with TARGET.build(config(world), services(tmp_path)) as built:
        yield built


def operation(
    i: int, kind: OperationKind = "create", document: Document | None = None, entity: str = PLAN
) -> Operation:
    """The i-th operation."""
    reference = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[i] * 16
    said = {"psncode": "10000301", "coursecode": f"C{i}", "score": 9.1, "duedate": "2027-02-21"}
    content = said if document is None and kind != "delete" else document or {}
    return Operation(f"{reference}-{kind[0].upper()}1", reference, kind, entity, content)


def plans(world: World) -> dict[str, Any]:
    """What is there, by our reference."""
    return {row["def20"]: row for row in world.held(NAME).get(PLAN, [])}


def calls(world: World, part: str) -> int:
    """How many calls went there."""
    return sum(part in call["path"] for call in world.calls(NAME))


class Documents(TargetSuite):
    """One document a call."""

    __test__ = False
    connector = TARGET
    level = "L0"

    @pytest.fixture(params=[PLAN, "kpiweight"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Standing:
        """The OpenAPI stand-in."""
        world.change(NAME, what="level", level=self.level)
        good: list[Document]
        if request.param == PLAN:
            good = [
                {"psncode": p, "coursecode": "C1", "coursename": WORDS, "score": 9.1, "duedate": "2027-02-21"}
                for p in PEOPLE
            ]
            changed = {**good[0], "score": 9.4}
        else:
            good = [{"psncode": p, "period": "2026Q4", "indicator": WORDS, "weight": 20.0} for p in PEOPLE]
            changed = {**good[0], "weight": 25.0}
        bad = {**good[1], "psncode": "nobody"}
        return Standing(world, NAME, TARGET, request.param, good, changed, bad, "save")


class TestPlain(Documents):
    """Bodies as they are."""

    __test__ = True


class TestEncrypted(Documents):
    """Bodies packed, then encrypted."""

    __test__ = True
    level = "L3"


class TestSecrecy:
    """What Java's own classes give for the same (made with a JDK: SHA1PRNG, AES/CTR/NoPadding, GZIPOutputStream)."""

    key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    body = '{"a":"测评"}'

    def test_a_salted_signature(self) -> None:
        """Since 2021.05."""
        text = "trivet" + self.body + "MIIBkey"
        right = "24aea4a1e149370e8ea80e568358ef3b03916f0e58b9cabbedf3af59cf5b090a"
        assert secrecy.sign(text, "MIIBkey", "2021.05") == right
        assert secrecy.sign(text, "MIIBkey", "older") != right

    def test_an_encrypted_body(self) -> None:
        """Counter mode, the counter's start are the key's first characters."""
        assert secrecy.wrap(self.body, "L1", self.key) == "hsQBqoXHbeXrhSqttvA="

    @pytest.mark.parametrize("level", secrecy.LEVELS)
    def test_what_is_wrapped_is_unwrapped(self, level: secrecy.Level) -> None:
        """Rare characters too."""
        text = json.dumps({"name": WORDS * 50}, ensure_ascii=False)
        wrapped = secrecy.wrap(text, level, self.key)
        assert secrecy.unwrap(wrapped, level, self.key) == text
        assert (wrapped == text) == (level == "L0")

    @pytest.mark.parametrize("level", ["L2", "L3", "L4"])
    def test_bad_input_a_body_that_is_cut_is_an_error(self, level: secrecy.Level) -> None:
        """Never a part of it."""
        wrapped = secrecy.wrap(json.dumps({"name": "x" * 500}), level, self.key)
        with pytest.raises(ValueError, match=r".+"):
            secrecy.unwrap(wrapped[: len(wrapped) // 2 // 4 * 4], level, self.key)

    def test_bad_input_a_small_body_that_unpacks_to_gigabytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Is given up at the cap of an answer."""
        monkeypatch.setattr(secrecy, "MAX_BODY", 1000)
        with pytest.raises(ValueError, match="larger"):
            secrecy.unwrap(secrecy.wrap("0" * 100_000, "L2", ""), "L2", "")

    @pytest.mark.parametrize(
        "text",
        [
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
            '"{}"',
            "{}\\n",
            " {} ",
        ],
    )
    def test_a_key_as_it_is_pasted(self, text: str, world: World) -> None:
        """From a page, a file, a program."""
        folded = " ".join(public_key()[i : i + 76] for i in range(0, 392, 76))
        assert config(world, public_key=text.replace("{}", folded)).public_key == public_key()

    @pytest.mark.parametrize("text", ["", "MIIBkey", "not base64!", public_key()[:-20]])
    def test_bad_input_a_key_that_is_none(self, text: str, world: World) -> None:
        """With the cure."""
        with pytest.raises(ValidationError, match="copy the whole"):
            config(world, public_key=text)


class TestToken:
    """The application's login."""

    @pytest.mark.parametrize("level", secrecy.LEVELS)
    def test_the_level_comes_with_the_token(self, level: str, world: World, target: Any) -> None:
        """And in the middle of the work a new key: the body is encrypted anew and the document made once."""
        world.change(NAME, what="level", level=level)
        target.check()
        world.change(NAME, what="expire")
        (said,) = target.send([operation(0)])
        assert isinstance(said, Confirmed)
        assert len(plans(world)) == 1
        assert target.find(PLAN, [operation(0)])[operation(0).reference][0].document == operation(0).document

    @pytest.mark.parametrize("level", ["L0", "L2"])
    def test_a_release_before_2021_05(self, level: str, world: World, tmp_path: Path) -> None:
        """Without salt, the secret encrypted in the older way."""
        world.change(NAME, what="release", older=True)
        world.change(NAME, what="level", level=level)
        with TARGET.build(config(world, release="older"), services(tmp_path)) as target:
            assert isinstance(target.send([operation(0)])[0], Confirmed)
        with TARGET.build(config(world), services(tmp_path)) as target, pytest.raises(AuthFailed) as caught:
            target.check()
        assert "release" in str(caught.value.cure)

    @pytest.mark.parametrize("level", ["L1", "L3", "L4"])
    def test_an_older_release_with_encrypted_bodies_is_refused(
        self, level: str, world: World, tmp_path: Path
    ) -> None:
        """How is not published: with what to do instead."""
        world.change(NAME, what="release", older=True)
        world.change(NAME, what="level", level=level)
        with (
            TARGET.build(config(world, release="older"), services(tmp_path)) as target,
            pytest.raises(AuthFailed) as caught,
        ):
            target.check()
        assert "L0 or L2" in str(caught.value.cure)

    def test_a_token_that_ends_soon_is_not_used(self, world: World, tmp_path: Path) -> None:
        """Whatever words the server has for its end."""
        late = timedelta()
        there = Services(NAME, tmp_path, tmp_path, lambda: datetime.now(UTC) + late)
        with TARGET.build(config(world), there) as target:
            target.check()
            assert calls(world, TOKEN) == 1
            late = timedelta(seconds=3600 - 300 - 30)
            target.check()
            assert calls(world, TOKEN) == 1
            late = timedelta(seconds=3600 - 300 + 1)
            target.check()
        assert calls(world, TOKEN) == 2

    @pytest.mark.parametrize("wrong", [{"biz_center": "other"}, {"client_id": "nobody"}])
    def test_a_wrong_application(self, wrong: dict[str, str], world: World, tmp_path: Path) -> None:
        """AuthFailed."""
        with TARGET.build(config(world, **wrong), services(tmp_path)) as target, pytest.raises(AuthFailed):
            target.check()


def code(number: object, **more: Any) -> str:
    """A refusal."""
    return json.dumps({"success": False, "data": None, "code": number, "message": "说明", **more})


CODES: list[tuple[str, type[ConnectorError]]] = [
    *((code(f"10000000{n}"), Rejected) for n in ("01", "02", "07")),
    *((code(f"10000000{n}"), Retryable) for n in ("05", "06")),
    *((code(f"10000000{n}"), AuthFailed) for n in ("08", "12", "13")),
    *((code(f"10000000{n}"), UnknownOutcome) for n in ("03", "04", "09", "10", "11", "99")),
    (code(None), UnknownOutcome), (code(1000000000), UnknownOutcome), ("[]", UnknownOutcome), ("1", UnknownOutcome),
    (json.dumps({"success": "true"}), UnknownOutcome),
    (code("1000000010", message="第三方应用【trivet】没有【/x】的权限"), Rejected),
    (code("1000000010", message="The access_token has expired"), AuthFailed),
    (code("1000000001", message="重复请求 busi_id:1"), UnknownOutcome),
]  # fmt: skip


class TestCodes:
    """Status 200 whatever happened."""

    @pytest.mark.parametrize("level", ["L0", "L4"])
    @pytest.mark.parametrize(("body", "kind"), CODES)
    def test_of_a_write(
        self, body: str, kind: type[ConnectorError], level: str, world: World, target: Any
    ) -> None:
        """What we do not know may have been done; a refusal before the application is in plain text."""
        if level == "L4" and not body.startswith("{"):
            return
        world.change(NAME, what="level", level=level)
        target.check()
        world.misbehave(NAME, kind="answer", path="save", body=body, times=2)
        try:
            (said,) = target.send([operation(0)])
        except ConnectorError as error:
            said = error
        assert type(said) is kind

    @pytest.mark.parametrize(("body", "kind"), [(b, k) for b, k in CODES if k is UnknownOutcome][:8])
    def test_of_a_read(self, body: str, kind: object, world: World, target: Any) -> None:  # noqa: ARG002
        """Nothing is in doubt."""
        target.check()
        world.misbehave(NAME, kind="answer", path="query", body=body, times=3)
        with pytest.raises(Retryable):
            target.find(PLAN, [operation(0)])

    @pytest.mark.parametrize(
        "data", [None, [], {"ufinterface": None}, {"ufinterface": {"successful": "Y", "sendresult": []}}]
    )
    def test_bad_input_a_success_that_names_nothing(self, data: Any, world: World, target: Any) -> None:
        """The document's outcome is open."""
        world.misbehave(NAME, kind="answer", path="save", body=json.dumps({"success": True, "data": data}))
        assert [type(said) for said in target.send([operation(0)])] == [UnknownOutcome]

    def test_a_success_around_a_refusal_is_a_refusal(self, world: World, target: Any) -> None:
        """`success` speaks for the call, `successful` for the document."""
        entry = {"resultcode": "-32000", "resultdescription": "coursecode 不存在"}
        told = {"success": True, "data": {"ufinterface": {"successful": "N", "sendresult": [entry]}}}
        world.misbehave(NAME, kind="answer", path="save", body=json.dumps(told))
        (said,) = target.send([operation(0)])
        assert (type(said), said.vendor_code, said.field) == (Rejected, "-32000", "coursecode")

    def test_an_api_that_is_not_linked_is_told_with_the_cure(self, world: World, target: Any) -> None:
        """The commonest mistake of a new application."""
        world.change(NAME, what="unlink", path="/nccloud/api/hrtrn/trainplan/save")
        (said,) = target.send([operation(0)])
        assert isinstance(said, Rejected)
        assert "关联API" in str(said.cure)


class TestDocuments:
    """Documents of the customer's own."""

    def test_a_repeat_is_what_became_of_the_first(self, world: World, target: Any) -> None:
        """`busi_id`: an answer was lost, the same operation came again and is asked for."""
        world.misbehave(NAME, kind="reset_after", path="save")
        with pytest.raises(UnknownOutcome):
            target.send([operation(0)])
        (said,) = target.send([operation(0)])
        (found,) = target.find(PLAN, [operation(0)])[operation(0).reference]
        assert said == Confirmed(found.remote_id)
        assert len(plans(world)) == 1

    def test_a_repeat_of_what_is_not_there_is_neither_done_nor_refused(
        self, world: World, target: Any
    ) -> None:
        """The first may still be on its way."""
        target.send([operation(0)])
        world.change(NAME, kind=PLAN, where={"def20": operation(0).reference}, delete=True)
        with pytest.raises(UnknownOutcome):
            target.send([operation(0)])

    def test_another_create_under_our_reference_is_refused(self, target: Any) -> None:
        """Under another key, as another hub would send it."""
        target.send([operation(0)])
        again = operation(0)
        (said,) = target.send([Operation("OTHER-C1", again.reference, "create", PLAN, again.document)])
        assert isinstance(said, Rejected)

    def test_an_update_of_what_is_gone_is_refused(self, world: World, target: Any) -> None:
        """It would make a new document."""
        target.send([operation(0)])
        world.change(NAME, kind=PLAN, where={"def20": operation(0).reference}, delete=True)
        (gone,) = target.send([operation(0, "update", {**operation(0).document, "score": 5})])
        assert (type(gone), gone.vendor_code) == (Rejected, "GONE")
        assert plans(world) == {}

    def test_what_may_not_be_deleted_stays_and_is_told(self, world: World, target: Any) -> None:
        """In the vendor's words."""
        target.send([operation(0)])
        world.change(NAME, what="rule", references=[operation(0).reference], says="下游单据已存在")
        with pytest.raises(Rejected, match="下游单据已存在"):
            target.send([operation(0, "delete")])
        assert set(plans(world)) == {operation(0).reference}

    def test_a_search_of_many_pages_is_read_to_its_end(self, world: World, tmp_path: Path) -> None:
        """However few rows a page has."""
        with TARGET.build(config(world, page_size=2), services(tmp_path)) as target:
            wanted = [operation(i) for i in range(6)]
            for one in wanted:
                target.send([one])
            assert len(target.find(PLAN, wanted)) == 6

    def test_bad_input_a_server_that_knows_one_page_only(self, world: World, tmp_path: Path) -> None:
        """Is not asked for ever."""
        row = {"pk_trainplan": "1", "def20": operation(0).reference}
        body = json.dumps({"success": True, "data": [row, {**row, "pk_trainplan": "2"}]})
        with TARGET.build(config(world, page_size=2), services(tmp_path)) as target:
            world.misbehave(NAME, kind="answer", path="query", body=body, times=9)
            found = target.find(PLAN, [operation(0)])
        assert [one.remote_id for one in found[operation(0).reference]] == ["1", "2"]

    def test_numbers_and_days_come_back_as_they_were_sent(self, target: Any) -> None:
        """The server tells them as text with eight decimals and with a time of day."""
        target.send([operation(0)])
        (found,) = target.find(PLAN, [operation(0)])[operation(0).reference]
        assert found.document == operation(0).document

    @pytest.mark.parametrize("level", ["L0", "L3"])
    def test_bad_input_half_a_character_travels_as_an_escape(
        self, level: str, world: World, target: Any
    ) -> None:
        """It is signed as it is sent; the server refuses it, and nothing breaks on the way."""
        world.change(NAME, what="level", level=level)
        half = {**operation(0).document, "coursename": "half \ud83d"}
        (said,) = target.send([operation(0, document=half)])
        assert (type(said), said.vendor_code) == (Rejected, "1000000002")

    def test_a_document_that_is_not_configured(self, target: Any) -> None:
        """Refused with the setting that names it."""
        with pytest.raises(Rejected) as caught:
            target.send([operation(0, entity="other")])
        assert "documents" in str(caught.value.cure)

    @pytest.mark.parametrize("path", ["nccloud/api/x", "//nccloud/api/x", "/nccloud/api/x?y=1", "/other/x"])
    def test_bad_input_a_path_that_is_none(self, path: str, world: World) -> None:
        """Nothing is sent anywhere else."""
        with pytest.raises(ValidationError, match="path"):
            config(world, lists={"courses": {"path": path}})


class Reading:
    """The stand-in as the far end of what is read."""

    kinds: ClassVar[Mapping[str, tuple[str, str, str]]] = {
        "employees": ("psndoc", "name", "querypsndoc"),
        "courses": ("course", "name", "course/query"),
        "completions": ("trainresult", "coursename", "trainresult/query"),
    }

    def __init__(self, world: World) -> None:
        self.world, self.store = world, world.sandbox[NAME].store

    def config(self, **changed: Any) -> Any:
        return config(self.world, **{"page_size": 1, **changed})

    def wrong_secret(self) -> Any:
        return self.config(client_secret=SECRET)

    def nobody_home(self) -> Any:
        address = Standing(self.world, NAME, TARGET, PLAN, [], {}, None, "").nobody_home()
        return self.config(base_url=address.base_url)

    def held(self, stream: str) -> set[str]:
        return {str(row["code"]) for _, row in self.store.all(self.kinds[stream][0])}

    def delete(self, stream: str, external_id: str) -> None:
        kind = self.kinds[stream][0]
        for key, row in self.store.all(kind):
            if row["code"] == external_id:
                self.store.delete(kind, key)

    def change(self, stream: str, external_id: str) -> str:
        """By the hands of a clerk, stamped with the server's time."""
        kind, field, _ = self.kinds[stream]
        word = f"changed-{time.monotonic_ns()}"
        (key, row) = next((k, r) for k, r in self.store.all(kind) if r["code"] == external_id)
        self.store.put(kind, key, row | {field: word, "ts": now()})
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, method="POST", path=self.kinds[stream][2], **how)


def page(rows: Any) -> str:
    """An answer with these rows."""
    return json.dumps({"success": True, "code": "1000000000", "data": rows})


MALFORMED = {
    "a row is null": page([None]),
    "a row is a text": page([PERSON]),
    "a row lacks its number": page([{"name": PERSON}]),
    "no rows at all": page(None),
    "data is an object": page({"name": PERSON}),
}


class Lists(SourceSuite):
    """What holds for every list."""

    __test__ = False

    @pytest.fixture
    def far_end(self, world: World) -> Reading:
        """The stand-in."""
        return Reading(world)


class TestDirectory(Lists):
    """Staff."""

    __test__ = True
    connector = DIRECTORY
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(DIRECTORY.streams, "window")
    malformed: ClassVar = dict.fromkeys(DIRECTORY.streams, MALFORMED)


class TestCatalogue(Lists):
    """Codes."""

    __test__ = True
    connector = CATALOGUE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(CATALOGUE.streams, "window")
    malformed: ClassVar = dict.fromkeys(CATALOGUE.streams, MALFORMED)

    def test_conditions_are_the_connections_own(self, far_end: Reading, tmp_path: Path) -> None:
        """Such as the organisations that are asked for."""
        path = "/nccloud/api/hrtrn/course/query"
        lists = {"courses": {"path": path, "conditions": {"enablestate": ["3"]}}}
        with self.source(far_end.config(lists=lists), tmp_path) as source:
            found = records(list(source.pages("courses", None)))
        assert [record.external_id for record in found] == ["TRN-OLD-001"]


class TestFeedback(Lists):
    """What became of people."""

    __test__ = True
    connector = FEEDBACK
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(FEEDBACK.streams, "window")
    malformed: ClassVar = dict.fromkeys(FEEDBACK.streams, MALFORMED)


@pytest.mark.parametrize(
    ("declared", "stream", "mapping"),
    [
        (DIRECTORY, "employees", "employee"),
        (CATALOGUE, "courses", "course"),
        (FEEDBACK, "completions", "training_completion"),
    ],
)
def test_every_row_becomes_a_document(
    declared: Any, stream: str, mapping: str, world: World, tmp_path: Path
) -> None:
    """The mappings beside the connector take what the server tells, without a problem."""
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
