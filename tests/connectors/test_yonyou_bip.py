"""Yonyou BIP: signed tokens, codes as text and as numbers, archives in bulk, what keeps no reference, lists by page number."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import World
from pydantic import ValidationError
from standing import NAME as WORDS
from standing import Standing
from trivet_connectors.yonyou_bip import CATALOGUE, DIRECTORY, FEEDBACK, TALENT_TARGET, TARGET
from trivet_connectors.yonyou_bip.config import BipConfig, BipTalentConfig
from trivet_connectors.yonyou_bip.wire import sign
from trivet_sandbox.yonyou_bip.seed import now

from trivet.conformance.promises import PERSON, SECRET, error_is_clear
from trivet.conformance.source import Repeat, SourceSuite, records
from trivet.conformance.target import TargetSuite
from trivet.contract import Services
from trivet.documents import Contracts
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.mapping import Library
from trivet.model import Confirmed, Document, Operation, OperationKind

NAME, PLAN = "yonyou_bip", "trainingPlan"
PEOPLE = ("10000301", "10000302", "10000303")
ITEM: Document = {
    "staffCode": "10000301", "totalScore": 9.1, "bizActivityName": WORDS, "bizActivityUniqueKey": "leadership",
    "bizDateTime": 1763683200000,
    "archiveSyncDetailList": [{"entryCode": "leadership", "entryName": "leadership", "evalScore": 9.1}],
}  # fmt: skip
SCORE: Document = {
    "schemename": "2026四季度考核", "staffcode": "10000301", "indicatorid": "d4f3aa7068af478cb7b317737b562b34",
    "column": [{"columncode": "score", "columnvalue": "9.1", "columndatatype": 1}],
}  # fmt: skip


def services(folder: Path) -> Services:
    """A deployment."""
    return Services(NAME, folder, folder, lambda: datetime.now(UTC))


def config(world: World, **changed: Any) -> BipConfig:
    """The stand-in's connection."""
    made = Standing(world, NAME, TARGET, PLAN, [], {}, None, "").config(
        **{"calls_per_second": 1000.0, **changed}
    )
    assert isinstance(made, BipConfig)
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
    said = {"staffCode": "10000301", "courseCode": f"C{i}", "score": 9.1, "dueDate": "2027-02-21"}
    content = said if document is None and kind != "delete" else document or {}
    return Operation(f"{reference}-{kind[0].upper()}1", reference, kind, entity, content)


def plans(world: World) -> dict[str, Any]:
    """What is there, by our reference."""
    return {row["sourceUnique"]: row for row in world.held(NAME).get(PLAN, [])}


class TestArchives(TargetSuite):
    """Records in bulk, each with an outcome of its own."""

    connector = TARGET

    @pytest.fixture(params=[PLAN, "kpiWeight"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Standing:
        """The OpenAPI stand-in."""
        good: list[Document]
        if request.param == PLAN:
            good = [
                {
                    "staffCode": p,
                    "courseCode": "C1",
                    "courseName": WORDS,
                    "score": 9.1,
                    "dueDate": "2027-02-21",
                }
                for p in PEOPLE
            ]
            changed = {**good[0], "score": 9.4}
        else:
            good = [{"staffCode": p, "period": "2026Q4", "indicator": WORDS, "weight": 20.0} for p in PEOPLE]
            changed = {**good[0], "weight": 25.0}
        bad = {**good[1], "staffCode": "nobody"}
        return Standing(world, NAME, TARGET, request.param, good, changed, bad, "batchSave")


class TestToken:
    """The application's login."""

    def test_the_signature(self) -> None:
        """HMAC-SHA256 over key and time in base64, not yet encoded for an address (made with OpenSSL)."""
        assert sign("key", "1763683200000", "secret") == "1EI++VBzRTfkzJ+FA1UzmRc8r9ifuCoTEM7RmnuweZs="

    def test_a_token_that_is_over_is_fetched_anew(self, world: World, target: Any) -> None:
        """In the middle of the work, and the write is done once."""
        target.check()
        world.change(NAME, what="expire")
        (said,) = target.send([operation(0)])
        assert isinstance(said, Confirmed)
        assert len(plans(world)) == 1

    def test_a_token_that_ends_soon_is_not_used(self, world: World, tmp_path: Path) -> None:
        """Whatever code the gateway has for its end."""
        late = timedelta()
        there = Services(NAME, tmp_path, tmp_path, lambda: datetime.now(UTC) + late)
        with TARGET.build(config(world, token_codes=[]), there) as target:
            target.check()
            tokens = sum("getAccessToken" in call["path"] for call in world.calls(NAME))
            late = timedelta(seconds=200)
            target.check()
            assert sum("getAccessToken" in call["path"] for call in world.calls(NAME)) == tokens
            world.sandbox[NAME].tokens.until.clear()  # type: ignore[attr-defined]
            late = timedelta(seconds=7200 - 300 + 1)
            with pytest.raises(AuthFailed, match="no token"):
                target.check()  # our clock is two hours late now, and the token server says so

    def test_a_clock_that_is_wrong_is_told(self, world: World, tmp_path: Path) -> None:
        """The vendor bears five minutes."""
        wrong = Services(NAME, tmp_path, tmp_path, lambda: datetime.now(UTC) - timedelta(minutes=6))
        with TARGET.build(config(world), wrong) as target, pytest.raises(AuthFailed) as caught:
            target.check()
        assert "clock" in str(caught.value.cure)


CODES: list[tuple[Any, type[ConnectorError] | type[Confirmed]]] = [
    ("999", Rejected), (999, Rejected), (1002, Rejected), ("123-001-665072", Rejected), ("310046", RateLimited),
    (310046, RateLimited), ("310036", AuthFailed), ("500", UnknownOutcome), (10000, UnknownOutcome),
    ("77", UnknownOutcome), (None, UnknownOutcome), (True, UnknownOutcome),
]  # fmt: skip


class TestCodes:
    """Status 200 whatever happened; the code is text or a number."""

    @pytest.mark.parametrize(("code", "kind"), CODES)
    def test_of_a_write(self, code: Any, kind: type[ConnectorError], world: World, target: Any) -> None:
        """What we do not know may have been done."""
        target.check()
        body = json.dumps({"code": code, "message": "说明"})
        world.misbehave(NAME, kind="answer", path="batchSave", body=body, times=2)
        with pytest.raises(kind) as caught:
            target.send([operation(0)])
        assert type(caught.value) is kind

    @pytest.mark.parametrize(("code", "kind"), [(c, k) for c, k in CODES if k is UnknownOutcome])
    def test_of_a_read(self, code: Any, kind: object, world: World, target: Any) -> None:  # noqa: ARG002
        """Nothing is in doubt."""
        target.check()
        world.misbehave(NAME, kind="answer", path="list", body=json.dumps({"code": code}), times=3)
        with pytest.raises(Retryable):
            target.find(PLAN, [operation(0)])

    @pytest.mark.parametrize("data", [None, [], {"infos": None}, {"infos": [None, {"id": "1"}]}])
    def test_bad_input_a_success_that_names_nothing(self, data: Any, world: World, target: Any) -> None:
        """Each record's outcome is open."""
        world.misbehave(NAME, kind="answer", path="batchSave", body=json.dumps({"code": "200", "data": data}))
        assert [type(said) for said in target.send([operation(0), operation(1)])] == [UnknownOutcome] * 2


class TestRecords:
    """Archives of the customer's own."""

    def test_a_repeated_key_is_done_once(self, world: World, target: Any) -> None:
        """`resubmitCheckKey`: an answer was lost, the same operation came again."""
        world.misbehave(NAME, kind="reset_after", path="batchSave")
        with pytest.raises(UnknownOutcome):
            target.send([operation(0)])
        (said,) = target.send([operation(0)])
        assert isinstance(said, Confirmed)
        assert len(plans(world)) == 1

    def test_another_create_under_our_reference_is_refused(self, target: Any) -> None:
        """Under another key, as another hub would send it."""
        target.send([operation(0)])
        again = operation(0)
        (said,) = target.send([Operation("OTHER-C1", again.reference, "create", PLAN, again.document)])
        assert isinstance(said, Rejected)

    def test_an_update_of_what_is_gone_is_refused(self, world: World, target: Any) -> None:
        """It would make a new record."""
        target.send([operation(0), operation(1)])
        world.change(NAME, kind=PLAN, where={"sourceUnique": operation(0).reference}, delete=True)
        changes = [operation(i, "update", {**operation(i).document, "score": 5}) for i in range(2)]
        gone, done = target.send(changes)
        assert (type(gone), gone.vendor_code, type(done)) == (Rejected, "GONE", Confirmed)
        assert [row["score"] for row in plans(world).values()] == [5.0]

    def test_what_may_not_be_deleted_stays_and_is_told(self, world: World, target: Any) -> None:
        """The answer only counts: which of them stayed is asked for."""
        target.send([operation(i) for i in range(3)])
        world.change(NAME, what="rule", references=[operation(1).reference], says="下游单据已存在")
        outcomes = target.send([operation(i, "delete") for i in range(3)])
        assert [type(said) for said in outcomes] == [Confirmed, Rejected, Confirmed]
        assert "下游单据已存在" in outcomes[1].message
        assert set(plans(world)) == {operation(1).reference}

    def test_a_search_of_many_pages_is_read_to_its_end(self, world: World, tmp_path: Path) -> None:
        """However few rows a page has."""
        with TARGET.build(config(world, page_size=2), services(tmp_path)) as target:
            wanted = [operation(i) for i in range(7)]
            target.send(wanted)
            assert len(target.find(PLAN, wanted)) == 7

    def test_an_archive_that_is_not_configured(self, target: Any) -> None:
        """Refused with the setting that names it."""
        with pytest.raises(Rejected) as caught:
            target.send([operation(0, entity="other")])
        assert "archives" in str(caught.value.cure)

    @pytest.mark.parametrize("path", ["yonbip/x", "//yonbip/x", "/x?access_token=1"])
    def test_bad_input_a_path_that_is_none(self, path: str, world: World) -> None:
        """Nothing is sent anywhere else."""
        with pytest.raises(ValidationError, match="path"):
            config(world, archives={"x": {"save": path, "list": "/l", "delete": "/d"}})


class TestTalent:
    """What keeps no reference of ours: competency archive and indicator scores."""

    @contextmanager
    def talent(self, world: World, folder: Path, **changed: Any) -> Iterator[Any]:
        """The target at the stand-in."""
        said = world.sandbox[NAME].announce()
        made = BipTalentConfig.model_validate({"calls_per_second": 1000.0, **said, **changed})
        with TALENT_TARGET.build(made, services(folder)) as built:
            yield built

    def outcome(self, target: Any, entity: str, document: Document, kind: OperationKind = "create") -> Any:
        """As a value, given or raised."""
        try:
            (said,) = target.send([operation(0, kind, document, entity)])
        except ConnectorError as error:
            return error
        return said

    def test_an_assessment_is_one_item_under_our_reference(self, world: World, tmp_path: Path) -> None:
        """Sent again with another score it is still one: the code of the answer is a number."""
        with self.talent(world, tmp_path) as target:
            target.check()
            assert isinstance(self.outcome(target, "cptArchive", ITEM), Confirmed)
            better = {**ITEM, "totalScore": 9.4}
            assert isinstance(self.outcome(target, "cptArchive", better, "update"), Confirmed)
        assert world.held(NAME)["cptArchive"] == [{"bizUniqueKey": operation(0).reference, **better}]

    def test_a_score_is_a_row_of_the_data_collection(self, world: World, tmp_path: Path) -> None:
        """The code of the answer is text."""
        with self.talent(world, tmp_path) as target:
            assert isinstance(self.outcome(target, "indicatorScore", SCORE), Confirmed)
        assert world.held(NAME)["indicatorScore"] == [SCORE]

    @pytest.mark.parametrize(
        ("entity", "document"),
        [
            ("cptArchive", {**ITEM, "staffCode": "nobody"}),
            ("cptArchive", {**ITEM, "totalScore": "9.1"}),
            ("cptArchive", {**ITEM, "bizDateTime": 1763683200}),
            ("cptArchive", {**ITEM, "archiveSyncDetailList": []}),
            ("indicatorScore", {**SCORE, "schemename": ""}),
            ("indicatorScore", {**SCORE, "staffcode": "nobody"}),
            ("indicatorScore", {**SCORE, "column": []}),
            ("elsewhere", {}),
        ],
    )
    def test_bad_input_is_refused_and_leaves_nothing(
        self, entity: str, document: Document, world: World, tmp_path: Path
    ) -> None:
        """In the vendor's words."""
        before = world.held(NAME)
        with self.talent(world, tmp_path) as target:
            said = self.outcome(target, entity, document)
        assert type(said) is Rejected
        error_is_clear(said, TALENT_TARGET.name)
        assert world.held(NAME) == before

    @pytest.mark.parametrize("kind", ["reset_after", "http_500_after", "truncated", "empty_200", "html_200"])
    def test_a_lost_answer_is_unknown(self, kind: str, world: World, tmp_path: Path) -> None:
        """And goes to a person."""
        with self.talent(world, tmp_path) as target:
            target.check()
            world.misbehave(NAME, kind=kind, method="POST", path="jobMatchSync")
            assert isinstance(self.outcome(target, "cptArchive", ITEM), UnknownOutcome)

    def test_nothing_is_taken_back_and_nothing_asked(self, world: World, tmp_path: Path) -> None:
        """No page documents how."""
        with self.talent(world, tmp_path) as target:
            said = self.outcome(target, "cptArchive", {}, "delete")
            assert (type(said), said.vendor_code) == (Rejected, "NOT_POSSIBLE")
            with pytest.raises(Rejected, match="no way"):
                target.find("cptArchive", [operation(0)])

    def test_a_wrong_secret_is_auth_failed(self, world: World, tmp_path: Path) -> None:
        """And not shown."""
        with self.talent(world, tmp_path, app_secret=SECRET) as target, pytest.raises(AuthFailed) as caught:
            target.check()
        error_is_clear(caught.value, TALENT_TARGET.name)


class Reading:
    """The stand-in as the far end of what is read."""

    kinds: ClassVar[Mapping[str, tuple[str, str, str]]] = {
        "employees": ("staff", "name", "listmdd"),
        "courses": ("course", "name", "course/list"),
        "completions": ("trainingResult", "courseName", "trainingResult/list"),
        "performance_results": ("score", "text", "queryPerformScoreResultInfo"),
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
        return {self.named(row) for _, row in self.store.all(self.kinds[stream][0])}

    def named(self, row: Document) -> str:
        """Its external id."""
        return str(row.get("code") or f"{row['schemeid']}/{row['periodcode']}/{row['staff']}")

    def delete(self, stream: str, external_id: str) -> None:
        kind = self.kinds[stream][0]
        for key, row in self.store.all(kind):
            if self.named(row) == external_id:
                self.store.delete(kind, key)

    def change(self, stream: str, external_id: str) -> str:
        """By the hands of a clerk, stamped with the server's time."""
        kind, field, _ = self.kinds[stream]
        word = f"changed-{time.monotonic_ns()}"
        (key, row) = next((k, r) for k, r in self.store.all(kind) if self.named(r) == external_id)
        self.store.put(kind, key, row | {field: word, "pubts": now()})
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, method="POST", path=self.kinds[stream][2], **how)


def page(rows: Any) -> str:
    """An answer with these rows."""
    return json.dumps({"code": "200", "data": {"recordList": rows}})


MALFORMED = {
    "a row is null": page([None]),
    "a row is a text": page([PERSON]),
    "a row lacks its id": page([{"code": "1", "name": PERSON}]),
    "a row lacks its number": page([{"id": "1", "name": PERSON}]),
    "no rows at all": page(None),
    "data is a list": json.dumps({"code": 200, "data": [{"name": PERSON}]}),
}
RESULTS = {
    "a person is null": json.dumps({"code": "200", "data": [None]}),
    "a person without scores": json.dumps({"code": "200", "data": [{"staffcode": "1", "score": PERSON}]}),
    "somebody else": json.dumps({"code": "200", "data": [{"staffid": "4711", "score": []}]}),
    "data is an object": json.dumps({"code": "200", "data": {"name": PERSON}}),
}


class Lists(SourceSuite):
    """What holds for every list."""

    __test__ = False

    @pytest.fixture
    def far_end(self, world: World) -> Reading:
        """The stand-in."""
        return Reading(world)


class TestDirectory(Lists):
    """Staff, by time of change."""

    __test__ = True
    connector = DIRECTORY
    repeats: ClassVar[Mapping[str, Repeat]] = {"employees": "window"}
    malformed: ClassVar = {"employees": MALFORMED}

    def test_the_cursor_moves_when_all_was_read(self, far_end: Reading, tmp_path: Path) -> None:
        """A pull that dies on the way is made again from where it began."""
        cursors = [page.cursor for page in self.pulled(far_end, "employees", tmp_path)]
        assert set(cursors[:-1]) == {'{"from": ""}'}
        assert cursors[-1] not in cursors[:-1]


class TestCatalogue(Lists):
    """Codes, read whole."""

    __test__ = True
    connector = CATALOGUE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(CATALOGUE.streams, "window")
    malformed: ClassVar = dict.fromkeys(CATALOGUE.streams, MALFORMED)

    def test_a_code_that_goes_while_others_are_read_hides_none(
        self, far_end: Reading, tmp_path: Path
    ) -> None:
        """The others move up by one, and the list is read again from its beginning."""
        with self.source(far_end.config(), tmp_path) as source:
            found: list[str] = []
            for one in source.pages("courses", None):
                found += [record.external_id for record in one.records]
                if len(found) == 2:
                    far_end.world.change(NAME, kind="course", where={"code": found[0]}, delete=True)
        assert far_end.held("courses") <= set(found)
        assert len(found) == len(set(found))


class TestFeedback(Lists):
    """What became of people."""

    __test__ = True
    connector = FEEDBACK
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(FEEDBACK.streams, "window")
    malformed: ClassVar = {"completions": MALFORMED, "performance_results": RESULTS}

    def test_results_without_a_period_are_refused(self, far_end: Reading, tmp_path: Path) -> None:
        """With the setting that names them."""
        with self.source(far_end.config(periods=[]), tmp_path) as source, pytest.raises(Rejected) as caught:
            list(source.pages("performance_results", None))
        assert "periods" in str(caught.value.cure)


@pytest.mark.parametrize(
    ("declared", "stream", "mapping"),
    [
        (DIRECTORY, "employees", "employee"),
        (CATALOGUE, "courses", "course"),
        (FEEDBACK, "completions", "training_completion"),
        (FEEDBACK, "performance_results", "performance_result"),
    ],
)
def test_every_row_becomes_a_document(
    declared: Any, stream: str, mapping: str, world: World, tmp_path: Path
) -> None:
    """The mappings beside the connector take what the tenant tells, without a problem."""
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
