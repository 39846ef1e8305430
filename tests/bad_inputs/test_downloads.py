"""Bad downloads: stopped where it shows, with their code, and no partial file is left."""

from pathlib import Path
from typing import Any

import pytest
from bad_inputs.law import lawful
from bad_inputs.recordings import HERE, fetched, refusal
from bad_inputs.web import SOUND, Web, whole
from conftest import World
from hr import use

from trivet.errors import ConnectorError, Rejected, Retryable

ON_THE_WAY: dict[str, tuple[str, str, type[ConnectorError]]] = {
    "13-no end": ("MEDIA_TOO_LARGE", "/endless", Rejected),
    "14-a short body": ("MEDIA_TRUNCATED", "/short", Retryable),
    "15-a byte now and then": ("DOWNLOAD_TIMEOUT", "/slow", Retryable),
    "15-in the head": ("DOWNLOAD_TIMEOUT", "/slow-head", Retryable),
    "16-a bomb": ("RESPONSE_TOO_LARGE_DECODED", "/bomb", Rejected),
    "17-a login page": ("MEDIA_TYPE_MISMATCH", "/login", Rejected),
    "18-a playlist": ("MEDIA_FORMAT_NOT_ALLOWED", "/playlist", Rejected),
}
CASES = {name: code for name, (code, _, _) in ON_THE_WAY.items()}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, world: World, web: Web, tmp_path: Path) -> None:
    """Refused for good, or to be tried again where it was the line."""
    code, path, kind = ON_THE_WAY[name]
    lawful(name, code)
    late = {"download_seconds": 0.4, "read_seconds": 5} if name.startswith("15") else {}
    error = refusal(world, tmp_path, web.url + path, private_networks=HERE, **late)
    assert (type(error), error.vendor_code) == (kind, code)
    assert len(web.seen) > 1 or not name.startswith("14-")


def test_a_broken_line_is_taken_up_where_it_broke(world: World, web: Web, tmp_path: Path) -> None:
    """By range and mark, as often as it takes."""
    assert fetched(world, tmp_path, f"{web.url}/broken", private_networks=HERE) == SOUND
    ranges = [headers.get("range") for _, _, headers in web.seen]
    half, most = len(SOUND) // 2, len(SOUND) // 2 + len(SOUND) // 4
    assert ranges == [None, f"bytes={half}-", f"bytes={most}-"]
    assert all(headers["if-range"].startswith('"') for _, _, headers in web.seen[1:])


def test_a_server_that_knows_no_ranges_begins_anew(world: World, web: Web, tmp_path: Path) -> None:
    """What came before is compared and not taken twice; where it differs, the whole is asked for again."""
    bodies = [SOUND, SOUND]

    def forgetful(handler: Any) -> None:
        body = bodies.pop(0)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if bodies else body)

    web.there["/forgetful"] = forgetful
    assert fetched(world, tmp_path, f"{web.url}/forgetful", private_networks=HERE) == SOUND
    assert len(web.seen) == 2
    bodies[:] = [SOUND, b"OggS" + SOUND]
    error = refusal(world, tmp_path, f"{web.url}/forgetful", private_networks=HERE)
    assert (type(error), error.vendor_code) == (Retryable, "MEDIA_CHANGED")


def test_another_checksum_is_another_file(world: World, web: Web, tmp_path: Path) -> None:
    """Where the vendor says one it is verified."""
    error = refusal(world, tmp_path, f"{web.url}/md5", private_networks=HERE)
    assert (type(error), error.vendor_code) == (Retryable, "MEDIA_CORRUPT")


def test_a_night_goes_on_around_them(world: World, web: Web) -> None:
    """Each interview is set aside with its code, the others are scored, and no partial file is left behind."""
    use(world, "greenhouse")
    bad = {
        "be1": (f"{web.url}/endless", "MEDIA_TOO_LARGE"), "be2": ("http://169.254.169.254/", "URL_BLOCKED_ADDRESS"),
        "ae1": (f"{web.url}/moved?to=http://10.0.0.1/", "URL_BLOCKED_ADDRESS"),
        "ae2": (f"{web.url}/login", "MEDIA_TYPE_MISMATCH"), "rs1": (f"{web.url}/loop", "URL_TOO_MANY_REDIRECTS"),
        "rs2": (f"{web.url}/pdf", "MEDIA_TYPE_MISMATCH"),
    }  # fmt: skip
    greenhouse = world.sandbox.connections()["greenhouse"]
    world.connect(greenhouse={"extra": {**greenhouse["extra"], "max_recording_mb": 1}})
    for candidate, (link, _) in bad.items():
        world.change("greenhouse", what="recording", candidate=candidate, file="x.ogg", url=link)
    batch_id = world.night()
    aside = [row for row in world.summary(batch_id)["set_aside"] if row["stage"] == "score"]
    assert sorted(row["code"] for row in aside) == sorted(code for _, code in bad.values())
    assert {o["target"] for o in world.operations()} > {"successfactors"}
    with world.hub() as hub:
        left = [file.name for file in Path(hub.settings.recordings).iterdir()]
    assert left
    assert not [name for name in left if name.startswith(".")]


def test_a_recording_is_asked_for_only_with_consent(world: World, web: Web) -> None:
    """Who did not agree to be recorded and scored has no link followed, and no link asked for."""
    use(world, "greenhouse")
    web.there["/hers"] = lambda handler: whole(handler, SOUND)
    world.change("greenhouse", what="recording", candidate="be1", file="x.ogg", url=f"{web.url}/hers")
    world.change("greenhouse", what="consent", candidate="be1", withdraw="ai_score")
    batch_id = world.night()
    assert {row["code"] for row in world.summary(batch_id)["set_aside"]} == {"CONSENT_MISSING"}
    assert web.seen == []


def test_a_line_that_breaks_before_the_first_byte_is_taken_up_too(
    world: World, web: Web, tmp_path: Path
) -> None:
    """There is no range to ask for yet: it begins anew."""
    bodies = [b"", SOUND]

    def late(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(SOUND)))
        handler.end_headers()
        handler.wfile.write(bodies.pop(0))

    web.there["/late"] = late
    assert fetched(world, tmp_path, f"{web.url}/late", private_networks=HERE) == SOUND
    assert [headers.get("range") for _, _, headers in web.seen] == [None, None]
