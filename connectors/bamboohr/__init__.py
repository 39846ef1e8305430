"""BambooHR: positions, applicants and applications in, employees in, recordings in, comments out, employee events in.

After the vendor's own OpenAPI (BambooHR/bhr-api-php, specs/public.yaml, MIT) and documentation.bamboohr.com/docs.

What a position asks for has no place in the API: the company keeps it in a table by the position's title. Consents are
questions of the application form. Interviews are not told either: a recording, which is an attachment of the application, is
taken for one. There are no events about applicants: they are asked for.
"""

from trivet.contract import (
    DirectoryConnector,
    InboundConnector,
    RecordingsConnector,
    SourceConnector,
    TargetConnector,
    TargetTraits,
)

from .config import BambooHrConfig
from .directory import STREAMS as EMPLOYEES
from .directory import open_directory
from .inbound import open_inbound
from .recordings import open_recordings
from .source import STREAMS, open_source
from .target import open_target
from .wire import NAME

TITLE = "BambooHR"
SOURCE = SourceConnector(NAME, TITLE, BambooHrConfig, open_source, STREAMS)
INBOUND = InboundConnector(NAME, TITLE, BambooHrConfig, open_inbound)
DIRECTORY = DirectoryConnector(NAME, TITLE, BambooHrConfig, open_directory, EMPLOYEES)
RECORDINGS = RecordingsConnector(NAME, TITLE, BambooHrConfig, open_recordings, experimental=True)
TARGET = TargetConnector(
    NAME,
    TITLE,
    BambooHrConfig,
    open_target,
    TargetTraits(asked_by="nothing", max_ops=1, quiet_seconds=60.0, deletes=False),
)
