"""Ashby: candidates in, events in, recordings in, scores out into custom fields of the application.

After developers.ashbyhq.com: the guides on pagination and incremental sync, authentication and webhooks, the reference pages
of the methods named below and the changelog up to October 2026; envelopes of errors and fields of the objects as Airbyte's
connector and other public clients of API version 2026-01-01 read them.

A recording is a file of the candidate whose name says its interview event (`interview-<id>.mp4`, or
`interview-<id>-<application id>.mp4` where the candidate has several applications): Ashby keeps the address of a meeting and,
on request, a transcript of its own notetaker, but no recording.

`ashby_assessments` is the other side of it: Ashby orders assessments from us by its assessments framework, and is told of
results.
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
from .config import AshbyAssessmentsConfig, AshbyConfig
from .inbound import open_inbound
from .recordings import open_recordings
from .results import open_results
from .source import STREAMS, open_source
from .target import open_target
from .wire import NAME

TITLE = "Ashby"
SOURCE = SourceConnector(NAME, TITLE, AshbyConfig, open_source, STREAMS)
INBOUND = InboundConnector(NAME, TITLE, AshbyConfig, open_inbound)
RECORDINGS = RecordingsConnector(NAME, TITLE, AshbyConfig, open_recordings)
TARGET = TargetConnector(
    NAME,
    TITLE,
    AshbyConfig,
    open_target,
    TargetTraits(asked_by="searchable_reference", max_ops=1, quiet_seconds=10.0, deletes=True),
)

PARTNER_TITLE = "Ashby (assessments framework)"
ASSESSMENTS = AssessmentsConnector(
    PARTNER, PARTNER_TITLE, AshbyAssessmentsConfig, open_assessments, experimental=True
)
RESULTS = TargetConnector(
    PARTNER,
    PARTNER_TITLE,
    AshbyAssessmentsConfig,
    open_results,
    TargetTraits(asked_by="nothing", max_ops=1, quiet_seconds=10.0, deletes=False, repeatable=True),
)
