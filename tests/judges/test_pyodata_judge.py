"""SAP's own OData V2 client for Python judges our stand-in: `$metadata` parsed strictly, reads, writes, `$batch`."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from conftest import World

pyodata = pytest.importorskip("pyodata")

MDF = "cust_TrainingRecommendation"
ROW = {"cust_userId": "10000101", "cust_courseCode": "C1", "cust_reason": "𠮷田 O'Brien", "cust_score": 9.1}


@pytest.fixture
def client(world: World) -> Iterator[Any]:
    """The client, with every deviation of the metadata an error (its default policy)."""
    said = world.sandbox["successfactors"].announce()
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (f"{said['user']}@{said['company']}", said["password"])
        yield pyodata.Client(f"{said['base_url']}/odata/v2", session)


def test_the_metadata_is_what_the_standard_says(client: Any) -> None:
    """Every entity with its key, types and lengths (SuccessFactors' own annotations it does not know)."""
    schema = client.schema
    assert {e.name for e in schema.entity_types} >= {"User", "Goal_1", "DevGoal_2001", MDF}
    goal = schema.entity_type("Goal_1")
    assert [key.name for key in goal.key_proprties] == ["id"]
    assert goal.proprty("name").max_length == 400
    assert goal.proprty("due").typ.name == "Edm.DateTime"


def test_a_record_goes_there_and_back(client: Any) -> None:
    """Created, read by key and by filter, deleted."""
    entity = getattr(client.entity_sets, MDF)
    made = entity.create_entity().set(externalCode="JUDGE1", **ROW).execute()
    assert made.externalCode == "JUDGE1"
    assert entity.get_entity("JUDGE1").execute().cust_reason == ROW["cust_reason"]
    found = entity.get_entities().filter("externalCode eq 'JUDGE1'").execute()
    assert [row.cust_score for row in found] == [9.1]
    entity.delete_entity(key=entity.get_entity("JUDGE1").execute().entity_key).execute()
    assert len(entity.get_entities().filter("externalCode eq 'JUDGE1'").execute()) == 0


def test_pages_lead_on(client: Any) -> None:
    """`__next` is an address that the client follows."""
    query = client.entity_sets.User.get_entities().custom("customPageSize", "3")
    page, numbers = query.execute(), []
    while True:
        numbers += [user.userId for user in page]
        if page.next_url is None:
            break
        page = client.entity_sets.User.get_entities().next_url(page.next_url).execute()
    assert len(numbers) == len(set(numbers)) > 3


def test_a_changeset_is_one_transaction(client: Any) -> None:
    """Two good ones stay; of a good and a bad one neither does, and the answer is a single part."""
    entity = getattr(client.entity_sets, MDF)

    def send(*rows: dict[str, Any]) -> Any:
        batch, changes = client.create_batch(), client.create_changeset()
        for row in rows:
            changes.add_request(entity.create_entity().set(**row))
        batch.add_request(changes)
        return batch.execute()

    send({"externalCode": "J1", **ROW}, {"externalCode": "J2", **ROW})
    with pytest.raises(pyodata.exceptions.HttpError) as caught:
        send({"externalCode": "J3", **ROW}, {"externalCode": "J4", **ROW, "cust_userId": "nobody"})
    assert caught.value.response.status_code == 400
    found = entity.get_entities().execute()
    assert sorted(row.externalCode for row in found) == ["J1", "J2"]


def test_a_refusal_is_an_error_with_our_words(client: Any) -> None:
    """The error body is where the client looks for it."""
    with pytest.raises(pyodata.exceptions.HttpError) as caught:
        getattr(client.entity_sets, MDF).create_entity().set(
            externalCode="J9", **{**ROW, "cust_userId": "nobody"}
        ).execute()
    assert b"COE_INVALID_USER" in caught.value.response.content
