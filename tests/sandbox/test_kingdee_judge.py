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


def test_the_sdk_deletes_many_bills_in_one_call(client: Any) -> None:
    """Each is named in the answer by its number and its place, those that stay with the reason."""
    form = "PAEZ_TrainingPlan"
    for number in ("JUDGE2", "JUDGE3"):
        assert status(client.Save(form, {"Model": {**BILL, "FBillNo": number}}))["IsSuccess"]
    assert status(client.Submit(form, {"Numbers": ["JUDGE3"]}))["IsSuccess"]
    said = status(client.Delete(form, {"Numbers": ["JUDGE2", "NOBODY", "JUDGE3"]}))
    assert not said["IsSuccess"]
    assert [(entry["Number"], entry["DIndex"]) for entry in said["SuccessEntitys"]] == [("JUDGE2", 0)]
    assert sorted(entry["DIndex"] for entry in said["Errors"]) == [1, 2]
    assert status(client.CancelAssign(form, {"Numbers": ["JUDGE3"]}))["IsSuccess"]
    assert status(client.Delete(form, {"Numbers": ["JUDGE3"]}))["IsSuccess"]


def test_the_sdk_reads_a_form(client: Any) -> None:
    """The fields of the head, as ours are."""
    told = json.loads(client.QueryBusinessInfo({"FormId": "PAEZ_TrainingPlan"}))["Result"]
    assert told["ResponseStatus"]["IsSuccess"]
    (head,) = [entry for entry in told["NeedReturnData"]["Entrys"] if entry["Key"] == "FBillHead"]
    assert {"FBillNo", "FStaffNumber", "FCourseNumber"} <= {field["Key"] for field in head["Fields"]}
    refused = status(client.QueryBusinessInfo({"FormId": "PAEZ_Nothing"}))
    assert (refused["IsSuccess"], refused["MsgCode"]) == (False, 5)


def test_the_sdk_sends_a_packet_once(client: Any) -> None:
    """With ValidateRepeatJson the second one is refused, and nothing of it is done."""
    form = "PAEZ_TrainingPlan"
    packet = {"ValidateRepeatJson": True, "Model": {**BILL, "FBillNo": "JUDGE4"}}
    assert status(client.Save(form, packet))["IsSuccess"]
    assert status(client.Delete(form, {"Numbers": ["JUDGE4"]}))["IsSuccess"]
    assert not status(client.Save(form, packet))["IsSuccess"]
    query = {"FormId": form, "FieldKeys": "FBillNo", "FilterString": "FBillNo = 'JUDGE4'"}
    assert json.loads(client.ExecuteBillQuery(query)) == []


def test_the_sdk_reads_staff_page_by_page(client: Any) -> None:
    """Ordered, from a row on, filtered by the time of change."""
    query = {"FormId": "BD_Empinfo", "FieldKeys": "FNumber,FModifyDate", "OrderString": "FModifyDate,FNumber"}
    whole = json.loads(client.ExecuteBillQuery(query))
    assert json.loads(client.ExecuteBillQuery({**query, "StartRow": 2, "Limit": 3})) == whole[2:5]
    said = f"FModifyDate >= '{whole[4][1]}' and (FNumber <> 'x' or FNumber = 'y')"
    assert json.loads(client.ExecuteBillQuery({**query, "FilterString": said})) == whole[4:]


def test_a_wrong_secret_is_refused(world: World) -> None:
    """The signature of another secret opens nothing."""
    said = world.sandbox["kingdee_cloud"].announce()
    made = sdk.K3CloudApiSdk(f"{said['base_url']}/k3cloud")
    made.InitConfig(
        said["account"], said["user"], said["app_id"], "another-secret", f"{said['base_url']}/k3cloud"
    )
    assert status(made.Save("PAEZ_TrainingPlan", {"Model": BILL}))["MsgCode"] == 1
