"""Beisen iTalent 北森 (recruiting): positions, applicants, applications, interviews and recordings in. Read-only.

Experimental: no sandbox of the vendor's was at hand. After a manual compiled from open.italent.cn (2026-09) and probes of its
addresses without credentials: a token is asked for by form, a bad one is 401 for paths that do not exist as well, lists give
ids only, a value of −32767 is an enumeration that the parser did not understand (its `Og…` field holds the words).

There is no public description of events; results go to another system.
"""

from trivet.contract import RecordingsConnector, SourceConnector

from .config import BeisenConfig
from .recordings import open_recordings
from .source import STREAMS, open_source
from .wire import NAME

TITLE = "Beisen iTalent 北森 (recruiting)"
SOURCE = SourceConnector(NAME, TITLE, BeisenConfig, open_source, STREAMS, experimental=True)
RECORDINGS = RecordingsConnector(NAME, TITLE, BeisenConfig, open_recordings, experimental=True)
