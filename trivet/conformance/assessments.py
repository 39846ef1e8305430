"""What every dialect of ordering assessments has to do, whoever wrote it: subclass `AssessmentsSuite`, give it a vendor.

    class TestAcme(AssessmentsSuite):
        connector = ASSESSMENTS

        @pytest.fixture
        def vendor(self) -> Vendor: ...

A hub serves on loopback and is called as the vendor calls it; what counts is what its ledger holds. A vendor that orders by
events has its inbound side here. Overriding a test needs `pytest.mark.xfail(reason=…)`.
"""

import http.client
import json
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol
from uuid import UUID

import pytest
import uvicorn

from trivet.conformance.promises import PERSON, no_promise_is_dropped, settings_are_closed
from trivet.connections import parse_connection
from trivet.contract import AssessmentsConnector, InboundConnector
from trivet.flow.hub import Hub, open_hub
from trivet.inbound import create_app
from trivet.ledger import batches, cases, orders
from trivet.ledger.orders import StoredOrder
from trivet.model import Document
from trivet.settings import Settings

CONNECTION = "conformance"
PACKAGES = {"short": "Short interview", "long": "Long interview"}
MOST = 1024 * 1024
"""Bytes of a call."""
_FLOW = {
    "apiVersion": "trivet/v1",
    "kind": "Flow",
    "metadata": {"name": "orders"},
    "tenant": "acme",
    "environment": "sandbox",
    "source": {"connection": CONNECTION, "mappings": {}},
    "scoring": {"routes": [{"name": "all", "scorers": [CONNECTION]}], "assessment": "none"},
    "rules": ["none"],
    "deliver": [],
    "assessment_orders": {
        "connection": CONNECTION,
        "mapping": "none",
        "addresses": {"report": "https://reports.example/{order}"},
        "packages": [{"id": name, "name": {"zh": said, "en": said}} for name, said in PACKAGES.items()],
    },
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A call of the vendor's: the address below the connection's own, and what travels with it."""

    method: str
    path: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the vendor hears."""

    status: int
    body: Any


class Vendor(Protocol):
    """The HR system, held by the test. The order `n` is about `PERSON`; equal numbers are one order sent again."""

    result: Document
    """What a result is in this vendor's words."""

    def connection(self) -> Document:
        """Our side's connection in Airflow's JSON form, environment `sandbox`."""

    def offered(self) -> Sent | None:
        """Asks what can be ordered; None where this vendor cannot ask."""

    def place(self, n: int, package: str) -> Sent:
        """Orders."""

    def status(self, order: str) -> Sent | None:
        """Asks what the order has come to; None where this vendor cannot ask."""

    def cancel(self, order: str) -> Sent | None:
        """Cancels the order; None where this vendor cannot."""

    def complain(self, order: str) -> Sent | None:
        """Says that an answer could not be read, with somebody's address in it; None where this vendor cannot."""

    def unproven(self, sent: Sent) -> Sent:
        """The same from somebody else."""

    def with_body(self, body: bytes) -> Sent:
        """Proven, and with this in place of an order."""

    def packages(self, reply: Reply) -> set[str]:
        """The ids in an answer to `offered`."""

    def placed(self, reply: Reply) -> str | None:
        """The id in an answer to `place`; None where this vendor is told none."""

    def standing(self, reply: Reply) -> tuple[str, Any]:
        """The status in an answer to `status`, in the hub's word, and the score."""


class _World:
    """A hub that serves, and its ledger."""

    def __init__(self, folder: Path, vendor: Vendor, inbound: bool) -> None:
        self.vendor, self.prefix = vendor, f"/in/{CONNECTION}" if inbound else f"/assess/{CONNECTION}"
        (folder / "mappings" / "flows").mkdir(parents=True)
        (folder / "mappings" / "flows" / "orders.yaml").write_text(json.dumps(_FLOW), encoding="utf-8")
        self.file = folder / "ledger.db"
        self.settings = Settings(folder, folder, f"sqlite:///{self.file}", folder / "connections.json")
        self.hub: Hub
        self.port = 0
        self.fresh = 0

    @contextmanager
    def serving(self) -> Iterator["_World"]:
        """On a free port of loopback."""
        stored = self.vendor.connection()
        with open_hub(self.settings, lambda name: parse_connection(name, stored)) as self.hub:
            config = uvicorn.Config(create_app(self.hub, self._noticed), "127.0.0.1", 0, log_config=None)
            listening = config.bind_socket()
            # whoever calls before the server is up waits in line
            listening.listen(64)
            self.port = listening.getsockname()[1]
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.should_exit = True
                thread.join()
                listening.close()

    def _noticed(self) -> None:
        self.fresh += 1

    def call(self, sent: Sent | None) -> Reply:
        """What the vendor hears."""
        assert sent is not None
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(sent.method, self.prefix + sent.path, sent.body or None, dict(sent.headers))
            answer = line.getresponse()
            raw = answer.read()
        finally:
            line.close()
        return Reply(answer.status, json.loads(raw) if raw else None)

    def stored(self) -> list[StoredOrder]:
        """Every order, oldest first."""
        with self.hub.ledger.read() as tx:
            return orders.recent(tx, None, 1000)[::-1]

    def order(self, n: int = 1) -> StoredOrder:
        """The n-th order, placed."""
        self.call(self.vendor.place(n, "short"))
        return self.stored()[-1]

    def complete(self, order: StoredOrder) -> None:
        """There is a result."""
        how: dict[str, Any] = {"tenant": "acme", "flow": "orders", "run_key": "r", "environment": "sandbox"}
        with self.hub.ledger.begin() as tx:
            batch, _ = batches.open_or_resume(tx, **how)
            assert orders.complete(tx, order, self.vendor.result, batch.id)

    def cases(self) -> list[str]:
        """Texts of the open cases."""
        with self.hub.ledger.read() as tx:
            return [case.message for case in cases.find(tx)]


BAD_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"<order/>",
    "half of it": b'{"candidate": {"name": "',
    "a list": b"[]",
    "a number": b"4711",
    "nothing in it": b"{}",
    "bottomless": b"[" * 100_000,
    "no UTF-8": b'{"a": "\xff\xfe"}',
}


class AssessmentsSuite:
    """See the module."""

    connector: ClassVar[AssessmentsConnector[Any] | InboundConnector[Any]]

    def __init_subclass__(cls) -> None:
        no_promise_is_dropped(AssessmentsSuite, cls)

    @pytest.fixture
    def vendor(self) -> Vendor:
        """To be given by the subclass."""
        raise NotImplementedError

    @pytest.fixture
    def world(self, vendor: Vendor, tmp_path: Path) -> Iterator[_World]:
        """The hub, serving."""
        inbound = isinstance(self.connector, InboundConnector)
        with _World(tmp_path, vendor, inbound).serving() as made:
            yield made

    def test_settings_are_closed_frozen_and_described(self) -> None:
        """A misspelt setting is refused, a built one cannot be changed, and every one says what it is for."""
        settings_are_closed(self.connector.config)

    def test_what_can_be_ordered_is_what_the_flow_offers(self, world: _World) -> None:
        """No more, no less."""
        asked = world.vendor.offered()
        if asked is None:
            pytest.skip("this vendor cannot ask")
        reply = world.call(asked)
        assert reply.status == 200
        assert world.vendor.packages(reply) == set(PACKAGES)

    def test_an_order_is_stored_before_it_is_answered(self, world: _World) -> None:
        """Whole, sealed, and with the id that the vendor hears."""
        reply = world.call(world.vendor.place(1, "long"))
        assert reply.status == 200
        (order,) = world.stored()
        assert (order.status, order.package_id, order.tenant) == ("open", "long", "acme")
        assert world.vendor.placed(reply) in (None, order.id)
        assert all(word in json.dumps(order.document) for word in PERSON.split())
        assert world.hub.contracts.check("assessment_order", order.document) == []
        written = b"".join(file.read_bytes() for file in world.file.parent.glob("ledger.db*"))
        assert PERSON.split()[0].encode() not in written
        assert world.fresh == 1

    def test_the_same_order_again_is_one_order(self, world: _World) -> None:
        """A vendor that did not hear our answer sends it again, and hears the same."""
        replies = [world.call(world.vendor.place(1, "short")) for _ in range(3)]
        assert {reply.status for reply in replies} == {200}
        assert len({world.vendor.placed(reply) for reply in replies}) == 1
        assert len(world.stored()) == 1

    def test_the_same_order_twice_at_once_is_one_order(self, world: _World) -> None:
        """Two copies of one call on two connections."""
        replies: list[Reply] = []
        sent = world.vendor.place(1, "short")
        crowd = [threading.Thread(target=lambda: replies.append(world.call(sent))) for _ in range(6)]
        for caller in crowd:
            caller.start()
        for caller in crowd:
            caller.join()
        assert [reply.status for reply in replies] == [200] * 6
        assert len({world.vendor.placed(reply) for reply in replies}) == 1
        assert len(world.stored()) == 1

    def test_another_order_is_another(self, world: _World) -> None:
        """Each with an id of its own, which says nothing."""
        told = [world.order(n) for n in (1, 2)]
        assert len({order.id for order in told}) == 2
        assert all(str(UUID(order.id)) == order.id for order in told)

    def test_somebody_else_is_refused_and_nothing_is_stored(self, world: _World) -> None:
        """Whatever is asked; the refusal says no more than that."""
        vendor = world.vendor
        known = world.order()
        asked = [vendor.place(2, "short"), vendor.offered(), vendor.status(known.id), vendor.cancel(known.id)]
        for sent in [*asked, vendor.complain(known.id)]:
            if sent is not None:
                assert world.call(vendor.unproven(sent)).status == 401
        assert [order.status for order in world.stored()] == ["open"]
        assert world.cases() == []

    def test_an_unknown_package_is_refused_and_not_stored(self, world: _World) -> None:
        """In the vendor's words, or, where the vendor hears none, by a case for a person."""
        reply = world.call(world.vendor.place(1, "nonesuch"))
        assert world.stored() == []
        assert 400 <= reply.status < 500 or any("nonesuch" in text for text in world.cases())

    def test_the_status_is_the_ledgers(self, world: _World) -> None:
        """Open until there is a result, then completed with it, however often it is asked for."""
        order = world.order()
        asked = world.vendor.status(order.id)
        if asked is None:
            pytest.skip("this vendor cannot ask")
        assert world.vendor.standing(world.call(asked))[0] == "open"
        world.complete(order)
        for _ in range(2):
            status, score = world.vendor.standing(world.call(asked))
            assert status == "completed"
            assert score is not None

    def test_an_order_of_another_connection_is_unknown(self, world: _World) -> None:
        """So is one that never was, and one whose id is no id."""
        with world.hub.ledger.begin() as tx:
            said = {"package_id": "short", "candidate": {}, "references": {}}
            foreign, _ = orders.place(tx, "acme", "another", "k", said)
        for name in (foreign, "0b7e5c1e-3f5e-5a47-9d2e-3c5c0c0e9f11", "../../health", "x" * 5000):
            for sent in (world.vendor.status(name), world.vendor.cancel(name)):
                if sent is not None:
                    assert world.call(sent).status in (400, 404, 414, 422)
        with world.hub.ledger.read() as tx:
            found = orders.get(tx, "another", foreign)
        assert found is not None
        assert found.status == "open"

    def test_a_cancelled_order_is_open_no_more(self, world: _World) -> None:
        """Twice is once; and the same order after that is a new one."""
        order = world.order()
        sent = world.vendor.cancel(order.id)
        if sent is None:
            pytest.skip("this vendor cannot cancel")
        assert [world.call(sent).status for _ in range(2)] == [200, 200]
        assert [entry.status for entry in world.stored()] == ["cancelled"]
        again = world.order()
        assert again.id != order.id
        assert again.status == "open"

    def test_a_completed_order_is_not_cancelled(self, world: _World) -> None:
        """The result stays to be asked for."""
        order = world.order()
        world.complete(order)
        sent = world.vendor.cancel(order.id)
        if sent is None:
            pytest.skip("this vendor cannot cancel")
        world.call(sent)
        assert [entry.status for entry in world.stored()] == ["completed"]

    @pytest.mark.parametrize("name", BAD_BODIES)
    def test_a_body_that_is_no_order_is_refused(self, name: str, world: _World) -> None:
        """Never an error of ours, and nothing is stored."""
        reply = world.call(world.vendor.with_body(BAD_BODIES[name]))
        assert reply.status < 500
        assert world.stored() == []

    def test_an_order_of_more_than_a_megabyte_is_refused(self, world: _World) -> None:
        """By what it declares, before it is read; nothing is stored."""
        sent = world.vendor.with_body(b"")
        line = http.client.HTTPConnection("127.0.0.1", world.port, timeout=30)
        line.putrequest(sent.method, world.prefix + sent.path)
        for name, value in (*sent.headers, ("Content-Length", str(MOST + 1))):
            line.putheader(name, value)
        line.endheaders()
        assert line.getresponse().status == 413
        line.close()
        assert world.stored() == []

    def test_what_cannot_be_stored_is_not_answered_with_success(self, world: _World) -> None:
        """The vendor comes again; by then the ledger is back."""
        sent = world.vendor.place(1, "short")
        with sqlite3.connect(world.file) as db:
            db.execute("ALTER TABLE assessment_order RENAME TO away")
        assert world.call(sent).status == 503
        with sqlite3.connect(world.file) as db:
            db.execute("ALTER TABLE away RENAME TO assessment_order")
        assert world.call(sent).status == 200
        assert len(world.stored()) == 1

    def test_a_flow_that_cannot_be_read_is_not_an_unknown_package(self, world: _World) -> None:
        """Somebody is editing it: the vendor comes again."""
        (file,) = (world.settings.mappings / "flows").iterdir()
        right = file.read_text(encoding="utf-8")
        file.write_text(right[: len(right) // 2], encoding="utf-8")
        assert world.call(world.vendor.place(1, "short")).status == 503
        file.write_text(right, encoding="utf-8")
        assert world.call(world.vendor.place(1, "short")).status == 200

    def test_a_complaint_is_kept_for_a_person(self, world: _World) -> None:
        """Once, however often it comes, and without the address that the vendor quotes."""
        sent = world.vendor.complain(world.order().id)
        if sent is None:
            pytest.skip("this vendor does not complain")
        assert [world.call(sent).status for _ in range(2)] == [200, 200]
        (text,) = world.cases()
        assert "@" not in text

    def test_nothing_secret_or_personal_is_logged(
        self, world: _World, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not even at DEBUG: neither the person nor what proves the vendor."""
        caplog.set_level(logging.DEBUG)
        sent = world.vendor.place(1, "short")
        for call in (
            sent,
            world.vendor.unproven(sent),
            world.vendor.with_body(b'{"x": "' + PERSON.encode() + b'"}'),
        ):
            world.call(call)
        ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("trivet"))
        assert ours
        assert PERSON not in ours
        stored = world.vendor.connection()
        secrets = [stored.get("password"), *stored["extra"].values()]
        assert not [s for s in secrets if isinstance(s, str) and len(s) > 12 and s in ours]
