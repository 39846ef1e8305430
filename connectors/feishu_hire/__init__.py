"""Feishu Hire 飞书招聘: candidates in, events in, recordings in, notes out.

After the models of `lark-oapi` 1.7.5 and open.feishu.cn's hire v1 pages.

`feishu_exams` is its provider of written tests (笔试服务商): an order comes as an event of the app, by the connection that takes
events; papers, login and result go back by `eco_exams`.
"""

from trivet.contract import (
    InboundConnector,
    RecordingsConnector,
    SourceConnector,
    TargetConnector,
    TargetTraits,
)

from .config import FeishuExamsConfig, FeishuHireConfig
from .exams import NAME as EXAMS_NAME
from .exams import open_exams
from .inbound import open_inbound
from .recordings import open_recordings
from .source import STREAMS, open_source
from .target import MAX_OPS, open_target
from .wire import CONNECTIONS

TITLE = "Feishu Hire 飞书招聘"
SOURCE = SourceConnector("feishu_hire", TITLE, FeishuHireConfig, open_source, STREAMS)
INBOUND = InboundConnector("feishu_hire", TITLE, FeishuHireConfig, open_inbound)
RECORDINGS = RecordingsConnector("feishu_hire", TITLE, FeishuHireConfig, open_recordings)
TARGET = TargetConnector(
    "feishu_hire",
    TITLE,
    FeishuHireConfig,
    open_target,
    TargetTraits(
        asked_by="searchable_reference", max_ops=MAX_OPS, quiet_seconds=2.0, deletes=True, connections=CONNECTIONS
    ),
)  # fmt: skip
EXAMS = TargetConnector(
    EXAMS_NAME,
    "Feishu Hire 飞书招聘 (written tests 笔试)",
    FeishuExamsConfig,
    open_exams,
    TargetTraits(asked_by="nothing", max_ops=1, quiet_seconds=10.0, deletes=False, repeatable=True),
)
