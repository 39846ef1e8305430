"""Everything that is held about one person: as JSON for programs, as a page of text for the person, with the recordings."""

import json
import mimetypes
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select

from trivet.flow.fetch import listening
from trivet.flow.hub import Hub
from trivet.flow.privacy import opened as opening
from trivet.flow.report import find_person
from trivet.ledger import archive_file, contents, documents, erasures, inputs, operations, people, recordings
from trivet.ledger import cases as case_store
from trivet.ledger import set_asides as aside_store
from trivet.ledger.ledger import Transaction
from trivet.ledger.records import StoredRecord, of_subject
from trivet.ledger.scorings import Scoring, of_people
from trivet.ledger.tables import assessment_order, mailing, operation

Row = dict[str, Any]
_TITLES = {
    "person": "本人 / You",
    "consents": "同意 / What you agreed to",
    "documents": "资料与评估 / What is known and how it was assessed",
    "records": "人力资源系统中的原始记录 / As the HR systems gave it",
    "scorers": "评分服务的回答 / What scoring services answered",
    "deliveries": "已发送至其他系统 / What was sent to other systems",
    "orders": "测评订单 / Assessments that were ordered",
    "recordings": "录音录像 / Recordings",
    "letters": "已发送的报告 / Reports that were mailed",
    "set_aside": "未处理的事项 / What did not go on",
    "cases": "由人处理的事项 / What a person decides",
}
"""The parts of an export, in their order."""


def collect(hub: Hub, who: str) -> Row:
    """Everything held, part by part, opened."""
    with hub.ledger.read() as tx, archive_file.transactions(hub.ledger, hub.settings.archive) as older:
        found = find_person(tx, who)
        tenant, ref = found.tenant, found.subject_ref
        hold = erasures.held(tx, tenant, ref)
        parts = {
            "person": {
                "pseudonym": ref,
                "identities": [entry._asdict() for entry in people.identities_of(tx, tenant, ref)],
                "legal_hold": asdict(hold) if hold else None,
            },
            "consents": [asdict(entry) for entry in people.consents_of(tx, tenant, ref)],
            "documents": [entry._asdict() for entry in documents.by_subject(tx, tenant, [ref])],
            "records": [_record(entry) for entry in of_subject(tx, tenant, ref)],
            "scorers": [_answer(entry) for entry in of_people(tx, tenant, [ref])],
            "deliveries": [row for one in (*older, tx) for row in _sent(one, tenant, ref)],
            "orders": _plain(tx, assessment_order, tenant, ref),
            "recordings": [asdict(entry) for entry in recordings.of_subject(tx, tenant, ref)],
            "letters": _plain(tx, mailing, tenant, ref),
            "set_aside": [asdict(e) for e in aside_store.find(tx, tenant=tenant, subject_ref=ref, resolved=True)],
            "cases": [asdict(entry) for entry in case_store.find(tx, state=None, subject_ref=ref)],
        }  # fmt: skip
        return {"format": "trivet/subject-export/v1", "exported_at": tx.stamp, "tenant": tenant, **parts}


def export(hub: Hub, who: str, folder: Path, *, actor: str, media: bool = False) -> list[Row]:
    """The files that were written: `export.json`, `export.txt` and, with `media`, each recording in the clear."""
    held = collect(hub, who)
    opening.note(hub, [held["person"]["pseudonym"]], "subject export", actor=actor)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = [
        _write(folder / "export.json", json.dumps(held, ensure_ascii=False, indent=2).encode()),
        _write(folder / "export.txt", readable(held).encode()),
    ]
    for number, entry in enumerate(held["recordings"] if media else (), start=1):
        if entry["path"] and hub.store.has(entry["path"]):
            with listening(hub, entry["path"]) as clear:
                name = f"recording-{number}{mimetypes.guess_extension(entry['media_type'] or '') or ''}"
                written.append(_write(folder / name, clear.read_bytes()))
    return [{"file": str(file), "bytes": file.stat().st_size} for file in written]


def readable(held: Row) -> str:
    """The same for people: a heading a part, a line a fact."""
    lines = [f"{held['format']}  {held['exported_at']}", ""]
    for part, title in _TITLES.items():
        lines += ["", title, "=" * 40]
        entries = held[part] if isinstance(held[part], list) else [held[part]]
        for entry in entries:
            lines += [*_lines(entry), ""]
        lines += [] if entries else ["—", ""]
    return "\n".join(lines) + "\n"


def _lines(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """One line a fact; what lies within something else stands below it, further in."""
    head = "  " * depth + (f"{name}: " if name else "")
    if isinstance(value, dict | list) and value:
        if name:
            yield head.rstrip()
        parts = value.items() if isinstance(value, dict) else (("-", entry) for entry in value)
        for key, inner in parts:
            yield from _lines(inner, key, depth + bool(name))
    elif value not in (None, "", [], {}):
        yield f"{head}{value}"


def _record(entry: StoredRecord) -> Row:
    return {
        "system": entry.connection,
        "stream": entry.stream,
        "id": entry.external_id,
        "document": entry.document,
    }


def _answer(entry: Scoring) -> Row:
    return {
        "scorer": entry.scorer,
        "interview": entry.interview,
        "state": entry.state,
        "answer": entry.answer,
    }


def _sent(tx: Transaction, tenant: str, subject_ref: str) -> list[Row]:
    mine = operations.find(tx, operation.c.subject_ref == subject_ref, operation.c.tenant == tenant)
    opened = contents.get(tx, [entry.id for entry in mine])
    given = inputs.of_operations(tx, [entry.id for entry in mine])
    return [
        {
            "target": entry.target,
            "entity": entry.entity,
            "kind": entry.kind,
            "state": entry.state,
            "remote_id": entry.remote_id,
            **opened[entry.id]._asdict(),
            "made_from": given.get(entry.id),
        }
        for entry in mine
    ]


def _plain(tx: Transaction, table: Any, tenant: str, subject_ref: str) -> list[Row]:
    shown = [column for column in table.c if not column.name.endswith("_enc")]
    query = select(*shown).where(table.c.tenant == tenant, table.c.subject_ref == subject_ref)
    return [dict(row) for row in tx.conn.execute(query).mappings()]


def _write(file: Path, content: bytes) -> Path:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    return file
