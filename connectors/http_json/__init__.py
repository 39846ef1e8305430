"""Any system that speaks JSON over HTTP, described in the connection: an in-house ERP needs no code.

Which call makes, changes, takes away and finds a record, how the answer says that it went well, where its id stands: all of
it is settings. What a system cannot say in them is a connector of its own (`trivet new connector`).
"""

from trivet.contract import (
    CatalogueConnector,
    DirectoryConnector,
    FeedbackConnector,
    TargetConnector,
    TargetTraits,
)

from .calls import MAX_OPS
from .config import HttpJsonConfig
from .listing import opener
from .target import open_target
from .wire import NAME

TITLE = "HTTP with JSON, by configuration"
EMPLOYEES = ("employees",)
CODES = ("courses", "competencies", "goal_plans", "organisations")
RESULTS = ("completions", "performance_results", "goals")

TARGET = TargetConnector(
    NAME, TITLE, HttpJsonConfig, open_target,
    # a minute, as web servers and what stands before them give up by then
    TargetTraits(asked_by="searchable_reference", max_ops=MAX_OPS, quiet_seconds=60.0, deletes=True),
)  # fmt: skip
DIRECTORY = DirectoryConnector(NAME, TITLE, HttpJsonConfig, opener(*EMPLOYEES), EMPLOYEES)
CATALOGUE = CatalogueConnector(NAME, TITLE, HttpJsonConfig, opener(*CODES), CODES)
FEEDBACK = FeedbackConnector(NAME, TITLE, HttpJsonConfig, opener(*RESULTS), RESULTS)
