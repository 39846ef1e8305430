"""Stand-in for Yonyou NC Cloud: token, signature, five levels of bodies, documents and queries in NC's own envelope, staff.

After the vendor's handbook and interface list and a public toolkit measured against a running NCC. `trainplan`, `kpiweight`,
`course` and `trainresult` are documents of this customer, published as OpenAPI in the product's style. Assumed: that `data`
of a query is the list of rows, how a delete takes its keys, what a repeated `busi_id` is told, and `content` as the key of
what was made.
"""

from .routes import YonyouNcc

__all__ = ["YonyouNcc"]
