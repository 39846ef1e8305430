"""Who may do what: grants by name and group, sites of flows, and the file's check."""

from pathlib import Path

import pytest

from trivet.flow.check import check_home
from trivet.flow.console.access import RIGHTS, Grant, Visitor

SITES = {"nightly_cn": "cn", "nightly_de": "de", "feedback": None}
FLOW = """# yaml-language-server: $schema=../../schemas/flow.schema.json
apiVersion: trivet/v1
kind: Flow
metadata: {name: nightly}
tenant: yunxiu
site: shanghai
environment: sandbox
source: {connection: feishu_hire, mappings: {}}
"""
HEAD = """# yaml-language-server: $schema=../../schemas/access.schema.json
apiVersion: trivet/v1
kind: Access
metadata: {name: sites/access}
"""


def visitor(*grants: tuple[str, str]) -> Visitor:
    """Somebody with these rights at these sites, both as words."""
    made = (Grant(frozenset(rights.split()), frozenset(sites.split())) for rights, sites in grants)
    return Visitor("li.na", tuple(made), SITES)


def test_a_right_holds_for_its_sites_only() -> None:
    """Of the others she knows nothing, and what belongs to none is for those whose right holds everywhere."""
    who = visitor(("view operate", "cn"), ("view", "de"))
    assert who.may("operate", "nightly_cn")
    assert not who.may("operate", "nightly_de")
    assert not who.may("view", "feedback")
    assert not who.may("view", None)
    assert not who.may("view", "a flow whose file is gone")
    assert who.flows("view") == {"nightly_cn", "nightly_de"}
    assert who.flows("operate") == {"nightly_cn"}


def test_a_star_is_every_site_and_what_has_none() -> None:
    """Even batches of flows that are gone."""
    who = visitor(("view", "*"), ("operate", "cn"))
    assert who.flows("view") is None
    assert all(who.may("view", flow) for flow in (*SITES, None, "gone"))
    assert not who.may("operate", "nightly_de")


def test_one_right_brings_no_other() -> None:
    """Who operates does not see personal data, who approves does not operate."""
    for right in RIGHTS:
        who = visitor((right, "*"))
        assert [one for one in RIGHTS if who.may(one, "nightly_cn")] == [right]


@pytest.mark.parametrize(
    ("names", "groups", "meets"),
    [
        ({"li.na"}, (), True),
        ((), {"hr"}, True),
        ({"hr"}, {"li.na"}, False),
        ({"LI.NA"}, (), False),
        ((), (), False),
    ],
)
def test_a_grant_meets_names_and_groups_apart(names: set[str], groups: set[str], meets: bool) -> None:
    """A user who calls herself as a group is called gets none of its rights."""
    grant = Grant(frozenset({"view"}), frozenset({"*"}), frozenset({"li.na"}), frozenset({"hr"}))
    assert grant.meets(names, groups) is meets


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grants: [{groups: [a], rights: [view], sites: [shanghai]}]", None),
        ("grants: [{groups: [a], rights: [view], sites: ['*']}]", None),
        ("grants: [{groups: [a], rights: [view], sites: [shanghia]}]", "ACCESS_SITE: no flow belongs to site 'shanghia', did"),
        ("grants: [{groups: [a], rights: [see], sites: [shanghai]}]", "CONFIG_ENUM"),
        ("grants: [{rights: [view], sites: [shanghai]}]", "CONFIG_ANYOF"),
        ("grants: [{group: [a], rights: [view], sites: [shanghai]}]", "CONFIG_UNKNOWN_KEY: /grants/0/group"),
        ("grants: [{groups: [a], rights: [view], sites: [shanghai]}, ]]", "CONFIG_YAML"),
    ],
)  # fmt: skip
def test_the_file_is_checked(tmp_path: Path, text: str, said: str | None) -> None:
    """A misspelt right would lock people out, a misspelt site would grant nothing."""
    for name, content in (("flows/nightly", FLOW), ("sites/access", HEAD + text)):
        file = tmp_path / "mappings" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    found = [
        f"{one.code}: {one.message}"
        for one in check_home(tmp_path).findings
        if one.file == "mappings/sites/access.yaml"
    ]
    assert any(said in one for one in found) if said else found == []
