"""Greenhouse Recruiting by Harvest v3: candidates in, events in, recordings in, scores out into custom fields of the application.

After harvestdocs.greenhouse.io as read by Airbyte's connector (CONTRIBUTING, manifest), a registry of the vendor's own
parameters (sam-vangelos/greenhouse-mcp) and a working client (open-greenhouse-mcp 0.5.0). Harvest v1 and v2 ended on 2026-08-31.

A recording is an attachment of the application whose name says its interview (`interview-<id>.mp4`): Greenhouse keeps the
address of a meeting, not its recording.

`greenhouse_assessments` is the other side of it: Greenhouse orders assessments from us by its Assessment Partner API, and is
told of results.
"""

from trivet.contract import (
    AssessmentsConnector,
    InboundConnector,
    RecordingsConnector,
    SourceConnector,
    TargetConnector,
    TargetTraits,
)

from .assessments import NAME as PARTNER
from .assessments import open_assessments
from .config import GreenhouseAssessmentsConfig, GreenhouseConfig
from .inbound import open_inbound
from .recordings import open_recordings
from .results import open_results
from .source import STREAMS, open_source
from .target import open_target
from .wire import NAME

TITLE = "Greenhouse Recruiting (Harvest v3)"
SOURCE = SourceConnector(NAME, TITLE, GreenhouseConfig, open_source, STREAMS)
INBOUND = InboundConnector(NAME, TITLE, GreenhouseConfig, open_inbound)
RECORDINGS = RecordingsConnector(NAME, TITLE, GreenhouseConfig, open_recordings)
TARGET = TargetConnector(
    NAME,
    TITLE,
    GreenhouseConfig,
    open_target,
    TargetTraits(asked_by="searchable_reference", max_ops=1, quiet_seconds=10.0, deletes=True),
)

PARTNER_TITLE = "Greenhouse Recruiting (Assessment Partner API)"
ASSESSMENTS = AssessmentsConnector(PARTNER, PARTNER_TITLE, GreenhouseAssessmentsConfig, open_assessments)
RESULTS = TargetConnector(
    PARTNER,
    PARTNER_TITLE,
    GreenhouseAssessmentsConfig,
    open_results,
    TargetTraits(asked_by="nothing", max_ops=1, quiet_seconds=30.0, deletes=False, repeatable=True),
)
