"""Stand-in for an in-house ERP, as a company's own developers write one: of our invention, in two flavours on one server.

`/api/` has resources, HTTP statuses and problem+json (RFC 9457); `/rpc/` takes many rows in one POST and always answers 200.
"""

from .routes import InHouseErp

__all__ = ["InHouseErp"]
