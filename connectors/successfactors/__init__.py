"""SAP SuccessFactors over OData V2: goals and custom MDF objects by bulk upsert, an outcome per record; its Learning over V4.

After SAP's KBAs 2545933, 2614934, 2936182, 3069375, 3145174, 3709239 and the EDMX that SAP publishes for goals. What is
read is the tenant's own to name: employees and goals are documented entities, competencies, courses and results are not
the same everywhere. Learning is another server with other credentials, and nothing can be asked of it: a connector of its own.
"""

from trivet.contract import (
    CatalogueConnector,
    DirectoryConnector,
    FeedbackConnector,
    TargetConnector,
    TargetTraits,
)

from .config import LearningConfig, SuccessFactorsConfig
from .learning import MAX_OPS as ONE
from .learning import NAME as LEARNING
from .learning import open_completions, open_learning
from .listing import opener
from .target import MAX_BYTES, MAX_OPS, open_target
from .wire import NAME

TITLE = "SAP SuccessFactors (OData V2)"
EMPLOYEES = ("employees",)
CODES = ("goal_plans", "competencies", "courses")
RESULTS = ("goals", "performance_results")
COMPLETIONS = ("completions",)

TARGET = TargetConnector(
    NAME, TITLE, SuccessFactorsConfig, open_target,
    TargetTraits(
        asked_by="searchable_reference", max_ops=MAX_OPS, quiet_seconds=2.0, deletes=True, max_bytes=MAX_BYTES
    ),
)  # fmt: skip
DIRECTORY = DirectoryConnector(NAME, TITLE, SuccessFactorsConfig, opener(*EMPLOYEES), EMPLOYEES)
CATALOGUE = CatalogueConnector(NAME, TITLE, SuccessFactorsConfig, opener(*CODES), CODES, experimental=True)
FEEDBACK = FeedbackConnector(NAME, TITLE, SuccessFactorsConfig, opener(*RESULTS), RESULTS, experimental=True)
LEARNING_TARGET = TargetConnector(
    LEARNING, "SAP SuccessFactors Learning (OData V4)", LearningConfig, open_learning,
    TargetTraits(asked_by="nothing", max_ops=ONE, quiet_seconds=60.0, deletes=False, updates=False),
    experimental=True,
)  # fmt: skip
LEARNING_FEEDBACK = FeedbackConnector(
    LEARNING, "SAP SuccessFactors Learning (OData V4)", LearningConfig, open_completions, COMPLETIONS,
    experimental=True,
)  # fmt: skip
