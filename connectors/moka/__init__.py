"""Moka 招聘 (ATS): positions, candidates and applications with their interviews in; recordings from attachments. Read-only.

Experimental: no sandbox of the vendor's was at hand. After the vendor's pages (mokahr.com/docs/api, v1 and v2), a client that
was tried in production (mingyangsun-sketch/moka-mcpserver, MIT) and probes of the live addresses without a key: an unknown
key is answered with HTTP 500, success is code 0 or 200, and a stage with nobody in it is HTTP 500 as well.

The vendor's events are not taken, since no page says how they are signed; results go to another system.
"""

from trivet.contract import RecordingsConnector, SourceConnector

from .config import MokaConfig
from .recordings import open_recordings
from .source import STREAMS, open_source
from .wire import NAME

TITLE = "Moka 招聘 (ATS)"
SOURCE = SourceConnector(NAME, TITLE, MokaConfig, open_source, STREAMS, experimental=True)
RECORDINGS = RecordingsConnector(NAME, TITLE, MokaConfig, open_recordings, experimental=True)
