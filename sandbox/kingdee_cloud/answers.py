"""The vendor's `Result`, in which everything is said."""

from ..server import Answer
from ..store import Json


def result(done: list[Json] | None = None, errors: list[Json] | None = None, code: int = 0) -> Answer:
    """The vendor's `Result`; partly done is not success."""
    fine = not errors
    status = {
        "ErrorCode": 0 if fine else 500, "IsSuccess": fine, "Errors": errors or [], "SuccessEntitys": done or [],
        "SuccessMessages": [], "MsgCode": 0 if fine else code,
    }  # fmt: skip
    return Answer({"Result": {"ResponseStatus": status, "Id": "", "Number": "", "NeedReturnData": [{}]}})


def error(field: str, message: str, index: int) -> Json:
    """One entry of Errors."""
    return {"FieldName": field, "Message": message, "DIndex": index}
