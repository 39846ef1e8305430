"""The HR systems that a flow of the fixture world may pull from."""

from typing import Any

from conftest import World

HR: dict[str, dict[str, Any]] = {
    "feishu_hire": {
        "source": {
            "jobs": ["requisition"],
            "talents": ["candidate", "consent"],
            "applications": ["application"],
            "interviews": ["interview", "recording"],
        },
        "write_back": "note",
        "people": r"/talents\?",
    },
    "greenhouse": {
        "source": {
            "jobs": ["requisition"],
            "candidates": ["candidate", "consent"],
            "applications": ["application"],
            "interviews": ["interview"],
            "attachments": ["recording"],
        },
        "write_back": "scores",
        "people": r"/v3/candidates\?",
    },
    "ashby": {
        "source": {
            "jobs": ["requisition"],
            "candidates": ["candidate", "consent"],
            "applications": ["application"],
            "interview_schedules": ["interview"],
            "files": ["recording"],
        },
        "write_back": "scores",
        "people": r"/candidate\.list",
    },
    "lever": {
        "source": {
            "postings": ["requisition"],
            "contacts": ["candidate", "consent"],
            "opportunities": ["application"],
            "interviews": ["interview"],
            "files": ["recording"],
        },
        "write_back": "note",
        "people": r"/v1/opportunities\?(?!.*contact_id).*expand=contact",
    },
}


def use(world: World, name: str) -> None:
    """The flow pulls from that system and writes back to it."""
    said = HR[name]

    def change(flow: dict[str, Any]) -> None:
        streams = {s: [f"{name}/{m}" for m in mappings] for s, mappings in said["source"].items()}
        flow["source"] = {"connection": name, "mappings": streams}
        flow["recordings"] = {"connection": name}
        flow["write_back"] = {"connection": name, "mapping": f"{name}/{said['write_back']}"}

    world.edit_flow(change)
