"""Strangers' scoring services for tests, each told what to do by what lies in its folder; see tests/world/told_scorers.py."""

import json
from pathlib import Path
from typing import Any

EVIDENCE = [{"quote": "他说过的话。", "start": 0.0, "end": 3.0, "indicator": "told", "weight": 1}]


class Service:
    """A stranger's service, as its folder tells it to be."""

    def __init__(self, kind: str, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.connection = {
            "conn_type": f"trivet_{kind}", "extra": {"environment": "sandbox", "folder": str(folder), **settings}
        }  # fmt: skip
        folder.mkdir()

    def put(self, what: str, content: str = "") -> None:
        """Tells it."""
        (self.folder / what).write_text(content, encoding="utf-8")

    def away(self, what: str) -> None:
        """Tells it otherwise."""
        (self.folder / what).unlink()

    def says(self, *scores: tuple[str, Any], **more: Any) -> None:
        """What it answers of everybody."""
        entries = [{"competency": name, "score": score, "evidence": EVIDENCE} for name, score in scores]
        self.put("answer.json", json.dumps({"scores": entries, **more}))

    def billed(self) -> list[str]:
        """The keys of the work that it was paid for."""
        file = self.folder / "asked"
        return file.read_text(encoding="utf-8").split() if file.exists() else []
