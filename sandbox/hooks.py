"""Sends a vendor's events to whom subscribed, as vendors do: in the background, and again until somebody answers 200."""

import threading
import time
import urllib.error
import urllib.request

ATTEMPTS, FIRST_WAIT = 6, 0.2


def send(url: str, headers: dict[str, str], body: bytes) -> None:
    """Returns at once."""
    threading.Thread(target=_sent, args=(url, headers, body), daemon=True).start()


def _sent(url: str, headers: dict[str, str], body: bytes) -> None:
    for attempt in range(ATTEMPTS):
        try:
            asked = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
            with urllib.request.urlopen(asked, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(FIRST_WAIT * 2**attempt)
