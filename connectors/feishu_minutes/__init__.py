"""Feishu Minutes 飞书妙记: recordings of Feishu meetings, by the meeting's number or by the minute itself.

After open.feishu.cn (vc v1: list_by_no, meeting, recording; minutes v1: media) and the models of `lark-oapi` 1.7.5. Uncertain:
the codes with which `recording` says that there is none yet (any refusal but of the login or a right counts so), and that
some tenants let `media` be read by a user's token only (code 2091005, then a right is asked for).

A reference is `{"minute_token": …}`, `{"meeting_id": …}` or `{"meeting_no": …, "starts_at": …, "ends_at": …}`; a number of nine
digits belongs to a room and is used again.
"""

from trivet.contract import RecordingsConnector

from .config import FeishuMinutesConfig
from .recordings import open_recordings
from .wire import NAME

RECORDINGS = RecordingsConnector(
    NAME, "Feishu Minutes 飞书妙记", FeishuMinutesConfig, open_recordings, experimental=True
)
