"""What an engineer would write for one entity of one ERP on an afternoon: builds the calls, reads each record's own answer.

No second system, no retries, no limits, no doubt: an answer that is not the good one is an `AssertionError`. These are the
peers of `benchmarks.targets`; each takes a session, the address and the operations, and says how many came through.
"""

import calendar
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests
import zeep
import zeep.transports

from sandbox.sap_rfc import rfc
from trivet.model import Document, Operation

Operations = Sequence[Operation]
WSDL = Path(__file__).parents[1] / "sandbox" / "sap_soap" / "hcm.wsdl"
HCM = "{http://yunxiu.example/xi/HCM}"
KINGDEE = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.{}.common.kdsvc"


def _parts(operations: Operations, size: int) -> Iterator[Operations]:
    for at in range(0, len(operations), size):
        yield operations[at : at + size]


def _post(session: requests.Session, url: str, body: object) -> Document:
    answer = session.post(url, json=body, timeout=60)
    answer.raise_for_status()
    told: Document = answer.json()
    return told


def successfactors(session: requests.Session, url: str, operations: Operations) -> int:
    """Upserts of 400, dates in OData's form."""
    done = 0
    for part in _parts(operations, 400):
        items = []
        for one in part:
            name, day = one.entity, time.strptime(one.document["cust_dueDate"], "%Y-%m-%d")
            head = {"uri": f"{name}('{one.reference}')", "type": f"SFOData.{name}"}
            due = f"/Date({calendar.timegm(day) * 1000})/"
            item = {"__metadata": head, **one.document, "cust_dueDate": due, "externalCode": one.reference}
            items.append(item)
        told = _post(session, f"{url}/odata/v2/upsert?$format=json&strictTransactionIsolate=true", items)
        keys = [item["key"].rpartition("=")[2] for item in told["d"] if item["status"] == "OK"]
        assert keys == [one.reference for one in part]
        done += len(keys)
    return done


def kingdee(session: requests.Session, url: str, operations: Operations) -> int:
    """BatchSave of 20, submit, audit; what is there is asked for first, as ours does."""
    done = 0
    for part in _parts(operations, 20):
        form, models = part[0].entity, []
        numbers = "','".join(one.reference for one in part)
        asked = {"FormId": form, "FieldKeys": "FID,FBillNo", "FilterString": f"FBillNo in ('{numbers}')"}
        _post(session, url + KINGDEE.format("ExecuteBillQuery"), {"formid": form, "data": asked})
        for one in part:
            staff = {"FNumber": one.document["FStaffNumber"]}
            models.append({"FID": 0, "FBillNo": one.reference, **one.document, "FStaffNumber": staff})
        data: Document = {"Model": models, "IsAutoAdjustField": "true"}
        for service in ("BatchSave", "Submit", "Audit"):
            told = _post(session, url + KINGDEE.format(service), {"formid": form, "data": data})
            status = told["Result"]["ResponseStatus"]
            assert status["IsSuccess"]
            ids = {entry["DIndex"]: str(entry["Id"]) for entry in status["SuccessEntitys"]}
            assert len(ids) == len(part)
            data = {"Ids": ",".join(ids.values())}
        done += len(part)
    return done


def sap_soap(session: requests.Session, url: str, operations: Operations) -> int:
    """zeep, as its documentation shows it, bookings of 50."""
    client = _client(session)
    binding = next(name for name in client.wsdl.bindings if "ManageTrainingBookingIn" in name)
    service = client.create_service(  # type: ignore[no-untyped-call]
        binding, f"{url}/sap/bc/srt/xip/yx/managetrainingbookingin/100/in/in"
    )
    done = 0
    for part in _parts(operations, 50):
        head = {"ID": part[0].key, "CreationDateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        bookings = [{"ObjectNodeSenderTechnicalID": one.reference, "Details": one.document} for one in part]
        told = service.CreateTrainingBooking(MessageHeader=head, TrainingBooking=bookings)
        assert told.Log.BusinessDocumentProcessingResultCode == "3"
        done += sum(bool(booking.ID) for booking in told.TrainingBooking)
    return done


_CLIENTS: dict[int, zeep.Client] = {}


def _client(session: requests.Session) -> zeep.Client:
    # reading the WSDL is no part of the work, and ours reads it once as well
    known = _CLIENTS.get(0)
    if known is None:
        known = _CLIENTS[0] = zeep.Client(str(WSDL))  # type: ignore[no-untyped-call]
    known.transport.session = session
    return known


def in_house_plans(session: requests.Session, url: str, operations: Operations) -> int:
    """One object a call."""
    done = 0
    for one in operations:
        body = {**one.document, "external_ref": one.reference}
        key = {"Idempotency-Key": one.key}
        answer = session.post(f"{url}/api/training-plans", json=body, headers=key, timeout=60)
        assert answer.status_code == 201
        done += bool(answer.json()["id"])
    return done


def in_house_weights(session: requests.Session, url: str, operations: Operations) -> int:
    """Twenty rows a call, of fifty at a time as the engine hands them out."""
    done = 0
    for part in (part for fifty in _parts(operations, 50) for part in _parts(fifty, 20)):
        rows = [{"data": one.document, "ref": one.reference} for one in part]
        told = _post(session, f"{url}/rpc/kpi/batch", {"op": "create", "rows": rows})
        assert told["code"] == 0
        assert len(told["results"]) == len(part)
        done += sum(row["ok"] for row in told["results"])
    return done


def yonyou_bip(session: requests.Session, url: str, operations: Operations) -> int:
    """batchSave of 50."""
    done = 0
    for part in _parts(operations, 50):
        rows = [
            {
                "resubmitCheckKey": one.key,
                "sourceUnique": one.reference,
                "_status": "Insert",
                **one.document,
            }
            for one in part
        ]
        told = _post(session, f"{url}/yonbip/hrcustom/trainingPlan/batchSave?access_token=t", {"data": rows})
        assert str(told["code"]) == "200"
        ids = {row["sourceUnique"]: row["id"] for row in told["data"]["infos"]}
        assert len(ids) == len(part)
        done += len(ids)
    return done


def yonyou_ncc(session: requests.Session, url: str, operations: Operations) -> int:
    """One signed document a call."""
    done, public = 0, "k" * 392
    for one in operations:
        head = {**one.document, "def20": one.reference}
        bill = {"id": one.reference, "billhead": head}
        body = {
            "ufinterface": {
                "sender": "default", "account": "develop", "billtype": one.entity, "isexchange": "Y", "replace": "N",
                "roottag": "bill", "bill": bill,
            }
        }  # fmt: skip
        text = json.dumps(body, ensure_ascii=False)
        signature = hashlib.sha256(f"trivet{text}{public}".encode()).hexdigest()
        headers = {
            "Content-Type": "application/json;charset=utf-8", "access_token": "t", "client_id": "trivet",
            "signature": signature, "busi_id": one.key, "repeat_check": "Y", "ucg_flag": "y",
        }  # fmt: skip
        address = f"{url}/nccloud/api/hrtrn/{one.entity}/save"
        told = session.post(address, data=text.encode(), headers=headers, timeout=60).json()
        assert told["success"]
        assert told["data"]["ufinterface"]["successful"] == "Y"
        done += bool(told["data"]["ufinterface"]["sendresult"][0]["content"])
    return done


def sap_rfc(_: requests.Session, url: str, operations: Operations) -> int:
    """Twenty people a connection, a unit of work each: lock, prebook, commit, unlock."""
    done = 0
    for part in _parts(operations, 20):
        with rfc.Connection(
            ashost=f"/H/127.0.0.1/S/{urlsplit(url).port}", sysnr="00", client="100", user="TRIVET", passwd="x", lang="EN"
        ) as session:  # fmt: skip
            for one in part:
                person = one.document["ATTENDEEID"]
                told = session.call("BAPI_EMPLOYEE_ENQUEUE", NUMBER=person)
                assert told["RETURN"]["TYPE"] in ("", "S")
                told = session.call("BAPI_PREBOOK_ATTENDANCE", ATTENDEETYPE="P", PLVAR="01", **one.document)
                assert told["RETURN"]["TYPE"] == "S"
                told = session.call("BAPI_TRANSACTION_COMMIT", WAIT="X")
                assert told["RETURN"]["TYPE"] in ("", "S")
                session.call("BAPI_EMPLOYEE_DEQUEUE", NUMBER=person)
                done += 1
    return done
