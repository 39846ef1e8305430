"""The official Lark SDK follows a meeting's number to its minute at our stand-in."""

from datetime import datetime

import pytest
from conftest import World

lark = pytest.importorskip("lark_oapi")


def test_the_sdk_follows_a_number_to_a_link(world: World) -> None:
    """Meeting, recording, minute: each in the SDK's model."""
    from lark_oapi.api.minutes.v1 import GetMinuteMediaRequest
    from lark_oapi.api.vc.v1 import GetMeetingRecordingRequest, ListByNoMeetingRequest

    said = world.sandbox["feishu_minutes"].announce()
    client = (
        lark.Client.builder()
        .app_id(said["app_id"])
        .app_secret(said["app_secret"])
        .domain(said["base_url"])
        .build()
    )
    made = world.change("feishu_minutes", what="state", candidate="be1", state="ready")
    begin = int(datetime.fromisoformat(made["starts_at"]).timestamp())
    asked = ListByNoMeetingRequest.builder().meeting_no(made["meeting_no"])
    listed = client.vc.v1.meeting.list_by_no(asked.start_time(begin).end_time(begin + 600).build())
    assert [entry.id for entry in listed.data.meeting_briefs] == [made["meeting_id"]]
    recording = client.vc.v1.meeting_recording.get(
        GetMeetingRecordingRequest.builder().meeting_id(made["meeting_id"]).build()
    )
    assert recording.data.recording.url.endswith(made["minute"])
    media = client.minutes.v1.minute_media.get(
        GetMinuteMediaRequest.builder().minute_token(made["minute"]).build()
    )
    assert media.data.download_url.startswith(said["base_url"])
