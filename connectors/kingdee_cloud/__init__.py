"""Kingdee Cloud 金蝶云星空 over its WebAPI: bills of configured forms, saved, submitted and audited; undone the way back.

After the official Python SDK 8.2.0 and its DTOs. Employees and departments are standard forms; training and performance
are the customer's own, so what is read of them is configuration.
"""

from trivet.contract import (
    CatalogueConnector,
    DirectoryConnector,
    FeedbackConnector,
    TargetConnector,
    TargetTraits,
)

from .codes import NAME
from .config import KingdeeCloudConfig
from .listing import opener
from .target import MAX_OPS, open_target

TITLE = "Kingdee Cloud 金蝶云星空 (WebAPI)"
EMPLOYEES = ("employees",)
CODES = ("courses", "organisations")
RESULTS = ("completions", "performance_results")

TARGET = TargetConnector(
    NAME, TITLE, KingdeeCloudConfig, open_target,
    TargetTraits(asked_by="unique_reference", max_ops=MAX_OPS, quiet_seconds=2.0, deletes=True),
)  # fmt: skip
DIRECTORY = DirectoryConnector(NAME, TITLE, KingdeeCloudConfig, opener(*EMPLOYEES), EMPLOYEES)
CATALOGUE = CatalogueConnector(NAME, TITLE, KingdeeCloudConfig, opener(*CODES), CODES)
FEEDBACK = FeedbackConnector(NAME, TITLE, KingdeeCloudConfig, opener(*RESULTS), RESULTS, experimental=True)
