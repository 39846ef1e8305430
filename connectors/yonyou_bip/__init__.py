"""Yonyou BIP 用友 (YonBIP, YonSuite) over its OpenAPI: archives of the customer's own, competency archive, indicator scores.

After copies of the open platform's pages (token, 胜任力档案同步, 数据采集指标写入指标得分, 员工信息列表查询, 员工绩效结果查询
and the integration pages with `sourceUnique`). The standard product documents no course, no booking and no completion:
those are archives that the customer builds and publishes, and their addresses are configuration. Competency archive and
indicator scores keep nothing that could be asked for and take nothing back: a connector of their own.
"""

from trivet.contract import (
    CatalogueConnector,
    DirectoryConnector,
    FeedbackConnector,
    TargetConnector,
    TargetTraits,
)

from .archives import MAX_OPS, open_target
from .config import BipConfig, BipTalentConfig
from .listing import opener
from .talent import NAME as TALENT
from .talent import open_talent
from .wire import NAME

TITLE = "Yonyou BIP 用友 BIP (OpenAPI)"
EMPLOYEES = ("employees",)
CODES = ("courses",)
RESULTS = ("completions", "performance_results")

TARGET = TargetConnector(
    NAME, TITLE, BipConfig, open_target,
    TargetTraits(asked_by="searchable_reference", max_ops=MAX_OPS, quiet_seconds=10.0, deletes=True),
    experimental=True,
)  # fmt: skip
DIRECTORY = DirectoryConnector(NAME, TITLE, BipConfig, opener(*EMPLOYEES), EMPLOYEES)
CATALOGUE = CatalogueConnector(NAME, TITLE, BipConfig, opener(*CODES), CODES, experimental=True)
FEEDBACK = FeedbackConnector(NAME, TITLE, BipConfig, opener(*RESULTS), RESULTS, experimental=True)
TALENT_TARGET = TargetConnector(
    TALENT, "Yonyou BIP 用友 BIP: competency archive and indicator scores", BipTalentConfig, open_talent,
    TargetTraits(asked_by="nothing", max_ops=1, quiet_seconds=60.0, deletes=False),
    experimental=True,
)  # fmt: skip
