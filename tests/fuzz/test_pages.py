"""Whatever a vendor's page holds: read, or refused by a connector's error; and what was good in it is not lost in silence."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import World, fresh_world
from fuzz.amount import tries
from fuzz.meddler import MOST_CALLS, Meddler, places, put
from hypothesis import given
from hypothesis import strategies as st
from standing import Standing

import trivet.http
from trivet.contract import Services, SourceConnector
from trivet.errors import ConnectorError
from trivet.registry import find_connector

HR = ("ashby", "bamboohr", "beisen", "feishu_hire", "greenhouse", "lever", "moka")
RUBBISH = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["", "0", "next", "true", "2026-13-45T99:00:00Z", "a\u0000b", "1" * 5000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "data", "name", "x"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def world(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> World:
    """One company for all of them: nothing is written."""
    return fresh_world(_servers, tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module", params=HR)
def far(request: pytest.FixtureRequest, world: World) -> Iterator[tuple[SourceConnector[Any], Any, Meddler]]:
    """A source whose vendor is meddled with."""
    connector = find_connector(SourceConnector, request.param)
    meddler = Meddler(world.sandbox.connections()[request.param]["host"])
    config = Standing(world, request.param, connector, "", [], {}, None, "").config(base_url=meddler.url)
    yield connector, config, meddler
    meddler.stop()


def read(connector: SourceConnector[Any], config: Any, folder: Path, stream: str) -> dict[str, Any]:
    """Records of the stream by id; each can be written down."""
    found = {}
    with connector.build(config, Services("fuzz", folder, folder, lambda: datetime.now(UTC))) as source:
        for page in source.pages(stream, None):
            assert isinstance(page.cursor, str)
            for record in page.records:
                assert isinstance(record.external_id, str)
                assert isinstance(record.version, str)
                found[record.external_id] = record.document
    return found


@tries(8)
@given(data=st.data())
def test_a_page_of_rubbish_raises_a_connectors_error_or_is_read(
    far: tuple[SourceConnector[Any], Any, Meddler],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: st.DataObject,
) -> None:
    """Anything in place of anything; and nobody reads the same page for ever."""
    monkeypatch.setattr(trivet.http, "FIRST_WAIT", 0.001)
    connector, config, meddler = far
    stream = data.draw(st.sampled_from(connector.streams))
    which, rubbish, at = data.draw(st.integers(0, 5)), data.draw(RUBBISH), data.draw(st.integers(0, 10**6))

    def change(path: str, body: Any) -> Any:
        if meddler.seen != which + 1:
            return body
        everywhere = places(body)
        return put(body, everywhere[at % len(everywhere)], rubbish)

    meddler.meddle(change)
    try:
        read(connector, config, tmp_path, stream)
    except ConnectorError as error:
        assert len(str(error)) < 500
    assert meddler.seen <= MOST_CALLS


@tries(8)
@given(rubbish=RUBBISH, first=st.booleans())
def test_a_row_of_rubbish_takes_no_good_record_with_it(
    far: tuple[SourceConnector[Any], Any, Meddler],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rubbish: Any,
    first: bool,
) -> None:
    """In every list of rows one more: either the page is refused, and asked for again in the next run, or the rows beside it
    are there."""
    monkeypatch.setattr(trivet.http, "FIRST_WAIT", 0.001)
    connector, config, meddler = far
    stream = connector.streams[0]
    meddler.meddle(lambda path, body: body)
    good = read(connector, config, tmp_path, stream)
    assert good

    def change(path: str, body: Any) -> Any:
        for at in places(body):
            rows = body
            for key in at:
                rows = rows[key]
            if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
                return put(body, at, [rubbish, *rows] if first else [*rows, rubbish])
        return body

    meddler.meddle(change)
    try:
        found = read(connector, config, tmp_path, stream)
    except ConnectorError:
        return
    assert good.keys() <= found.keys()
