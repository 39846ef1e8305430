"""Fetches the next items while one is worked on: a vendor's answers and our own work take their time side by side."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
MOST = 3
"""Items fetched before their turn: enough that a slow one is waited for only where all of them are slow."""
_END: Any = object()


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in the same order; an error comes where the iterator raised it, after the items before it."""
    pool = ThreadPoolExecutor(1)
    try:
        coming = deque(pool.submit(next, items, _END) for _ in range(MOST))
        while (item := coming.popleft().result()) is not _END:
            coming.append(pool.submit(next, items, _END))
            yield item
    finally:
        # whoever stops early waits for what is being fetched, not for all that was to be
        pool.shutdown(cancel_futures=True)
