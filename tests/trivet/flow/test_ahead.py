"""Reading ahead changes nothing but the time it takes."""

import threading
from collections.abc import Iterator

import pytest

from trivet.flow.ahead import MOST, ahead


def test_the_same_items_in_the_same_order() -> None:
    """None is an item like any other."""
    assert list(ahead(iter([1, None, 3]))) == [1, None, 3]
    assert list(ahead(iter([]))) == []


def test_an_error_comes_after_the_items_before_it() -> None:
    """What was read before a vendor failed is worked on."""

    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("the third page")

    seen = []
    with pytest.raises(ValueError, match="the third page"):
        for item in ahead(failing()):
            seen.append(item)
    assert seen == [1, 2]


def test_the_next_items_are_fetched_while_one_is_worked_on() -> None:
    """So many are there before the first one is done with; none is fetched before its time."""
    fetched = [threading.Event() for _ in range(MOST + 2)]

    def items() -> Iterator[int]:
        for n, event in enumerate(fetched):
            event.set()
            yield n

    reading = ahead(items())
    assert next(reading) == 0
    assert fetched[MOST].wait(5)
    assert not fetched[MOST + 1].is_set()
    assert next(reading) == 1
    assert fetched[MOST + 1].wait(5)
    reading.close()  # type: ignore[attr-defined]


def test_who_stops_waits_for_one_item_at_most() -> None:
    """What was to be fetched after it is left."""
    fetched: list[int] = []
    go = threading.Event()

    def items() -> Iterator[int]:
        for n in range(MOST + 2):
            fetched.append(n)
            yield n
            if n == 1:
                go.wait(5)

    reading = ahead(items())
    assert next(reading) == 0
    threading.Timer(0.1, go.set).start()
    reading.close()  # type: ignore[attr-defined]
    assert max(fetched) <= 2
