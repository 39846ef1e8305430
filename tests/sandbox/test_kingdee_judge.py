"""Kingdee's own SDK, unmodified, saves, queries, audits and deletes at our stand-in; its signature is verified."""

import json
from typing import Any

import pytest
from conftest import World

sdk = pytest.importorskip("k3cloud_webapi_sdk.main")


@pytest.fixture
def client(world: World) -> Any:
    """The SDK's client, pointed at loopback."""
    said = world.sandbox["kingdee_cloud"].announce()
    made = sdk.K3CloudApiSdk(f"{said['base_url']}/k3cloud")
    made.InitConfig(
        said["account"], said["user"], said["app_id"], said["app_secret"], f"{said['base_url']}/k3cloud"
    )
    return made


def status(answer: str) -> Any:
    """The vendor's ResponseStatus."""
    return json.loads(answer)["Result"]["ResponseStatus"]


BILL = {
    "FBillNo": "JUDGE1",
    "FStaffNumber": {"FNumber": "10000301"},
    "FCourseNumber": "C1",
    "FCourseName": "客户服务技巧",
}


def test_the_sdk_takes_a_bill_there_and_back(client: Any) -> None:
    """Save, submit, audit, query, and the way back: un-audit and delete."""
    form = "PAEZ_TrainingPlan"
    assert status(client.Save(form, {"Model": BILL}))["IsSuccess"]
    numbers = {"Numbers": ["JUDGE1"]}
    assert status(client.Submit(form, numbers))["IsSuccess"]
    assert status(client.Audit(form, numbers))["IsSuccess"]
    query = {"FormId": form, "FieldKeys": "FBillNo,FDocumentStatus", "FilterString": "FBillNo = 'JUDGE1'"}
    assert json.loads(client.ExecuteBillQuery(query)) == [["JUDGE1", "C"]]
    refused = status(client.Delete(form, numbers))
    assert not refused["IsSuccess"]
    assert status(client.UnAudit(form, numbers))["IsSuccess"]
    assert status(client.Delete(form, numbers))["IsSuccess"]
    assert json.loads(client.ExecuteBillQuery(query)) == []


def test_a_wrong_secret_is_refused(world: World) -> None:
    """The signature of another secret opens nothing."""
    said = world.sandbox["kingdee_cloud"].announce()
    made = sdk.K3CloudApiSdk(f"{said['base_url']}/k3cloud")
    made.InitConfig(
        said["account"], said["user"], said["app_id"], "another-secret", f"{said['base_url']}/k3cloud"
    )
    assert status(made.Save("PAEZ_TrainingPlan", {"Model": BILL}))["MsgCode"] == 1
