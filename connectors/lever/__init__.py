"""Lever by its data API v1: candidates in, events in, recordings in, scores out as notes or files of the opportunity.

After hire.lever.co/developer/documentation; `/postings/deleted` and its 30 days after the page's newer edition, as the public
clients of NangoHQ/integration-templates and topoteretes/cognee-community read it. That every webhook has a signature token of
its own is from the same page (Webhooks via the API) and developers.getknit.dev.

An opportunity is a person's way to one posting; the person is the contact. Lever has no field of one's own at a posting, a
contact or an opportunity, so that what the company adds (site, levels, consents, employee number) are tags `name=value`.
A recording is a file of the opportunity whose name says its interview (`interview-<id>.mp4`).
"""

from trivet.contract import (
    InboundConnector,
    RecordingsConnector,
    SourceConnector,
    TargetConnector,
    TargetTraits,
)

from .config import LeverConfig
from .inbound import open_inbound
from .recordings import open_recordings
from .source import STREAMS, open_source
from .target import open_target
from .wire import NAME

TITLE = "Lever (data API v1)"
SOURCE = SourceConnector(NAME, TITLE, LeverConfig, open_source, STREAMS)
INBOUND = InboundConnector(NAME, TITLE, LeverConfig, open_inbound)
RECORDINGS = RecordingsConnector(NAME, TITLE, LeverConfig, open_recordings)
TARGET = TargetConnector(
    NAME,
    TITLE,
    LeverConfig,
    open_target,
    TargetTraits(asked_by="searchable_reference", max_ops=1, quiet_seconds=10.0, deletes=True),
)
