"""SOAP services by their WSDL: SAP PI/PO and enterprise services, or any other service with literal messages.

A connection names the services' operations and where in their messages our values stand; no service has code here.
"""

from trivet.contract import (
    CatalogueConnector,
    DirectoryConnector,
    FeedbackConnector,
    TargetConnector,
    TargetTraits,
)

from .config import SapSoapConfig
from .faults import NAME
from .source import opener
from .target import MAX_OPS, open_target

TITLE = "SOAP services by WSDL (SAP PI/PO, enterprise services)"
EMPLOYEES = ("employees",)
CODES = ("courses", "competencies", "goal_plans", "organisations")
RESULTS = ("completions", "performance_results", "goals")

TARGET = TargetConnector(
    NAME, TITLE, SapSoapConfig, open_target,
    # a minute, as the web dispatcher gives up by then on what the server has not begun to answer
    TargetTraits(asked_by="searchable_reference", max_ops=MAX_OPS, quiet_seconds=60.0, deletes=True),
)  # fmt: skip
DIRECTORY = DirectoryConnector(NAME, TITLE, SapSoapConfig, opener(*EMPLOYEES), EMPLOYEES)
CATALOGUE = CatalogueConnector(NAME, TITLE, SapSoapConfig, opener(*CODES), CODES)
FEEDBACK = FeedbackConnector(NAME, TITLE, SapSoapConfig, opener(*RESULTS), RESULTS)
