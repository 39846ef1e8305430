"""Feishu Hire 飞书招聘: candidates in, events in, recordings in, notes out.

After the models of `lark-oapi` 1.7.5 and open.feishu.cn's hire v1 pages.
"""

from trivet.contract import (
    InboundConnector,
    RecordingsConnector,
    SourceConnector,
    TargetConnector,
    TargetTraits,
)

from .config import FeishuHireConfig
from .inbound import open_inbound
from .recordings import open_recordings
from .source import STREAMS, open_source
from .target import MAX_OPS, open_target

TITLE = "Feishu Hire 飞书招聘"
SOURCE = SourceConnector("feishu_hire", TITLE, FeishuHireConfig, open_source, STREAMS)
INBOUND = InboundConnector("feishu_hire", TITLE, FeishuHireConfig, open_inbound)
RECORDINGS = RecordingsConnector("feishu_hire", TITLE, FeishuHireConfig, open_recordings)
TARGET = TargetConnector(
    "feishu_hire",
    TITLE,
    FeishuHireConfig,
    open_target,
    TargetTraits(asked_by="searchable_reference", max_ops=MAX_OPS, quiet_seconds=2.0, deletes=True),
)
