"""How much is tried: a little in `make test`, as much as is asked for in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings


def tries(few: int) -> settings:
    """So many examples, or those of `FUZZ_EXAMPLES`."""
    return settings(
        max_examples=int(os.environ.get("FUZZ_EXAMPLES") or few),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
