"""The official suites, fetched once; where they cannot be had the judges are skipped loudly."""

import pytest
from judges.sdists import Archive, NotThere, fetched


@pytest.fixture(scope="session")
def archives() -> dict[str, Archive]:
    """The source archives that hold the suites."""
    try:
        return fetched()
    except NotThere as why:
        pytest.skip(f"the official suites are not here ({why}); with a package index in reach: make judges")
