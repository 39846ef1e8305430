"""SAP's own OData V2 server judges our client: pages, changesets, keys, ETags, errors, the data model.

`tests/peers/odata` is a CAP service with the V2 adapter; its packages carry the SAP Developer License, so they are fetched
only for who accepts it. It has no `/upsert`, no 429 and no login of SuccessFactors: those are our stand-in's.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from trivet_connectors.successfactors.batch import Change
from trivet_connectors.successfactors.config import SuccessFactorsConfig
from trivet_connectors.successfactors.edm import from_vendor, key_of, plain, quoted
from trivet_connectors.successfactors.wire import Wire, rows

from trivet.contract import Services
from trivet.errors import Rejected

PEER = Path(__file__).parents[1] / "peers" / "odata"
CACHE = Path(__file__).parents[2] / ".judges" / "odata"
ACCEPTED = "TRIVET_ACCEPT_SAP_DEVELOPER_LICENSE"
NAME = "𠮷田 O'Brien"


def _node() -> int:
    """Node's major version, 0 where there is none."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.lstrip("v").split(".")[0])


pytestmark = [
    pytest.mark.skipif(
        os.environ.get(ACCEPTED) != "1",
        reason=f"SAP's CAP packages carry the SAP Developer License; who accepts it sets {ACCEPTED}=1",
    ),
    pytest.mark.skipif(_node() < 20, reason="node 20 or newer, with npm, is not installed"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The server's address; its packages are fetched and built once, into `.judges/odata`."""
    if not (CACHE / "node_modules" / "@sap" / "cds").exists():
        shutil.rmtree(CACHE, ignore_errors=True)
        shutil.copytree(PEER, CACHE)
        install = ["npm", "install", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=CACHE, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["node", "--no-warnings", "node_modules/@sap/cds/bin/serve.js", "all", "--in-memory"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(CACHE), "PORT": str(port)}
    with subprocess.Popen(
        command, cwd=CACHE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "server launched" in line or " launched in " in line:
                break
        else:
            pytest.fail(f"the server did not start:\n{said}")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
def wire(server: str, tmp_path: Path) -> Iterator[Wire]:
    """Our client, at the talent service, which is empty again."""
    config = SuccessFactorsConfig.model_validate(
        {"base_url": server, "login": "judge", "password": "any", "calls_per_second": 1000.0}
    )
    services = Services("judge", tmp_path, tmp_path, lambda: datetime.now(UTC))
    made = Wire(config, services, root="/odata/v2/talent")
    with made.http:
        goals = [Change("DELETE", f"Goal({row['goalId']}L)") for row in list(rows(made, "read", "Goal", {}))]
        for start in range(0, len(goals), 180):
            made.batch("clear", [[change] for change in goals[start : start + 180]])
        yield made


def goal(number: int, **changed: Any) -> Change:
    """A new goal."""
    body = {"goalId": str(number), "personId": "10000101", "name": NAME, "weight": "12.50", **changed}
    return Change("POST", "Goal", body)


def assignment(wire: Wire, reference: str) -> Any:
    """A new assignment as the server answers it, with its ETag."""
    body = {"externalCode": reference, "personId": "10000101", "priority": 2}
    ((part,),) = wire.batch("create", [[Change("POST", "TrainingAssignment", body)]])
    assert part.status == 201
    return part.json()["d"]  # type: ignore[index]


def test_the_data_model_is_read(wire: Wire) -> None:
    """Types, lengths and keys of somebody else's `$metadata`."""
    model = wire.metadata()
    assert set(model) >= {"Course", "Goal", "TalentPoolEntry", "TrainingAssignment"}
    assert model["Goal"]["goalId"].type == "Edm.Int64"
    assert model["Goal"]["name"].max_length == 400
    assert model["TrainingAssignment"]["externalCode"].type == "Edm.String"
    assert key_of(model["Goal"], "goalId", "1") == "1L"
    assert key_of(model["Course"], "courseCode", "O'B") == "'O''B'"


def test_every_row_of_every_page_comes_once(wire: Wire) -> None:
    """More rows than a page holds: `__next` leads on."""
    for start in range(0, 1260, 180):
        made = wire.batch("create", [[goal(i)] for i in range(start, start + 180)])
        assert {part.status for (part,) in made} == {201}
    found = [int(row["goalId"]) for row in rows(wire, "read", "Goal", {"$orderby": "goalId"})]
    assert found == list(range(1260))


def test_a_filter_with_awkward_text_finds_it(wire: Wire) -> None:
    """Quotes and rare characters, in a filter and in a value."""
    wire.batch("create", [[goal(1)], [goal(2, name="another")]])
    (row,) = rows(wire, "read", "Goal", {"$filter": f"name eq {quoted(NAME)}"})
    assert row["name"] == NAME
    assert from_vendor(wire.metadata()["Goal"], row)["weight"] == 12.5
    assert row["__metadata"]["uri"].endswith("Goal(1L)")


def test_a_refused_changeset_leaves_nothing(wire: Wire) -> None:
    """The good half of it is taken back; another changeset of the same request stays."""
    first, second = wire.batch("create", [[goal(11), goal(12, weight="101")], [goal(13)]])
    assert [part.status for part in first] == [400]
    assert [part.status for part in second] == [201]
    assert [row["goalId"] for row in rows(wire, "read", "Goal", {})] == ["13"]


def test_deletes_side_by_side_have_an_outcome_each(wire: Wire) -> None:
    """One never was, and does not stop the other."""
    wire.batch("create", [[goal(21)]])
    never, there = wire.batch("delete", [[Change("DELETE", "Goal(22L)")], [Change("DELETE", "Goal(21L)")]])
    assert [part.status for part in never] == [404]
    assert [part.status for part in there] == [204]
    assert wire.gone("look", "Goal(21L)")


@pytest.mark.parametrize(("etag", "status"), [(None, 428), ('W/"2001-01-01T00:00:00.000Z"', 412)])
def test_a_change_without_the_right_etag_is_refused(wire: Wire, etag: str | None, status: int) -> None:
    """Missing or stale: nothing is done."""
    made = assignment(wire, f"ETAG{status}")
    headers = {"If-Match": etag} if etag else {}
    path = f"TrainingAssignment(guid'{made['ID']}')"
    ((part,),) = wire.batch("change", [[Change("MERGE", path, {"priority": 3}, headers)]])
    assert part.status == status
    (row,) = rows(wire, "read", "TrainingAssignment", {"$filter": f"externalCode eq 'ETAG{status}'"})
    assert row["priority"] == 2


def test_a_change_with_the_etag_is_done(wire: Wire) -> None:
    """And a delete after it, with the new one."""
    made = assignment(wire, "GOOD")
    path = f"TrainingAssignment(guid'{made['ID']}')"
    headers = {"If-Match": made["__metadata"]["etag"]}
    ((part,),) = wire.batch("change", [[Change("MERGE", path, {"priority": 3}, headers)]])
    assert 200 <= part.status < 300
    (row,) = rows(wire, "read", "TrainingAssignment", {"$filter": "externalCode eq 'GOOD'"})
    assert row["priority"] == 3
    headers = {"If-Match": row["__metadata"]["etag"]}
    ((part,),) = wire.batch("delete", [[Change("DELETE", path, headers=headers)]])
    assert part.status == 204
    assert wire.gone("look", path)


def test_times_and_links_are_read(wire: Wire) -> None:
    """`/Date(…)/` in both of its forms becomes ISO; what leads elsewhere is left out."""
    assignment(wire, "TIMES")
    (row,) = rows(wire, "read", "TrainingAssignment", {"$filter": "externalCode eq 'TIMES'"})
    assert row["changedAt"].startswith("/Date(")
    read = plain(wire.metadata()["TrainingAssignment"], row)
    assert datetime.fromisoformat(read["changedAt"]).year == datetime.now(UTC).year
    assert not any(isinstance(value, dict) for value in read.values())


def test_a_refusal_names_code_and_text(wire: Wire) -> None:
    """The error body of a read that cannot be."""
    with pytest.raises(Rejected) as caught:
        list(rows(wire, "read", "Goal", {"$filter": "noSuchField eq 'x'"}))
    assert caught.value.vendor_code
    assert "noSuchField" in caught.value.message
