"""What an ERP answers to a write: whatever does not say success in its own words is never taken for it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import World, fresh_world
from fuzz.amount import tries
from fuzz.meddler import Meddler, places, put
from fuzz.test_pages import RUBBISH
from hypothesis import assume, given
from hypothesis import strategies as st
from standing import Standing
from trivet_connectors.sap_rfc.returns import bad, messages

import trivet.http
from trivet.contract import Services, TargetConnector
from trivet.errors import ConnectorError
from trivet.model import Accepted, Confirmed, Operation
from trivet.registry import find_connector


@dataclass(frozen=True)
class Erp:
    """How one says that it is done."""

    entity: str
    document: dict[str, Any]
    writes: str
    """Part of a write's path."""
    says: tuple[str, ...]
    """The members of its answer that say so; without them, or with anything else in them, nothing is confirmed."""


ERPS = {
    "kingdee_cloud": Erp(
        "PAEZ_TrainingPlan",
        {"FStaffNumber": "10000301", "FCourseNumber": "C", "FScore": 9.1, "FDueDate": "2027-02-21"}, "DynamicFormService",
        ("IsSuccess", "SuccessEntitys"),
    ),
    "successfactors": Erp(
        "cust_TrainingRecommendation", {"cust_userId": "10000101", "cust_courseCode": "C", "cust_reason": "r"}, "upsert",
        ("status",),
    ),
    "yonyou_bip": Erp(
        "trainingPlan", {"staffCode": "10000301", "courseCode": "C", "score": 9.1, "dueDate": "2027-02-21"}, "batchSave",
        ("code",),
    ),
    "yonyou_ncc": Erp(
        "trainplan", {"psncode": "10000301", "coursecode": "C", "score": 9.1, "duedate": "2027-02-21"}, "", ("success",),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> World:
    """One company for all of them."""
    return fresh_world(_servers, tmp_path_factory.mktemp("returns"))


@pytest.fixture(scope="module", params=ERPS)
def far(
    request: pytest.FixtureRequest, world: World
) -> Iterator[tuple[Erp, TargetConnector[Any], Any, Meddler]]:
    """A target whose vendor is meddled with."""
    connector = find_connector(TargetConnector, request.param)
    meddler = Meddler(world.sandbox.connections()[request.param]["host"])
    config = Standing(world, request.param, connector, "", [], {}, None, "").config(
        base_url=meddler.url, calls_per_second=1000.0
    )
    yield ERPS[request.param], connector, config, meddler
    meddler.stop()


def sent(erp: Erp, connector: TargetConnector[Any], config: Any, folder: Path, number: int) -> Any:
    """What one operation comes to."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    reference = "".join(digits[number // 32**i % 32] for i in range(8)) + "QQQQQQQQ"
    operation = Operation(f"{reference}-C1", reference, "create", erp.entity, erp.document)
    with connector.build(config, Services("fuzz", folder, folder, lambda: datetime.now(UTC))) as target:
        try:
            (outcome,) = target.send([operation])
        except ConnectorError as error:
            return error
    return outcome


def test_untouched_it_is_confirmed(
    far: tuple[Erp, TargetConnector[Any], Any, Meddler], tmp_path: Path
) -> None:
    """So that the next test says something."""
    erp, connector, config, meddler = far
    meddler.meddle(lambda path, body: body)
    assert isinstance(sent(erp, connector, config, tmp_path, 7), Confirmed | Accepted)


@tries(10)
@given(rubbish=RUBBISH, gone=st.booleans(), number=st.integers(100, 32**8 - 1))
def test_rubbish_in_place_of_success_is_never_confirmed(
    far: tuple[Erp, TargetConnector[Any], Any, Meddler], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    rubbish: Any, gone: bool, number: int,
) -> None:  # fmt: skip
    """Nor is an answer from which it is missing; the error is a connector's own."""
    monkeypatch.setattr(trivet.http, "FIRST_WAIT", 0.001)
    erp, connector, config, meddler = far
    touched = []

    def change(path: str, body: Any) -> Any:
        if erp.writes not in path:
            return body
        for at in places(body):
            if at and at[-1] in erp.says:
                changed = without(body, at) if gone else put(body, at, rubbish)
                # the very word that stood there is no rubbish; 1 is not true, nor is "true"
                if json.dumps(changed) != json.dumps(body):
                    touched.append(at)
                body = changed
        return body

    meddler.meddle(change)
    outcome = sent(erp, connector, config, tmp_path, number)
    assume(touched)
    assert isinstance(outcome, ConnectorError | Accepted)


@tries(10)
@given(body=RUBBISH, number=st.integers(100, 32**8 - 1))
def test_rubbish_alone_is_never_confirmed(
    far: tuple[Erp, TargetConnector[Any], Any, Meddler], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: Any, number: int
) -> None:  # fmt: skip
    """Whatever JSON it is."""
    monkeypatch.setattr(trivet.http, "FIRST_WAIT", 0.001)
    erp, connector, config, meddler = far
    meddler.meddle(lambda path, said: body if erp.writes in path else said)
    assert isinstance(sent(erp, connector, config, tmp_path, number), ConnectorError | Accepted)


CODES = st.sampled_from(["", "E", "A", "X", "S", "W", "I", "e", "Q", "PQ", "603", "000", "S&101"])


@tries(50)
@given(
    said=RUBBISH
    | st.lists(
        st.dictionaries(
            st.sampled_from(["TYPE", "ID", "NUMBER", "CODE", "MESSAGE_V1", "FIELD"]),
            CODES | RUBBISH,
            max_size=5,
        ),
        max_size=3,
    )
)
def test_a_bapi_is_believed_only_where_every_message_is_harmless(said: Any) -> None:
    """RETURN in any shape: none of them is passed over, and an unknown type is no success."""
    found = messages({"RETURN": said})
    rows = said if isinstance(said, list) else [said]
    if found is None:
        assert said is None or not all(isinstance(row, dict) for row in rows)
        return
    assert len(found) == len(rows)
    doubtful = [one for one in found if one.type not in ("", "S", "I", "W") or one.code not in ("", "PQ603")]
    assert (bad({"RETURN": said}, ("PQ603",)) is not None) == bool(doubtful)


def without(value: Any, path: tuple[Any, ...]) -> Any:
    """The same without that member."""
    key, rest = path[0], path[1:]
    if not rest:
        return {k: part for k, part in value.items() if k != key} if isinstance(value, dict) else value
    if isinstance(value, list):
        return [without(part, rest) if i == key else part for i, part in enumerate(value)]
    return {k: without(part, rest) if k == key else part for k, part in value.items()}
