"""Stand-ins for systems that a company's own developers write: of our invention.

`InHouseErp` has two flavours on one server: `/api/` has resources, HTTP statuses and problem+json (RFC 9457); `/rpc/` takes
many rows in one POST and always answers 200. `InHouseHr` is an HR system whose every list is paged in another way.
"""

from .hr import InHouseHr
from .routes import InHouseErp

__all__ = ["InHouseErp", "InHouseHr"]
