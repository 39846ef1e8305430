"""Documents keep their contract or are refused with place and code, and never with a value."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.documents import Contracts
from trivet.errors import ConfigError

MAPPINGS = Path(__file__).parents[3] / "mappings"
CONTRACTS = Contracts.packaged()
ASSESSED = json.loads((MAPPINGS / "fixtures" / "assessed.json").read_text(encoding="utf-8"))
SECRET = "Emma Clarke 1990-01-01"


def broken(kind: str, document: Any) -> list[tuple[str, str]]:
    """Pointer and code of every violation."""
    return [(v.pointer, v.code) for v in CONTRACTS.check(kind, document)]


def with_score(score: Any) -> Any:
    """An assessment with this score."""
    document = copy.deepcopy(ASSESSED["assessment"])
    document["competency_scores"][0]["score"] = score
    return document


@pytest.mark.parametrize("kind", ["application", "requisition", "assessment"])
def test_the_fixture_keeps_its_contracts(kind):
    """What the other tests start from is valid."""
    assert CONTRACTS.check(kind, ASSESSED[kind]) == []


@pytest.mark.parametrize("tenth", range(101))
def test_every_tenth_is_a_score(tenth):
    """All 101 scores pass, however floats round: 8.7 is no multiple of 0.1 in binary."""
    assert broken("assessment", with_score(tenth / 10)) == []


@given(st.integers(0, 100_000))
def test_a_score_has_one_decimal(number):
    """Of the scores with four decimals only those with one pass."""
    assert (broken("assessment", with_score(number / 10_000)) == []) == (number % 1_000 == 0)


@pytest.mark.parametrize(
    ("score", "code"),
    [
        ("85分", "SCORE_TYPE"),
        ("8５", "SCORE_TYPE"),
        (None, "SCORE_TYPE"),
        (True, "SCORE_TYPE"),
        (1e2, "SCORE_RANGE"),
        (101, "SCORE_RANGE"),
        (-1, "SCORE_RANGE"),
        (8.75, "SCORE_DECIMALS"),
        (0.1 + 0.2, "SCORE_DECIMALS"),
        (float("nan"), "SCORE_NOT_FINITE"),
        (float("inf"), "SCORE_NOT_FINITE"),
        pytest.param(10**5000, "JSON_LIMIT", id="5001 digits"),
    ],
)
def test_a_bad_score_is_refused_by_one_code(score, code):
    """Wrong kind, outside the scale and too precise are told apart; nothing is coerced."""
    assert broken("assessment", with_score(score)) == [("/competency_scores/0/score", code)]


def test_a_score_outside_names_the_scale():
    """The message tells the scale."""
    assert "0 to 10" in str(CONTRACTS.check("assessment", with_score(101))[0])


def test_an_unknown_field_suggests_the_near_one():
    """A typing mistake is told with its cure."""
    found = CONTRACTS.check("candidate", {"id": "a/b", "name": "x", "emial": "y"})
    assert [str(v) for v in found] == [
        "/emial: unknown field, did you mean 'email'? [SCHEMA_ADDITIONALPROPERTIES]"
    ]


def test_all_violations_are_told():
    """Not the first one only."""
    assert broken("candidate", {"name": "", "phone": 5, "updated_at": "yesterday"}) == [
        ("/id", "SCHEMA_REQUIRED"),
        ("/name", "SCHEMA_MINLENGTH"),
        ("/phone", "SCHEMA_TYPE"),
        ("/updated_at", "SCHEMA_FORMAT"),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "a/b", "name": SECRET * 20},
        {"id": SECRET, "name": "x"},
        {"id": "a/b", "name": [SECRET]},
        {"id": "a/b", "name": "x", "updated_at": SECRET},
        {"id": "a/b", "name": SECRET + "\0"},
        {"id": "a/b", "name": "x", "email": {"of": SECRET}},
    ],
)
def test_no_message_holds_a_value(bad):
    """What a person's record says stays out of messages."""
    found = CONTRACTS.check("candidate", bad)
    assert found
    assert "Emma" not in " ".join(map(str, found))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("\ud800", "TEXT_INVALID"),
        ("a\0", "TEXT_NUL"),
        ({1}, "JSON_TYPE"),
        (b"x", "JSON_TYPE"),
        (object(), "JSON_TYPE"),
    ],
)
def test_what_json_cannot_say_is_a_violation_and_no_exception(value, code):
    """A record with half a character does not take the batch with it."""
    assert broken("candidate", {"id": "a/b", "name": value}) == [("/name", code)]


def test_a_key_that_is_no_text_is_a_violation():
    """Python allows it, JSON does not."""
    assert [code for _, code in broken("candidate", {"id": "a/b", "name": "x", 1: 2})] == ["JSON_TYPE"]


def test_a_bottomless_document_is_a_violation():
    """A hundred thousand levels are refused, without recursion."""
    deep: Any = {}
    inner = deep
    for _ in range(100_000):
        inner["a"] = {}
        inner = inner["a"]
    assert [code for _, code in broken("candidate", {"id": "a/b", "name": "x", "ext": deep})] == [
        "JSON_LIMIT"
    ]


@pytest.mark.parametrize(
    "name", ["emotion", "emotion_score", "facialExpression", "micro_expression", "Sentiment"]
)
def test_emotion_has_no_place_in_any_document(name):
    """Closed documents have no such field, and the open corner refuses the name."""
    for kind in ("candidate", "assessment", "training_recommendation"):
        assert (f"/{name}", "SCHEMA_ADDITIONALPROPERTIES") in broken(kind, {name: 1})
        assert ("/ext", "FIELD_PROHIBITED") in broken(kind, {"ext": {name: 1}})


def test_a_vendor_may_add_what_it_likes_in_ext():
    """Extras have their corner."""
    assert broken("candidate", {"id": "a/b", "name": "x", "ext": {"tags": ["a"]}}) == []


def test_an_unknown_kind_suggests_the_near_one():
    """A wrong kind is a mistake of the caller's, told with its cure."""
    with pytest.raises(ConfigError) as wrong:
        CONTRACTS.check("asessment", {})
    assert "assessment" in wrong.value.explained()


@given(st.data())
def test_both_libraries_agree_on_mutated_documents(data):
    """Whatever one library accepts or refuses of a mutated document, the other does too."""
    document = copy.deepcopy(ASSESSED["assessment"])
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(
        st.none()
        | st.booleans()
        | st.integers(-5, 20)
        | st.floats(-1, 11)
        | st.text(max_size=5)
        | st.just([])
        | st.just({})
    )
    slow = CONTRACTS._slow("assessment").is_valid(document)
    assert CONTRACTS._quick("assessment").is_valid(document) == slow
    assert "SCHEMA_DISAGREEMENT" not in [code for _, code in broken("assessment", document)]


@pytest.mark.parametrize("kind", sorted(CONTRACTS.schemas))
def test_every_schema_is_one_and_describes_itself(kind):
    """Valid by the metaschema, with title and description; every field of a document has a description."""
    schema = CONTRACTS.schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"]
    assert schema["description"]
    silent = [name for name, field in schema.get("properties", {}).items() if not _described(field)]
    assert silent == []


def _described(field: dict[str, Any]) -> bool:
    inner = field.get("properties", {})
    return "description" in field or (bool(inner) and all(map(_described, inner.values())))


@pytest.mark.parametrize(
    "kind",
    [
        "access", "alerts", "behaviours", "flow", "mapping", "mapping_layer", "mapping_test", "rubric", "rules",
        "rules_layer", "site", "table", "terms",
    ],
)  # fmt: skip
def test_editors_that_know_draft_7_only_can_use_the_file_schemas(kind):
    """The schemas of files use nothing that draft-07 lacks."""
    schema = CONTRACTS.schema(kind)
    jsonschema.Draft7Validator.check_schema(schema)
    assert not {"prefixItems", "dependentRequired", "unevaluatedProperties", "$dynamicRef"} & set(
        _keys(schema)
    )
    assert all(ref.startswith("#/$defs/") for ref in _refs(schema))


@pytest.mark.parametrize("kind", sorted(set(CONTRACTS.schemas) - {"common"}))
def test_every_document_is_closed(kind):
    """A typing mistake in a field's name cannot pass."""
    assert CONTRACTS.schema(kind)["additionalProperties"] is False


def _keys(value: Any) -> Any:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _keys(inner)


def _refs(value: Any) -> Any:
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        for inner in value.values():
            yield from _refs(inner)
