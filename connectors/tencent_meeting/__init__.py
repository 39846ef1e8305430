"""Tencent Meeting 腾讯会议: cloud recordings of a meeting, by its code or id and the interview's time.

After cloud.tencent.com/document/product/1095 (42413 signature, 51189 list of recordings, 51174 addresses). Uncertain, therefore
experimental: new apps need an STS token for the details of a single file (51180, since January 2026), which is why addresses
are asked for by meeting here; codes of refusals beyond 200003 (signature) and 190303 (app or key) are not told apart.

A reference is `{"meeting_id": …}` or `{"meeting_code": …}` with `starts_at` and `ends_at`; a code is used again.
"""

from trivet.contract import RecordingsConnector

from .config import TencentMeetingConfig
from .recordings import open_recordings
from .wire import NAME

RECORDINGS = RecordingsConnector(
    NAME, "Tencent Meeting 腾讯会议", TencentMeetingConfig, open_recordings, experimental=True
)
