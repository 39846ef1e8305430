"""The codes that ERPs take: a document is refused before it sends one that is unknown or has been retired."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trivet.ledger import documents
from trivet.ledger.ledger import Transaction
from trivet.mapping import Mapping as MappingFile
from trivet.mapping import Problem
from trivet.model import Document

ENTRY = "catalogue_entry"


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
