"""Kingdee Cloud 金蝶云星空 over its WebAPI: bills of configured forms, saved, submitted and audited; undone the way back.

After the official Python SDK 8.2.0 and its DTOs.
"""

from trivet.contract import TargetConnector, TargetTraits

from .config import KingdeeCloudConfig
from .target import MAX_OPS, open_target

TARGET = TargetConnector(
    "kingdee_cloud",
    "Kingdee Cloud 金蝶云星空 (WebAPI)",
    KingdeeCloudConfig,
    open_target,
    TargetTraits(asked_by="unique_reference", max_ops=MAX_OPS, quiet_seconds=2.0, deletes=True),
)
