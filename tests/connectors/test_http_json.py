"""A system that is described and not programmed: both flavours of the in-house ERP, every way of logging in, every paging."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import World
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from standing import NAME, Standing
from trivet_connectors.http_json import CATALOGUE, DIRECTORY, FEEDBACK, TARGET
from trivet_connectors.http_json.config import HttpJsonConfig
from trivet_sandbox.http_json import auth

from trivet.conformance.promises import PERSON, SECRET, error_is_clear
from trivet.conformance.source import Repeat, SourceSuite, drained, ids, records
from trivet.conformance.target import REFERENCES, TargetSuite
from trivet.connections import parse_connection
from trivet.contract import Services, SourceConnector, Target
from trivet.described.logins import Signature
from trivet.described.places import drop, filled, get, put
from trivet.described.proof import signed
from trivet.documents import Contracts
from trivet.errors import (
    AuthFailed,
    ConfigError,
    RateLimited,
    Rejected,
    Retryable,
    UnknownOutcome,
)
from trivet.mapping import Library
from trivet.model import Confirmed, Cursor, Document, Operation, OperationKind

LOGINS: Mapping[str, Mapping[str, Any]] = {
    "basic": {},
    "bearer": {"auth": {"kind": "bearer"}, "secret": auth.TOKEN},
    "api key in a header": {"auth": {"kind": "api_key"}, "secret": auth.KEY},
    "api key in the query": {
        "auth": {"kind": "api_key", "where": "query", "name": "api_key"},
        "secret": auth.KEY,
    },
    "client credentials": {
        "auth": {"kind": "oauth2_client_credentials", "token_url": "/oauth/token", "scope": auth.SCOPE},
        "login": auth.CLIENT,
        "secret": auth.CLIENT_SECRET,
    },
    "client credentials in the form": {
        "auth": {
            "kind": "oauth2_client_credentials",
            "token_url": "/oauth/token",
            "scope": auth.SCOPE,
            "client_in": "body",
        },
        "login": auth.CLIENT,
        "secret": auth.CLIENT_SECRET,
    },
    "signature": {
        "auth": {"kind": "hmac", "prefix": "sha256=", "login_header": "X-Key-Id"},
        "login": auth.SIGNER,
        "secret": auth.SIGNING_SECRET,
    },
}
PEOPLE = ("10000301", "10000302", "10000303")
PLANS: list[Document] = [
    {
        "employee_no": number,
        "course_code": "TRN-SVC-201",
        "course_title": NAME,
        "score": 9.1,
        "due_on": "2027-02-21",
    }
    for number in PEOPLE
]
WEIGHTS: list[Document] = [
    {"emp": number, "quarter": "2026Q4", "kpi": NAME, "weight": 0} for number in PEOPLE
]


class LoggingIn(Standing):
    """The in-house ERP, entered by one of its doors."""

    login: Mapping[str, Any] = {}

    def config(self, **changed: Any) -> Any:
        return super().config(**{"calls_per_second": 1000.0, **self.login, **changed})


def resources(world: World) -> LoggingIn:
    """The flavour of resources."""
    return LoggingIn(
        world, "http_json", TARGET, "training_plan", PLANS, {**PLANS[0], "score": 9.4},
        {**PLANS[1], "employee_no": "nobody"}, "/api/training-plans",
    )  # fmt: skip


def commands(world: World) -> LoggingIn:
    """The flavour of commands."""
    return LoggingIn(
        world, "http_json", TARGET, "kpi", WEIGHTS, {**WEIGHTS[0], "kpi": "other words", "weight": 12.5},
        {**WEIGHTS[1], "weight": 101}, "/rpc/kpi/batch",
    )  # fmt: skip


class TestResources(TargetSuite):
    """One object a call, HTTP statuses, problem+json; by every door."""

    connector = TARGET

    @pytest.fixture(params=["basic", "bearer", "client credentials", "api key in a header", "signature"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> LoggingIn:
        """The stand-in of an in-house ERP."""
        made = resources(world)
        made.login = LOGINS[request.param]
        return made


class TestCommands(TargetSuite):
    """Many rows a call, status 200 whatever happened; by every door."""

    connector = TARGET

    @pytest.fixture(
        params=["basic", "bearer", "client credentials in the form", "api key in the query", "signature"]
    )
    def far_end(self, world: World, request: pytest.FixtureRequest) -> LoggingIn:
        """The stand-in of an in-house ERP."""
        made = commands(world)
        made.login = LOGINS[request.param]
        return made


KINDS = {
    "employees": "employee", "courses": "course", "competencies": "competency", "goal_plans": "goal_plan",
    "organisations": "organisation", "completions": "completion", "performance_results": "review", "goals": "goal",
}  # fmt: skip
PATHS = {
    "employees": "/api/employees", "courses": "/api/courses", "competencies": "/api/competencies",
    "goal_plans": "/api/goal-plans", "organisations": "/api/organisations", "completions": "/api/completions",
    "performance_results": "/rpc/reviews/list", "goals": "/api/goals",
}  # fmt: skip


class Listed:
    """The in-house ERP as the far end of a source's suite."""

    def __init__(self, world: World, connector: SourceConnector[Any]) -> None:
        self.world, self.vendor = world, world.sandbox["http_json"]
        self.plain = Standing(world, "http_json", connector, "", [], {}, None, "")

    def config(self, **changed: Any) -> Any:
        """With two rows a page."""
        streams = deepcopy(self.vendor.connection()["extra"]["streams"])
        for one in streams.values():
            one["path"] = one["path"].replace("size=50", "size=2")
            if "step" in one["paging"]:
                one["paging"]["step"] = 2
            if "fixed" in one:
                one["fixed"]["page"]["size"] = 2
        return self.plain.config(**{"streams": streams, "calls_per_second": 1000.0, **changed})

    def wrong_secret(self) -> Any:
        return self.config(secret=SECRET)

    def nobody_home(self) -> Any:
        return self.config(base_url=self.plain.nobody_home().base_url)

    def untrusted(self, address: str) -> Any:
        return self.config(base_url=address)

    def held(self, stream: str) -> set[str]:
        return {key for key, _ in self.vendor.store.all(KINDS[stream])}

    def delete(self, stream: str, external_id: str) -> None:
        self.vendor.store.delete(KINDS[stream], external_id)

    def change(self, stream: str, external_id: str) -> str:
        word = f"changed-{external_id}-{time.monotonic_ns()}"
        self.vendor.change({"kind": KINDS[stream], "where": {"id": external_id}, "set": {"note": word}})
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        self.world.misbehave("http_json", kind=kind, path=PATHS[stream], **how)


ROWS: Mapping[str, list[Any]] = {
    "a row is null": [None],
    "a row is a text": [PERSON],
    "a row lacks its id": [{"name": PERSON, "updated_at": "2026-11-20T00:00:00Z"}],
    "an id is an object": [{"id": {"name": PERSON}, "updated_at": "2026-11-20T00:00:00Z"}],
}
TIMES: Mapping[str, list[Any]] = {
    "a row lacks its time": [{"id": 1, "name": PERSON}],
    "a time is a name": [{"id": 1, "updated_at": PERSON}],
}


def malformed(at: str, rows: Mapping[str, list[Any]], **more: Any) -> dict[str, str]:
    """Answers that hold something wrong where the rows should be."""
    return {
        **{name: json.dumps({**more, at: value}) for name, value in rows.items()},
        "rows are null": json.dumps({**more, at: None}),
        "rows are a text": json.dumps({**more, at: PERSON}),
    }


LINK = {"a link is an object": json.dumps({"data": [], "links": {"next": {"name": PERSON}}})}
ELSEWHERE = {
    f"a link leads to {where}": json.dumps({"data": [], "links": {"next": where}})
    for where in (
        "http://169.254.169.254/api",
        "//evil.example/x",
        "https:evil.example",
        "file:///etc/passwd",
    )
}


class TestDirectory(SourceSuite):
    """Employees by page number and time of change."""

    connector = DIRECTORY
    repeats: ClassVar[Mapping[str, Repeat]] = {"employees": "window"}
    malformed: ClassVar = {"employees": malformed("data", {**ROWS, **TIMES})}

    @pytest.fixture
    def far_end(self, world: World) -> Listed:
        """The stand-in of an in-house ERP."""
        return Listed(world, DIRECTORY)


class TestCatalogue(SourceSuite):
    """Codes by relative link, page number, cursor and absolute link; read whole every time."""

    connector = CATALOGUE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(CATALOGUE.streams, "window")
    malformed: ClassVar = {
        "courses": malformed("data", ROWS) | LINK | ELSEWHERE,
        "competencies": malformed("data", ROWS),
        "goal_plans": {"a cursor is a list": json.dumps({"data": [], "next_cursor": [PERSON]})},
        "organisations": ELSEWHERE,
    }

    @pytest.fixture
    def far_end(self, world: World) -> Listed:
        """The stand-in of an in-house ERP."""
        return Listed(world, CATALOGUE)

    def test_a_list_that_was_read_whole_has_no_cursor(self, far_end: Listed, tmp_path: Path) -> None:
        """So the hub retires what has left it; only in the middle of one is there a place to go on from."""
        for stream in CATALOGUE.streams:
            *middle, last = self.pulled(far_end, stream, tmp_path)
            assert last.cursor == ""
            assert all("from" not in json.loads(page.cursor) for page in middle)


class TestFeedback(SourceSuite):
    """Results by cursor, by offset, and by command with everything in the body."""

    connector = FEEDBACK
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(FEEDBACK.streams, "window")
    malformed: ClassVar = {
        "completions": malformed("data", {**ROWS, **TIMES}),
        "performance_results": malformed("rows", {**ROWS, **TIMES}, code=0)
        | {
            "a refusal that quotes": json.dumps({"code": 9100, "msg": PERSON}),
            "a code that quotes": json.dumps({"code": [PERSON], "rows": []}),
        },
        "goals": malformed("data", TIMES),
    }

    @pytest.fixture
    def far_end(self, world: World) -> Listed:
        """The stand-in of an in-house ERP."""
        return Listed(world, FEEDBACK)


@contextmanager
def built(config: Any, folder: Path) -> Iterator[Target]:
    """The target."""
    with TARGET.build(config, Services("erp", folder, folder, lambda: datetime.now(UTC))) as target:
        yield target


def operation(
    entity: str, i: int, document: Document, kind: OperationKind = "create", remote_id: str | None = None
) -> Operation:
    """One operation."""
    return Operation(f"{REFERENCES[i]}-{kind[0].upper()}1", REFERENCES[i], kind, entity, document, remote_id)


def changed(world: World, change: Any) -> Any:
    """The stand-in's config after a change of its settings."""
    extra = deepcopy(world.sandbox["http_json"].connection()["extra"])
    del extra["environment"]
    change(extra)
    return resources(world).config(**extra)


class TestSending:
    """What is special about calls that somebody described."""

    def test_the_operation_key_makes_a_create_repeatable(self, world: World, tmp_path: Path) -> None:
        """Sent again after a lost answer it gives the same record."""
        with built(resources(world).config(), tmp_path) as target:
            one = operation("training_plan", 0, PLANS[0])
            first, again = target.send([one]), target.send([one])
        assert first == again
        assert len(world.held("http_json")["training_plan"]) == 1

    def test_a_duplicate_is_in_doubt_and_not_refused(self, world: World, tmp_path: Path) -> None:
        """A record with our reference is there: asking tells whether it is ours."""
        with built(resources(world).config(), tmp_path) as target:
            target.send([operation("training_plan", 0, PLANS[0])])
            other = Operation("OTHER", REFERENCES[0], "create", "training_plan", dict(PLANS[0]))
            (said,) = target.send([other])
        assert isinstance(said, UnknownOutcome)
        assert said.vendor_code == "DUPLICATE"

    def test_a_bulk_call_is_cut_to_what_the_system_takes(self, world: World, tmp_path: Path) -> None:
        """Fifty weights are three commands, found again by three."""
        letters = "ABCDEFGHIJ"
        references = [f"{REFERENCES[0][:14]}{letters[i // 10]}{letters[i % 10]}" for i in range(50)]
        wanted = [Operation(f"{r}-C1", r, "create", "kpi", dict(WEIGHTS[0])) for r in references]
        assert len(wanted) == TARGET.traits.max_ops
        with built(commands(world).config(), tmp_path) as target:
            assert all(isinstance(said, Confirmed) for said in target.send(wanted))
            assert len(target.find("kpi", wanted)) == len(wanted)
        paths = [call["path"] for call in world.calls("http_json")]
        assert (paths.count("/rpc/kpi/batch"), paths.count("/rpc/kpi/query")) == (3, 3)

    def test_after_a_lost_answer_nothing_more_is_sent(self, world: World, tmp_path: Path) -> None:
        """The operations after it are provably undone; the one before it stands."""
        far_end = resources(world)
        with built(far_end.config(), tmp_path) as target:
            target.check()
            far_end.misbehave("reset_after", after=1)
            said = target.send([operation("training_plan", i, PLANS[i]) for i in range(3)])
        assert [type(one) for one in said] == [Confirmed, UnknownOutcome, Retryable]
        assert len(world.held("http_json")["training_plan"]) == 2

    def test_a_pause_in_the_middle_keeps_what_was_done(self, world: World, tmp_path: Path) -> None:
        """As values, since an exception would speak for all."""
        far_end = resources(world)
        with built(far_end.config(), tmp_path) as target:
            far_end.misbehave("http_429", after=1, retry_after="7")
            said = target.send([operation("training_plan", i, PLANS[i]) for i in range(3)])
        assert [type(one) for one in said] == [Confirmed, RateLimited, RateLimited]

    def test_without_a_promise_a_429_is_in_doubt(self, world: World, tmp_path: Path) -> None:
        """Not every gateway refuses before the system works."""
        far_end = resources(world)
        config = changed(world, lambda extra: extra["errors"].update(refuses_before_work=False))
        with built(config, tmp_path) as target:
            far_end.misbehave("http_429")
            (said,) = target.send([operation("training_plan", 0, PLANS[0])])
        assert isinstance(said, UnknownOutcome)

    def test_a_message_never_quotes_what_was_sent(self, world: World, tmp_path: Path) -> None:
        """The system's own words are told, people's are blotted out."""
        with built(resources(world).config(), tmp_path) as target:
            (said,) = target.send([operation("training_plan", 0, {**PLANS[0], "employee_no": PERSON})])
        assert isinstance(said, Rejected)
        error_is_clear(said, "http_json")
        assert (said.vendor_code, said.field, said.message) == (
            "FIELD_UNKNOWN", "/employee_no", "employee … is not known",
        )  # fmt: skip

    def test_a_refusal_of_the_whole_command_is_one_of_each_item(self, world: World, tmp_path: Path) -> None:
        """Status 200 with a code."""
        with built(commands(world).config(), tmp_path) as target:
            commands(world).misbehave("error_in_200")
            said = target.send([operation("kpi", i, WEIGHTS[i]) for i in range(2)])
        assert [(type(one), getattr(one, "vendor_code", "")) for one in said] == [(Rejected, "9100")] * 2

    @pytest.mark.parametrize(
        ("code", "outcome"), [(4001, AuthFailed), (9029, RateLimited), ("E90", Retryable), (1, Rejected)]
    )
    def test_a_code_in_the_answer_speaks_as_a_status_does(
        self, code: Any, outcome: type, world: World, tmp_path: Path
    ) -> None:
        """Login, pause, later and no, all with HTTP 200."""
        config = changed(world, lambda extra: extra["errors"].update(too_many=[429, 9029]))
        with built(config, tmp_path) as target:
            commands(world).misbehave("answer", times=2, body=json.dumps({"code": code}))
            try:
                (said,) = target.send([operation("kpi", 0, WEIGHTS[0])])
            except (AuthFailed, RateLimited) as error:
                said = error
        assert type(said) is outcome
        error_is_clear(said, "http_json")

    @pytest.mark.parametrize(
        ("result", "outcome"),
        [
            ({"ok": False, "err": {"no": "E90", "msg": "busy"}}, Retryable),
            ({"ok": False, "err": {"no": "4001"}}, AuthFailed),
            ({"ok": False, "err": {"no": 429}}, RateLimited),
            ({"ok": False, "err": None}, Rejected),
            ({"ok": "yes", "id": 1}, Rejected),
            ({"ok": True}, UnknownOutcome),
            ({"id": 1}, UnknownOutcome),
            (None, UnknownOutcome),
        ],
    )
    def test_each_result_is_judged_by_its_words(
        self, result: Any, outcome: type, world: World, tmp_path: Path
    ) -> None:
        """Only what says that it went well went well; what says nothing is in doubt."""
        body = json.dumps({"code": 0, "results": [result]})
        with built(commands(world).config(), tmp_path) as target:
            commands(world).misbehave("answer", body=body)
            (said,) = target.send([operation("kpi", 0, WEIGHTS[0])])
        assert type(said) is outcome

    @pytest.mark.parametrize("results", [[], [{"ok": True, "id": 1}] * 3, None, {"ok": True}])
    def test_results_that_cannot_be_told_apart_are_in_doubt(
        self, results: Any, world: World, tmp_path: Path
    ) -> None:
        """Two items, and not two results."""
        with built(commands(world).config(), tmp_path) as target:
            commands(world).misbehave("answer", body=json.dumps({"code": 0, "results": results}))
            said = target.send([operation("kpi", i, WEIGHTS[i]) for i in range(2)])
        assert [type(one) for one in said] == [UnknownOutcome] * 2

    def test_results_may_name_the_reference_and_come_in_any_order(self, world: World, tmp_path: Path) -> None:
        """Then a missing one is in doubt alone."""

        def named(extra: Any) -> None:
            extra["entities"]["kpi"]["create"]["bulk"]["reference"] = "/ref"

        results = [{"ok": True, "id": 2, "ref": REFERENCES[1]}, {"ok": True, "id": 1, "ref": REFERENCES[0]}]
        with built(changed(world, named), tmp_path) as target:
            commands(world).misbehave("answer", body=json.dumps({"code": 0, "results": results}))
            said = target.send([operation("kpi", i, WEIGHTS[i]) for i in range(3)])
        assert said[:2] == [Confirmed("1"), Confirmed("2")]
        assert isinstance(said[2], UnknownOutcome)

    def test_a_success_that_is_not_configured_is_in_doubt(self, world: World, tmp_path: Path) -> None:
        """202 where 201 was expected: something may have been done."""

        def narrow(extra: Any) -> None:
            extra["entities"]["training_plan"]["create"]["statuses"] = [200]

        with built(changed(world, narrow), tmp_path) as target:
            (said,) = target.send([operation("training_plan", 0, PLANS[0])])
        assert isinstance(said, UnknownOutcome)
        assert "HTTP 201" in str(said)

    def test_a_kind_without_a_call_is_refused_with_the_cure(self, world: World, tmp_path: Path) -> None:
        """A system that takes nothing back leaves it to a person."""
        config = changed(world, lambda extra: extra["entities"]["kpi"].pop("delete"))
        with built(config, tmp_path) as target, pytest.raises(Rejected) as caught:
            target.send([operation("kpi", 0, {}, "delete", "1")])
        assert (caught.value.vendor_code, "`delete`" in str(caught.value.cure)) == ("CALL_MISSING", True)

    def test_a_change_of_what_is_gone_is_refused(self, world: World, tmp_path: Path) -> None:
        """Never made anew under an old id."""
        with built(resources(world).config(), tmp_path) as target:
            (said,) = target.send([operation("training_plan", 0, PLANS[0], "update", "4711")])
        assert isinstance(said, Rejected)
        assert said.vendor_code == "NOT_FOUND"

    def test_a_refusal_of_ours_keeps_what_was_done_before_it(self, world: World, tmp_path: Path) -> None:
        """And what comes after it is sent."""
        with built(resources(world).config(), tmp_path) as target:
            made = target.send([operation("training_plan", i, PLANS[i]) for i in (0, 2)])
            names = [getattr(made[0], "remote_id", None), None, getattr(made[1], "remote_id", None)]
            said = target.send(
                [operation("training_plan", i, {}, "delete", name) for i, name in enumerate(names)]
            )
        assert [type(one) for one in said] == [Confirmed, Rejected, Confirmed]

    @pytest.mark.parametrize("remote_id", [None, "", ".", ".."])
    def test_without_an_id_nothing_is_called(
        self, remote_id: str | None, world: World, tmp_path: Path
    ) -> None:
        """A delete never hits what lies above the record."""
        with built(resources(world).config(), tmp_path) as target:
            (said,) = target.send([operation("training_plan", 0, {}, "delete", remote_id)])
        assert isinstance(said, Rejected)
        assert said.vendor_code == "REMOTE_ID"
        assert not world.calls("http_json")


class TestFinding:
    """Asking is what everything rests on."""

    def test_a_search_that_is_overlooked_is_an_error(self, world: World, tmp_path: Path) -> None:
        """Else every record would look lost, and be sent again."""

        def misspelt(extra: Any) -> None:
            find = extra["entities"]["training_plan"]["find"]
            find["path"] = find["path"].replace("external_ref", "externalref")

        with built(resources(world).config(), tmp_path) as target:
            target.send([operation("training_plan", 0, PLANS[0])])
        with built(changed(world, misspelt), tmp_path) as target, pytest.raises(Rejected) as caught:
            target.check()
        assert caught.value.vendor_code == "FIND_UNFILTERED"
        error_is_clear(caught.value, "http_json")

    def test_what_the_system_adds_itself_is_left_out(self, world: World, tmp_path: Path) -> None:
        """What is found can be sent again as it is, also for a record that was only to be deleted."""
        with built(resources(world).config(), tmp_path) as target:
            target.send([operation("training_plan", 0, PLANS[0])])
            found = target.find("training_plan", [operation("training_plan", 0, {}, "delete")])
        (row,) = found[REFERENCES[0]]
        assert row.document == PLANS[0]
        assert (row.remote_id.isdecimal(), row.version) == (True, "1")

    def test_a_double_is_found_twice(self, world: World, tmp_path: Path) -> None:
        """The commands' rows are not unique: both are told, with their ids."""
        far_end = commands(world)
        with built(far_end.config(), tmp_path) as target:
            far_end.misbehave("duplicate")
            one = operation("kpi", 0, WEIGHTS[0])
            target.send([one])
            found = target.find("kpi", [one])
        assert len({row.remote_id for row in found[one.reference]}) == 2

    def test_an_unknown_entity_is_refused_with_the_cure(self, world: World, tmp_path: Path) -> None:
        """By name."""
        with built(resources(world).config(), tmp_path) as target, pytest.raises(Rejected) as caught:
            target.find("nothing", [operation("nothing", 0, {})])
        assert caught.value.vendor_code == "ENTITY"
        assert caught.value.cure

    def test_a_connection_without_entities_is_no_target(self, world: World, tmp_path: Path) -> None:
        """It may still be a directory."""
        config = resources(world).config(entities={})
        with built(config, tmp_path) as target, pytest.raises(Rejected) as caught:
            target.check()
        assert caught.value.cure


class TestLists:
    """What is special about lists that somebody described."""

    def pull(self, connector: SourceConnector[Any], config: Any, stream: str, folder: Path) -> list[str]:
        """The ids."""
        services = Services("erp", folder, folder, lambda: datetime.now(UTC))
        with connector.build(config, services) as source:
            return ids(list(source.pages(stream, None)))

    def test_a_stream_that_is_not_configured_is_refused(self, world: World, tmp_path: Path) -> None:
        """With the cure, in check and pull."""
        config = Listed(world, DIRECTORY).config(streams={})
        services = Services("erp", tmp_path, tmp_path, lambda: datetime.now(UTC))
        with DIRECTORY.build(config, services) as source:
            for attempt in (source.check, lambda: source.pages("employees", None)):
                with pytest.raises(Rejected) as caught:
                    attempt()
                assert "`streams`" in str(caught.value.cure)

    @pytest.mark.parametrize(
        "body",
        [
            {"data": [{"id": "1"}], "links": {"next": "/api/courses?size=2"}},
            {"data": [], "links": {"next": "/api/courses?from=2&size=2"}},
        ],
    )
    def test_a_list_that_leads_in_a_circle_ends(self, body: Any, world: World, tmp_path: Path) -> None:
        """The same page again, or the same link again, is not followed for ever."""
        far_end = Listed(world, CATALOGUE)
        far_end.misbehave("courses", "answer", times=1000, body=json.dumps(body))
        services = Services("erp", tmp_path, tmp_path, lambda: datetime.now(UTC))
        with CATALOGUE.build(far_end.config(), services) as source:
            _, error = drained(source, "courses")
        assert isinstance(error, Retryable)
        assert error.vendor_code == "PAGE_MALFORMED"

    @pytest.mark.parametrize(
        ("zone", "told", "cursor"),
        [
            ("UTC", "2026-11-20 08:00:00", "2026-11-20 08:00:00"),
            ("Asia/Shanghai", "2026-11-20 08:00:00", "2026-11-20 08:00:00"),
            ("UTC", 1795104000, "1795104000"),
            ("UTC", 1795104000000, "1795104000000"),
            ("UTC", "2999-01-01T00:00:00Z", None),
        ],
    )
    def test_a_cursor_is_the_systems_own_time(
        self, zone: str, told: Any, cursor: str | None, world: World, tmp_path: Path
    ) -> None:
        """As it writes it; one that lies ahead of our clock hides nothing that comes after it."""
        far_end = Listed(world, DIRECTORY)
        rows = [{"id": 1, "updated_at": told}]
        for page in (rows, []):
            far_end.misbehave("employees", "answer", body=json.dumps({"data": page}))
        services = Services("erp", tmp_path, tmp_path, lambda: datetime(2026, 11, 24, tzinfo=UTC))
        with DIRECTORY.build(far_end.config(zone=zone), services) as source:
            read, error = drained(source, "employees")
        assert error is None
        assert read[-1].cursor == Cursor(json.dumps({"from": cursor}) if cursor else "")

    def test_a_token_that_ends_on_the_way_is_renewed_once(self, world: World, tmp_path: Path) -> None:
        """Nobody notices."""
        far_end = Listed(world, CATALOGUE)
        services = Services("erp", tmp_path, tmp_path, lambda: datetime.now(UTC))
        with CATALOGUE.build(far_end.config(**LOGINS["client credentials"]), services) as source:
            read = []
            for page in source.pages("competencies", None):
                read.append(page)
                world.change("http_json", what="expire")
        assert set(ids(read)) == far_end.held("competencies")


def wrong(where: str, **what: Any) -> Any:
    """A change of one entity's call, as a test's name and the change itself."""

    def change(extra: Any) -> None:
        entity, _, call = where.partition(".")
        extra["entities"][entity][call] = {**extra["entities"][entity][call], **what}

    return change


def stream(**what: Any) -> Any:
    """A change of one stream."""

    def change(extra: Any) -> None:
        extra["streams"]["courses"] = {**extra["streams"]["courses"], **what}

    return change


WRONG: Mapping[str, tuple[Any, str]] = {
    "a pointer without its slash": (wrong("kpi.find", items="rows"), "json pointer"),
    "a pointer with a stray tilde": (wrong("kpi.find", id="/a~b"), "json pointer"),
    "an unknown placeholder": (wrong("training_plan.update", path="/x/{id}"), "{id} in the path of update"),
    "an expression in a path": (wrong("training_plan.update", path="/x/{a.b}"), "brace stands alone"),
    "a placeholder that comes too early": (wrong("training_plan.create", path="/x/{remote_id}"), "{remote_id}"),
    "a placeholder in a bulk call": (wrong("kpi.update", path="/x/{remote_id}"), "there are: none"),
    "a path elsewhere": (wrong("training_plan.create", path="//evil.example/x"), "begins with one /"),
    "a path that climbs": (wrong("training_plan.create", path="/api/../admin"), ".."),
    "a full address as a path": (wrong("training_plan.create", path="https://evil.example/x"), "begins with one /"),
    "no find": (lambda extra: extra["entities"]["kpi"].pop("find"), "`find` is missing"),
    "a find for everything": (wrong("training_plan.find", path="/api/training-plans"), "where our reference goes"),
    "a find that says it twice": (wrong("kpi.find", path="/x/{reference}"), "{reference}"),
    "a find that posts by GET": (wrong("kpi.find", method="GET"), "a get has no body"),
    "a create that leaves no trace": (wrong("kpi.create", reference=None), "reference goes nowhere"),
    "an update of nobody": (wrong("kpi.update", remote_id=None), "nothing names the record"),
    "one header for many": (wrong("kpi.create", key_header="Idempotency-Key"), "use `key`"),
    "a header with a colon": (wrong("training_plan.create", key_header="X: y"), "the name of a header"),
    "a misspelt setting": (wrong("kpi.create", referrer="/ref"), "unknown setting"),
    "more than a send has": (wrong("kpi.create", bulk={"into": "/r", "items": "/r", "max_items": 51,
                                   "success": {"at": "/ok", "equals": [True]}}), "less than or equal to 50"),
    "a stream that nobody reads": (lambda extra: extra["streams"].update(cars=extra["streams"]["goals"]), "employees"),
    "a page that is not asked for": (stream(paging={"kind": "page"}), "put {page} into the path"),
    "a since without a time": (stream(path="/api/courses?since={since}"), "{since}"),
    "a paging that is none of ours": (stream(paging={"kind": "scroll"}), "page"),
    "a login that is none of ours": (lambda extra: extra.update(auth={"kind": "digest"}), "auth"),
    "a token address with a password": (
        lambda extra: extra.update(auth={"kind": "oauth2_client_credentials", "token_url": "https://a:b@c/t"}), "http(s)://host"),
    "a zone that is none": (lambda extra: extra.update(zone="Mars/Olympus"), "no such time zone"),
}  # fmt: skip


class TestSettings:
    """What cannot be meant is refused when the connection is read, by name and with a cure."""

    def stored(self, world: World, change: Any) -> Any:
        """The stand-in's connection after the change, as it is stored."""
        stored = deepcopy(world.sandbox["http_json"].connection())
        change(stored["extra"])
        return stored

    @pytest.mark.parametrize("name", WRONG)
    def test_a_wrong_description_is_refused(self, name: str, world: World) -> None:
        """One line that says where and what."""
        change, said = WRONG[name]
        connection = parse_connection("erp", self.stored(world, change))
        with pytest.raises(ConfigError) as caught:
            connection.config(HttpJsonConfig)
        assert said in f"{caught.value} {caught.value.cure}".lower()
        assert "\n" not in str(caught.value)
        assert caught.value.cure

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"base_url": "erp.example"}, "http(s)://host"),
            ({"base_url": "ftp://erp.example"}, "http(s)://host"),
            ({"base_url": "https://a:b@erp.example"}, "without login"),
            ({"base_url": "http://[::1"}, "http(s)://host"),
            ({"secret": ""}, "needs the secret"),
            ({"login": ""}, "needs the login"),
            ({"auth": {"kind": "bearer"}, "secret": "two\nlines"}, "line break"),
            ({"auth": {"kind": "api_key"}, "secret": "密钥"}, "beyond ASCII"),
        ],
    )
    def test_a_wrong_login_is_refused_and_not_shown(self, changes: Any, said: str, world: World) -> None:
        """Before a byte is sent, and without the secret."""
        with pytest.raises(ValidationError) as caught:
            resources(world).config(**changes)
        told = caught.value.errors(include_input=False, include_url=False, include_context=False)
        assert said in str(told)
        assert "two\nlines" not in str(told)

    def test_the_signature_is_that_of_rfc_4231(self) -> None:
        """Test case 2: key `Jefe`, data `what do ya want for nothing?`."""
        body = b"what do ya want for nothing?"
        right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        assert signed(Signature(kind="hmac"), "", "Jefe", body) == {"X-Signature": right}
        other = Signature(kind="hmac", encoding="base64", prefix="v1=", header="X-Sign", login_header="X-Id")
        assert signed(other, "me", "Jefe", body) == {
            "X-Sign": "v1=" + base64.b64encode(bytes.fromhex(right)).decode(), "X-Id": "me",
        }  # fmt: skip

    def test_the_signature_covers_the_bytes_that_are_sent(self, world: World, tmp_path: Path) -> None:
        """Chinese in the body is signed as it travels; the stand-in computes it itself."""
        far_end = commands(world)
        far_end.login = LOGINS["signature"]
        with built(far_end.config(), tmp_path) as target:
            (said,) = target.send([operation("kpi", 0, {**WEIGHTS[0], "memo": "风险意识"})])
        assert isinstance(said, Confirmed)
        assert hmac.new(b"k", b"", hashlib.sha256).hexdigest() == signed(
            Signature(kind="hmac"), "", "k", b""
        ).pop("X-Signature")


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


class TestPlaces:
    """Pointers and placeholders."""

    @given(st.lists(NAMES, min_size=1, max_size=4), st.integers())
    def test_what_is_put_is_found_and_can_be_dropped(self, steps: list[str], value: int) -> None:
        """Whatever the names are."""
        pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
        body: Document = {}
        put(body, pointer, value)
        assert get(body, pointer) == value
        drop(body, pointer)
        assert get(body, pointer) is None

    @given(NAMES)
    def test_a_value_never_leaves_its_place_in_a_path(self, value: str) -> None:
        """No slash, question mark or ampersand of a value is one of the path."""
        path = filled("/a/{reference}?b={key}&c={cursor}&d=1", {"reference": value, "key": value})
        assert path.count("/") == 2
        assert path.count("?") == 1
        assert path.count("&") == (1 if value else 0)

    @pytest.mark.parametrize(
        ("value", "pointer"),
        [([], "/0"), ([1], "/1"), ([1], "/-"), ({"a": 1}, "/a/b"), (None, "/a"), ([1], "/01x")],
    )
    def test_nothing_stands_where_nothing_stands(self, value: Any, pointer: str) -> None:
        """No exception, whatever an answer looks like."""
        assert get(value, pointer) is None


STREAMS = {
    "employees": ("employee", DIRECTORY), "courses": ("course", CATALOGUE), "completions": ("training_completion", FEEDBACK),
    "performance_results": ("performance_result", FEEDBACK), "goals": ("goal_progress", FEEDBACK),
}  # fmt: skip


@pytest.mark.parametrize("stream", STREAMS)
def test_what_the_system_lists_becomes_canonical(stream: str, world: World, tmp_path: Path) -> None:
    """Every row of the stand-in keeps the contract after its mapping."""
    name, connector = STREAMS[stream]
    mapping = Library(world.home, Contracts.packaged()).mapping(f"http_json/{name}")
    services = Services("erp", tmp_path, tmp_path, lambda: datetime.now(UTC))
    with connector.build(Listed(world, connector).config(), services) as source:
        read = records(list(source.pages(stream, None)))
    for row in read:
        mapped = mapping.apply(row.document, variables={"system": "erp"}, now=datetime.now(UTC))
        assert not mapped.problems
        assert mapped.documents[0]["id"].startswith("erp/")
    assert read
