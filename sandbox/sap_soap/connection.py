"""How a deployment of Trivet names our services in a connection: nothing of them is in code there."""

from ..store import Json

_HEADER = {"message_id": "MessageHeader/ID", "sent_at": "MessageHeader/CreationDateTime"}
_CONFIRMED = {"items": "TrainingBooking", "reference": "ReferenceObjectNodeSenderTechnicalID", "id": "ID"}
_RECORD = {
    **_HEADER,
    "items": "TrainingBooking",
    "reference": "ObjectNodeSenderTechnicalID",
    "answer": _CONFIRMED,
}
_BOOKING = {**_RECORD, "service": "ManageTrainingBookingIn", "port": "binding"}
_SELECTION = {
    "items": "Selection", "reference": "SenderTechnicalID",
    "constants": {"ProcessingConditions/QueryHitsUnlimitedIndicator": True},
}  # fmt: skip
_FOCUS = {
    **_HEADER, "operation": "ReplicateAppraisalFocus", "reference": "AppraisalFocus/SenderTechnicalID",
    "document": "AppraisalFocus",
}  # fmt: skip


def entities() -> Json:
    """The two kinds of record."""
    return {
        "TrainingBooking": {
            "create": {**_BOOKING, "operation": "CreateTrainingBooking", "document": "Details"},
            "update": {**_BOOKING, "operation": "ChangeTrainingBooking", "document": "Details", "id": "ID"},
            "delete": {**_BOOKING, "operation": "CancelTrainingBooking", "id": "ID", "gone": ["YX_TRN 004"]},
            "find": {
                **_SELECTION, "operation": "FindTrainingBookingByReferenceID",
                "answer": {
                    "items": "TrainingBooking", "reference": "SenderTechnicalID", "id": "ID", "document": "Details"
                },
            },
        },
        "AppraisalFocus": {
            "create": {**_FOCUS, "constants": {"AppraisalFocus/actionCode": "01"}},
            "update": {**_FOCUS, "constants": {"AppraisalFocus/actionCode": "02"}},
            "delete": {**_FOCUS, "constants": {"AppraisalFocus/actionCode": "03"}},
            "find": {
                **_SELECTION, "operation": "FindAppraisalFocusByReferenceID",
                "answer": {"items": "AppraisalFocus", "reference": "SenderTechnicalID", "id": "UUID"},
            },
        },
    }  # fmt: skip


def streams() -> Json:
    """What the services know, each list by one query."""
    everything = {"ProcessingConditions/QueryHitsUnlimitedIndicator": True}
    names = {"employees": "Employee", "courses": "Course", "completions": "TrainingCompletion"}
    return {
        stream: {"operation": f"Find{name}", "constants": everything, "answer": {"items": name, "id": "ID"}}
        for stream, name in names.items()
    }


def connection(said: Json) -> Json:
    """The connection in Airflow's JSON form."""
    return {
        "conn_type": "trivet_sap_soap", "host": said["base_url"], "login": said["login"], "password": said["password"],
        "extra": {"environment": "sandbox", "wsdl": said["wsdl"], "entities": entities(), "streams": streams()},
    }  # fmt: skip
