"""Zoom: recordings in the cloud, opened by the meeting that an interview was held in, and the event that one is ready.

After developers.zoom.us (cloud recording, server-to-server OAuth, webhooks) and the types of Zoom's own Rivet SDK.

A reference is `{"meeting_id": …, "starts_at": …, "ends_at": …}`, made by a mapping from what the HR system keeps of the
interview: see mappings/zoom/recording.yaml. A room that is used for one interview after the other has one meeting id: the
recording is the one that begins with the interview, and no other.
"""

from trivet.contract import InboundConnector, RecordingsConnector

from .config import ZoomConfig
from .inbound import open_inbound
from .recordings import open_recordings
from .wire import NAME

TITLE = "Zoom cloud recordings"
RECORDINGS = RecordingsConnector(NAME, TITLE, ZoomConfig, open_recordings)
INBOUND = InboundConnector(NAME, TITLE, ZoomConfig, open_inbound)
