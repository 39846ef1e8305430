"""Yonyou NC Cloud 用友 NCC (also sold as YonBIP 高级版) over its OpenAPI: signed, and on demand encrypted and packed bodies.

After the vendor's handbook (community.yonyou.com/datadict/bipbook, chapter OpenAPI), its interface list
(nccdev.yonyou.com/openapi) and a public toolkit that was measured against a running NCC (suyp-SLF/Yonyou-OpenAPI-Toolkit).
The standard product publishes no course, no booking and no completion of training: those are documents that the customer
publishes as OpenAPI in the product's own style (`ufinterface`), and their addresses are configuration.
"""

from trivet.contract import (
    CatalogueConnector,
    DirectoryConnector,
    FeedbackConnector,
    TargetConnector,
    TargetTraits,
)

from .config import NccConfig
from .documents import open_target
from .listing import opener
from .wire import NAME

TITLE = "Yonyou NC Cloud 用友 NCC (OpenAPI)"
EMPLOYEES = ("employees",)
CODES = ("courses",)
RESULTS = ("completions",)

TARGET = TargetConnector(
    NAME, TITLE, NccConfig, open_target,
    # one document a call is all that the interface list shows
    TargetTraits(asked_by="searchable_reference", max_ops=1, quiet_seconds=10.0, deletes=True),
    experimental=True,
)  # fmt: skip
DIRECTORY = DirectoryConnector(NAME, TITLE, NccConfig, opener(*EMPLOYEES), EMPLOYEES, experimental=True)
CATALOGUE = CatalogueConnector(NAME, TITLE, NccConfig, opener(*CODES), CODES, experimental=True)
FEEDBACK = FeedbackConnector(NAME, TITLE, NccConfig, opener(*RESULTS), RESULTS, experimental=True)
