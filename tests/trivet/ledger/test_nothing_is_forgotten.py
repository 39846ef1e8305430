"""A table or column that is added later is rotated, exported and erased too: whoever adds one is told here."""

from trivet.ledger import erasures, rotation
from trivet.ledger.tables import metadata

KEPT = {
    "consent": "the person's own word, with times",
    "operation": "that it was sent, without contents",
    "case": "that somebody decided, without the words",
    "subject_key": "erased by itself",
    "tombstone": "keeps the person out",
    "erasure": "the proof",
    "legal_hold": "ends before anything is erased",
    "assessment_order": "emptied by `orders.forget`",
}
"""Tables about people of which an erasure leaves rows, and why."""


def test_every_sealed_column_is_rotated() -> None:
    """`*_enc` is what the ledger calls a sealed value."""
    sealed = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.c
        if column.name.endswith("_enc")
    }
    assert sealed == {f"{cells.table.name}.{cells.column.name}" for cells in rotation.CELLS}


def test_every_table_about_people_is_erased_or_kept_for_a_reason() -> None:
    """By its column `subject_ref`."""
    about = {table.name for table in metadata.tables.values() if "subject_ref" in table.c}
    erased = {table.name for table in erasures.PERSONAL}
    assert about == erased | set(KEPT)
    assert not erased & set(KEPT)
