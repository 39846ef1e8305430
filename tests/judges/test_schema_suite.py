"""Both validators and what `Contracts` makes of them pass the official JSON Schema suite, but for the listed cases."""

import json
import re
from typing import Any

import pytest
from judges import schema_suite
from judges.verdicts import complaints, reasons

from trivet.documents import Contracts
from trivet.documents.contracts import Violation
from trivet.errors import ConfigError

CASES = 1257
BOTH_KNOW = {"date", "date-time"}


@pytest.fixture(scope="module")
def groups(archives):
    """Every schema of the suite's mandatory part."""
    return list(schema_suite.groups(archives["jsonschema"]))


def verdicts(groups: Any) -> Any:
    """What the suite says of each case."""
    return [verdict for group in groups for verdict in schema_suite.judged(group)]


def of(schema: Any) -> Contracts:
    """Contracts that know one schema."""
    return Contracts({"one": {"$schema": schema_suite.DIALECT, "$id": "urn:one", **schema}})


def test_the_suite_is_whole(groups):
    """No file was lost on the way."""
    assert len(verdicts(groups)) == CASES


def test_both_validators_pass(groups):
    """Every case passes in both libraries and in `Contracts`, or is listed with a reason; nothing is listed in vain."""
    assert complaints(verdicts(groups), reasons("schema_suite")) == []


@pytest.mark.parametrize("keyword", ["unevaluatedProperties", "$dynamicRef", "multipleOf", "const"])
def test_a_validator_without_a_keyword_is_convicted(groups, keyword):
    """Validators that overlook one keyword fail the suite."""
    for group in groups:
        if keyword not in json.dumps(group.told["schema"]):
            continue
        blind = json.loads(json.dumps(group.contracts.schemas).replace(f'"{keyword}"', '"x-unknown"'))
        told = schema_suite.Group(group.file, group.told, Contracts(blind))
        if any(not verdict.passed for verdict in schema_suite.judged(told)):
            return
    pytest.fail(f"nothing in the suite needs {keyword}")


def test_our_schemas_use_the_formats_that_both_know():
    """A format that one library overlooks would make good reasons read as a disagreement."""
    used = re.findall(r'"format": "([^"]*)"', json.dumps(dict(Contracts.packaged().schemas)))
    assert set(used) <= BOTH_KNOW


@pytest.mark.parametrize(
    ("schema", "document", "pointer", "code"),
    [
        ({"properties": {"a": False}}, {"a": 1}, "", "SCHEMA_FALSE"),
        ({"allOf": [True, False]}, 1, "", "SCHEMA_FALSE"),
        ({"anyOf": [False, False]}, 1, "", "SCHEMA_FALSE"),
        ({"oneOf": [True, True]}, 1, "", "SCHEMA_ONEOF"),
    ],
)
def test_a_schema_that_is_false_refuses_readably(schema, document, pointer, code):
    """Found by the suite: boolean schemas made the readable path stumble (AttributeError)."""
    (found,) = set(of(schema).check("one", document))
    assert isinstance(found, Violation)
    assert (found.pointer, found.code) == (pointer, code)


@pytest.mark.parametrize("schema", [{"$ref": "urn:missing"}, {"type": "sort of"}, {"pattern": "("}])
def test_a_wrong_schema_is_not_the_documents_fault(schema):
    """Found by the suite: a reference to nowhere made every document "no JSON document"."""
    with pytest.raises(ConfigError, match="schema 'one'") as found:
        of(schema).check("one", {})
    assert found.value.code == "SCHEMA_INVALID"
