"""The arithmetic of plans: whatever the goals weigh, the sum is a hundred, or it is said that it cannot be."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trivet.flow.weights import METHODS

WEIGHTS = st.dictionaries(
    st.text("0123456789", min_size=1, max_size=6),
    st.decimals(min_value=0, max_value=100, places=2),
    min_size=1,
    max_size=30,
)
REST = st.decimals(min_value=0, max_value=100, places=2)


@given(WEIGHTS, REST)
def test_every_goal_by_the_same_factor_fills_the_rest_exactly(now: dict[str, Decimal], rest: Decimal) -> None:
    """To the hundredth; nobody goes below nothing, and nobody is off by more than a hundredth."""
    made = METHODS["proportional"](now, rest)
    whole = sum(now.values())
    if not whole:
        assert made is None
        return
    assert made.keys() == now.keys()
    assert sum(made.values()) == rest
    assert all(weight >= 0 for weight in made.values())
    assert all(abs(made[name] - now[name] * rest / whole) <= Decimal("0.01") for name in now)


@given(WEIGHTS, REST)
def test_the_heaviest_alone_gives_or_is_not_heavy_enough(now: dict[str, Decimal], rest: Decimal) -> None:
    """At most one goal changes, and it was the heaviest."""
    made = METHODS["largest"](now, rest)
    if made is None:
        assert max(now.values()) + rest - sum(now.values()) < 0
        return
    assert sum(made.values()) == rest
    changed = [name for name in now if made[name] != now[name]]
    assert len(changed) <= 1
    assert all(now[name] == max(now.values()) for name in changed)


def test_more_than_a_hundred_leaves_no_room() -> None:
    """Our own weights alone are too much: nothing is invented."""
    assert METHODS["proportional"]({"a": Decimal(50)}, Decimal(-10)) is None
    assert METHODS["largest"]({"a": Decimal(5)}, Decimal(-10)) is None
