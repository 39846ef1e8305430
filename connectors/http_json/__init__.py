"""Any system that speaks JSON over HTTP, described in the connection: an in-house ERP or HR system needs no code.

Which call makes, changes, takes away and finds a record, how a list is paged and where its rows stand, how a recording is
opened, how the system's own calls to us are proven: all of it is settings. What a system cannot say in them is a connector
of its own (`trivet new connector`).
"""

from trivet.contract import (
    CatalogueConnector,
    DirectoryConnector,
    FeedbackConnector,
    InboundConnector,
    RecordingsConnector,
    SourceConnector,
    TargetConnector,
    TargetTraits,
)

from .around import HR, open_source
from .calls import MAX_OPS
from .config import HttpJsonConfig
from .inbound import open_inbound
from .listing import opener
from .recordings import open_recordings
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
SOURCE = SourceConnector(NAME, TITLE, HttpJsonConfig, open_source, HR)
INBOUND = InboundConnector(NAME, TITLE, HttpJsonConfig, open_inbound)
RECORDINGS = RecordingsConnector(NAME, TITLE, HttpJsonConfig, open_recordings)
