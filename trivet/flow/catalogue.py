"""The codes that ERPs take: what has left a list is retired, and a document is refused before it sends an unknown code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trivet.documents.canonical import fingerprint
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.ports import Port
from trivet.ledger import documents, records
from trivet.ledger.batches import Batch
from trivet.ledger.documents import NewDocument
from trivet.ledger.ledger import Transaction
from trivet.mapping import Mapping as MappingFile
from trivet.mapping import Problem
from trivet.model import Document

ENTRY = "catalogue_entry"


def retire(hub: Hub, flow: Flow, batch: Batch, port: Port, stream: str, listed: set[str]) -> int:
    """Makes inactive what the list, read whole, no longer holds; how many records that are."""
    with hub.ledger.begin() as tx:
        gone = [
            entry
            for entry in records.of_stream(tx, batch.tenant, port.connection, stream)
            if entry.external_id not in listed
        ]
        names = [
            document["id"]
            for entry in gone
            for mapping in _mappings(hub, flow, port.connection, stream)
            for document in mapping.apply(
                entry.document, variables={"system": port.connection}, now=hub.now()
            ).documents
        ]
        retired = []
        for known in documents.get_many(tx, batch.tenant, ENTRY, names).values():
            body = {**known.document, "active": False}
            retired.append(NewDocument(ENTRY, known.id, body, fingerprint(body), None, known.mapping_version))
        documents.put_many(tx, batch, retired)
        # when it comes back it is new
        records.forget(tx, [entry.id for entry in gone])
    return len(gone)


def _mappings(hub: Hub, flow: Flow, connection: str, stream: str) -> Iterator[MappingFile]:
    for inflow in flow.inflows:
        if inflow.connection == connection:
            yield from (hub.files(flow).mapping(name) for name in inflow.streams.get(stream, ()))


@dataclass(slots=True)
class Codes:
    """What each ERP takes today, by connection and list; a list that nobody has pulled refuses nothing."""

    _known: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, tx: Transaction, tenant: str, today: str) -> "Codes":
        """The active entries, valid on that date, of every list that was pulled."""
        found: dict[tuple[str, str], set[str]] = {}
        for entry in documents.of_kind(tx, tenant, ENTRY):
            body = entry.document
            codes = found.setdefault((body["system"], body["catalogue"]), set())
            if body["active"] and body.get("valid_from", today) <= today <= body.get("valid_until", today):
                codes.add(body["code"])
        return cls({key: frozenset(codes) for key, codes in found.items()})

    def unknown(self, connection: str, mapping: MappingFile, document: Document) -> Iterator[Problem]:
        """One problem for each field whose code its list does not hold."""
        for name, catalogue in mapping.sheet.catalogues.items():
            known = self._known.get((connection, catalogue))
            if known is not None and name in document and str(document[name]) not in known:
                said = f"is not in the {catalogue} of {connection} that were pulled last"
                yield Problem("CODE_UNKNOWN", name, said, mapping.sheet.places[name])
