"""References and keys: the same for ever, different for anything else."""

import re

from hypothesis import given
from hypothesis import strategies as st

from trivet.delivery.keys import operation_key, record_reference, undo_key

PARTS = st.tuples(*[st.text(max_size=6)] * 4)


def test_a_reference_never_changes() -> None:
    """Pinned: an ERP is asked for it years later."""
    assert record_reference("yunxiu", "successfactors", "Goal_1", "kpi_weight|a1") == "FXY3CZOKEFFP55WD"


@given(PARTS)
def test_a_reference_fits_the_narrowest_field(parts: tuple[str, str, str, str]) -> None:
    """Sixteen characters of A-Z and 2-7."""
    assert re.fullmatch(r"[A-Z2-7]{16}", record_reference(*parts))


@given(PARTS, PARTS)
def test_different_parts_have_different_references(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    """Also where the parts only meet at another place."""
    assert (record_reference(*one) == record_reference(*other)) == (one == other)


def test_moved_borders_do_not_collide() -> None:
    """("ab", "c") is not ("a", "bc")."""
    assert record_reference("t", "ab", "c", "k") != record_reference("t", "a", "bc", "k")


def test_a_key_tells_kind_and_revision() -> None:
    """And a change never shares its key with its undoing."""
    assert operation_key("R" * 16, "create", 1) == "R" * 16 + "-C1"
    keys = {operation_key("R" * 16, kind, n) for kind in ("create", "update", "delete") for n in (1, 2)}
    assert len(keys | {undo_key(key) for key in keys}) == 12
