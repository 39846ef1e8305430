"""The console's routes as a stranger, the wrong person, another tenant and a foreign page call them: nothing happens."""

from typing import Any

import pytest
from bad_inputs.law import SECRET, lawful
from conftest import World, fresh_world

pytestmark = pytest.mark.airflow
CASES = {
    "55-anonymous": "HTTP_401",
    "55-wrong role": "HTTP_403",
    "55-another tenant's flow": "HTTP_404",
    "55-foreign page": "HTTP_403_CSRF",
    "55-page without origin": "HTTP_403_CSRF",
}
ACCESS = (
    "# yaml-language-server: $schema=../../schemas/access.schema.json\napiVersion: trivet/v1\nkind: Access\n"
    "metadata: {name: access}\ngrants:\n  - {groups: [op], rights: [view, operate, approve], sites: [elsewhere]}\n"
    "  - {groups: [admin], rights: [view, operate, approve], sites: ['*']}\n"
)


@pytest.fixture(scope="module")
def world(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A deployment whose operators at another site may do everything there."""
    made = fresh_world(_servers, tmp_path_factory.mktemp("console"))
    (made.home / "mappings" / "sites" / "access.yaml").write_text(ACCESS, encoding="utf-8")
    with made.hub():
        return made


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, console: Any, world: World) -> None:
    """The status and nothing of the flow; it is not held afterwards."""
    from trivet.flow import holding

    lawful(name, CASES[name])
    path, form = f"/flow/{world.flow}/hold", {"sure": "yes", "reason": SECRET}
    match name:
        case "55-anonymous":
            answer = console.anonymous("POST", path)
        case "55-wrong role":
            answer = console.post(path, "viewer", data=form)
        case "55-another tenant's flow":
            answer = console.post(path, "op", data=form)
        case "55-foreign page":
            answer = console.post(path, "admin", origin="http://evil.example", data=form)
        case _:
            answer = console.post(path, "admin", origin=None, data=form)
    assert answer.status_code == int(CASES[name].split("_")[1])
    assert SECRET not in answer.text
    with world.hub() as hub:
        assert holding.flow_waits(hub, world.flow) is None


def test_who_may_does(console: Any, world: World) -> None:
    """The same call by the right person from our own page: it was not refused for another reason."""
    from trivet.flow import holding

    answer = console.post(f"/flow/{world.flow}/hold", "admin", data={"sure": "yes", "reason": "why"})
    assert answer.status_code in (200, 303)
    with world.hub() as hub:
        assert holding.flow_waits(hub, world.flow)
