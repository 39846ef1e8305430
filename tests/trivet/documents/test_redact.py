"""A redacted document can be shown."""

import json
from pathlib import Path

from trivet.documents import Contracts
from trivet.documents.redact import MASK, redact

CONTRACTS = Contracts.packaged()
ASSESSED = json.loads(
    (Path(__file__).parents[3] / "mappings" / "fixtures" / "assessed.json").read_text(encoding="utf-8")
)


def test_personal_fields_are_masked_and_the_rest_stays():
    """Name, e-mail and phone go; the id by which a person is found stays."""
    given = {"id": "a/b", "name": "Emma Clarke", "email": "e@x.org", "phone": None}
    assert redact(CONTRACTS, "candidate", given) == {"id": "a/b", "name": MASK, "email": MASK, "phone": None}


def test_a_field_that_no_schema_describes_is_masked():
    """Nobody knows what an unknown field holds, nor what a vendor puts into `ext`."""
    given = {"id": "a/b", "name": "x", "nmae": ["Emma"], "ext": {"mother": {"name": "Ann", "age": 60}}}
    shown = redact(CONTRACTS, "candidate", given)
    assert shown["nmae"] == [MASK]
    assert shown["ext"] == {"mother": {"name": MASK, "age": MASK}}


def test_quotes_are_masked_deep_inside_and_scores_stay():
    """References, lists and nested objects are followed."""
    shown = redact(CONTRACTS, "assessment", ASSESSED["assessment"])
    first = shown["competency_scores"][0]
    assert first["evidence"][0]["quote"] == MASK
    assert first["score"] == 9
    assert ASSESSED["assessment"]["competency_scores"][0]["evidence"][0]["quote"] != MASK


def test_the_competency_model_stays():
    """Additional fields that the schema describes are shown."""
    assert redact(CONTRACTS, "requisition", ASSESSED["requisition"]) == ASSESSED["requisition"]
