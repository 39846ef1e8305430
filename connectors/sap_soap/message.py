"""Requests made from operations, as the connection describes them, and verdicts read from answers, record by record."""

import math
import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from trivet.errors import ConfigError, Rejected, UnknownOutcome
from trivet.model import Confirmed, Document, Operation, Outcome

from .config import LogConfig, OperationConfig
from .faults import NAME
from .paths import CONTENT, every, put, text
from .wsdl import Offer, child, inside, is_text

# XML 1.0, section 2.2: what no document can hold, escaped or not
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 300


def message_id(operations: Sequence[Operation]) -> str:
    """32 hexadecimal digits, equal for equal changes: a receiver that keeps them processes each once."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "trivet:" + " ".join(o.key for o in operations)).hex


def filled(
    offered: Offer, config: OperationConfig, operations: Sequence[Operation], now: datetime
) -> Document:
    """The request about these records; `Rejected` names the field that does not fit."""
    made: Document = {}
    if config.message_id:
        put(made, config.message_id, message_id(operations))
    if config.sent_at:
        put(made, config.sent_at, now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    records = [_record(offered, config, operation) for operation in operations]
    if config.items and records:
        put(made, config.items, records)
    elif records:
        for name, value in records[0].items():
            put(made, name, value)
    for path, value in config.constants.items():
        put(made, path, value)
    fitted: Document = _fitted(offered, offered.request.type, made, "")
    return fitted


def judged(
    offered: Offer,
    config: OperationConfig,
    log: LogConfig | None,
    operations: Sequence[Operation],
    answer: Document,
) -> dict[str, Outcome]:
    """What came of each record, by operation key."""
    path = config.answer.reference
    rows: dict[str, list[Any]] = {}
    for row in every(answer, config.answer.items):
        rows.setdefault(text(row, path), []).append(row)
    # of one record a message every row is about it
    return {
        o.key: _judged(offered.name, config, log, o, answer, rows.get(o.reference if path else "", []))
        for o in operations
    }


def errors(log: LogConfig | None, value: Any) -> list[Any]:
    """The log items in an answer, or in a record of it, that say refused."""
    if log is None:
        return []
    return [
        item for item in every(value, log.items) if not log.severity or text(item, log.severity) in log.errors
    ]


def refusal(operation: str, log: LogConfig | None, item: Any) -> Rejected:
    """A log item as an error."""
    said = " ".join(text(item, log.text).split())[:_LONGEST] if log else ""
    return Rejected(
        said or "refused", connector=NAME, operation=operation,
        vendor_code=(text(item, log.code) if log else "") or "LOG", field=text(item, log.field) or None if log else None,
    )  # fmt: skip


def verify(offered: Offer, config: OperationConfig, log: LogConfig | None, place: str) -> None:
    """Every configured path exists in the operation's messages; `ConfigError` names the one that does not."""
    whole = offered.request.type
    record = inside(whole, config.items, place)
    for path in (config.message_id, config.sent_at, *config.constants):
        inside(whole, path, place)
    for path in (config.reference, config.id, config.document):
        inside(record, path, place)
    if offered.answer is None:
        return
    told = config.answer
    if config.items and not told.reference:
        raise ConfigError(
            "its answer is about many records and does not say which", code="WSDL_PATH", place=place,
            cure="say `answer.reference`, or leave `items` empty",
        )  # fmt: skip
    row = inside(offered.answer.type, told.items, place)
    for path in (told.reference, told.id, told.document, told.success):
        inside(row, path, place)
    if log is not None and not told.success:
        _verify_log(offered, row, log, place)


def _verify_log(offered: Offer, row: Any, log: LogConfig, place: str) -> None:
    try:
        item = inside(row, log.items, place)
    except ConfigError:
        item = inside(offered.answer.type, log.items, place)
    for path in (log.reference, log.severity, log.code, log.text, log.field):
        inside(item, path, place)


def _judged(
    what: str,
    config: OperationConfig,
    log: LogConfig | None,
    operation: Operation,
    answer: Document,
    mine: Sequence[Any],
) -> Outcome:
    refused = _refused(what, log, operation, answer, mine)
    if refused is not None:
        gone = operation.kind == "delete" and refused.vendor_code in config.gone
        return Confirmed(operation.remote_id) if gone else refused
    if len(mine) != 1:
        return UnknownOutcome(
            "the answer does not name this record once",
            connector=NAME,
            operation=what,
            vendor_code="SOAP_UNEXPECTED",
        )
    told = config.answer
    word = text(mine[0], told.success)
    if told.success and word not in told.success_values:
        return Rejected(
            "refused without a reason", connector=NAME, operation=what, vendor_code=word or "NO_SUCCESS"
        )
    return Confirmed(text(mine[0], told.id) or operation.remote_id)


def _refused(
    what: str, log: LogConfig | None, operation: Operation, answer: Document, mine: Sequence[Any]
) -> Rejected | None:
    own = [item for row in mine if row is not answer for item in errors(log, row)]
    for item in own:
        return refusal(what, log, item)
    for item in errors(log, answer):
        if log and text(item, log.reference) in ("", operation.reference):
            return refusal(what, log, item)
    return None


def _record(offered: Offer, config: OperationConfig, operation: Operation) -> Document:
    record: Document = {}
    if operation.document and config.document:
        put(record, config.document, dict(operation.document))
    else:
        record |= operation.document
    if config.reference:
        put(record, config.reference, operation.reference)
    if config.id:
        if operation.remote_id is None:
            raise Rejected(
                "the record's id is not known",
                connector=NAME,
                operation=offered.name,
                vendor_code="NO_REMOTE_ID",
            )
        put(record, config.id, operation.remote_id)
    return record


def _fitted(offered: Offer, kind: Any, value: Any, path: str) -> Any:
    """The value as the type takes it; `Rejected` names the field that it does not know or no XML can hold."""
    name = path.rpartition("/")[2]
    if isinstance(value, dict):
        made = {}
        for inner, one in value.items():
            part = child(kind, inner)
            if part is None:
                raise _unfit(offered, inner, "MAPPING_UNKNOWN_FIELD", "the operation has no such element")
            if one is not None:
                made[inner] = _fitted(offered, part.type, one, f"{path}/{inner}")
        return made
    if isinstance(value, list):
        return [_fitted(offered, kind, one, path) for one in value]
    if isinstance(value, str) and _NO_XML.search(value):
        raise _unfit(offered, name, "XML_CHARACTER", "it holds a character that XML cannot hold")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _unfit(offered, name, "FIELD_TYPE", "the number is not finite")
        # 1e-07 is no xsd:decimal
        value = format(Decimal(repr(value)), "f")
    return {CONTENT: value} if is_text(kind) else value


def _unfit(offered: Offer, field: str, code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation=offered.name, vendor_code=code, field=field)
