"""Where data may go: by the site's file, the connection's region, the person's consent; nothing else, and before any byte."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trivet.errors import ConfigError
from trivet.flow.answers import prohibited
from trivet.flow.privacy.residency import Border, Retention, Rules, load_rules

CN = Rules("CN", frozenset({"HK"}), frozenset({"SG"}))


@pytest.mark.parametrize(
    ("region", "agreed", "code"),
    [
        ("CN", False, None),
        ("HK", False, None),
        ("here", False, None),
        ("SG", True, None),
        ("SG", False, "CONSENT_MISSING"),
        ("US", True, "RESIDENCY_BLOCKED"),
        (None, True, "RESIDENCY_UNKNOWN"),
    ],
)
def test_a_border_lets_through_what_the_site_says(region: str | None, agreed: bool, code: str | None) -> None:
    """Home, named regions and this machine freely; some with consent; a connection that says nothing leads nowhere."""
    found = CN.refusal("erp", region, agreed=agreed)
    assert (found[0] if found else None) == code


def test_a_connection_is_looked_up_once_a_step() -> None:
    """However many people stand at the border: in Airflow it is a call to its server."""
    asked = []

    def connections(conn_id: str) -> Any:
        asked.append(conn_id)
        return SimpleNamespace(region="US")

    border = Border(SimpleNamespace(connections=connections), "t", {"hq": CN})  # type: ignore[arg-type]
    for _ in range(3):
        found = border.refusal("hq", "erp", agreed=False)
        assert found is not None
        assert found[0] == "RESIDENCY_BLOCKED"
        assert border.refusal("elsewhere", "mail", agreed=False) is None
    assert asked == ["erp"]


def site(home: Path, name: str, text: str) -> None:
    """A site's file."""
    folder = home / "mappings" / "sites"
    folder.mkdir(parents=True, exist_ok=True)
    head = f"apiVersion: trivet/v1\nkind: Site\nmetadata: {{name: sites/{name}}}\ntimezone: Asia/Shanghai\n"
    (folder / f"{name}.yaml").write_text(head + text, encoding="utf-8")


def test_rules_are_inherited_key_by_key(tmp_path: Path) -> None:
    """A site that says nothing about data has no rules; one that extends another differs where it says so."""
    site(tmp_path, "hq", "data: {region: CN, may_go_to: [HK], withdrawal: erase}\n")
    site(
        tmp_path,
        "plant",
        "extends: hq\ndata: {retention: [{data: recordings, purpose: recruiting, days: 90}]}\n",
    )
    site(tmp_path, "free", "")
    assert load_rules(tmp_path) == {
        "hq": Rules("CN", frozenset({"HK"}), frozenset(), "erase"),
        "plant": Rules(
            "CN", frozenset({"HK"}), frozenset(), "erase", (Retention("recordings", "recruiting", 90),)
        ),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("data: {may_go_to: [CN]}", "SITE_REGION"),
        ("data: {region: china}", "CONFIG_PATTERN"),
        ("data: {region: CN, may_goto: [HK]}", "CONFIG_UNKNOWN_KEY"),
        ("extends: nobody\ndata: {region: CN}", "SITE_EXTENDS"),
        ("data: {region: CN, retention: [{data: person, purpose: recruiting, days: 0}]}", "CONFIG_MINIMUM"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(tmp_path: Path, text: str, code: str) -> None:
    """No rule is guessed."""
    site(tmp_path, "hq", text + "\n")
    with pytest.raises(ConfigError) as caught:
        load_rules(tmp_path)
    assert code in str(caught.value)
    assert "hq.yaml" in str(caught.value)


def test_fields_about_feelings_are_found_and_words_are_not() -> None:
    """Names of fields, however deep and in both languages; a competency may be named 情绪管理."""
    document = {"a": [{"mood_score": 1}], "b": {"情绪": "x"}, "competency": "情绪管理", "text": "emotion"}
    assert prohibited(document) == ["/a/0/mood_score", "/b/情绪"]
