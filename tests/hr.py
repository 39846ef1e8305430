"""The HR systems that a flow of the fixture world may pull from.

`knows`: who works there is told by a directory of its own, the employee numbers with it. `final`: what was written back stays,
for the vendor has no way to take it away; a rollback leaves it to a person, with a case each.
"""

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
    "bamboohr": {
        "source": {
            "jobs": ["requisition"],
            "applicants": ["candidate"],
            "applications": ["application", "consent", "interview", "recording"],
        },
        "knows": {"employees": ["employee"]},
        "write_back": "comment",
        "final": "comments",
        "people": r"/applicant_tracking/applications/\d+",
    },
}


def use(world: World, name: str) -> None:
    """The flow pulls from that system and writes back to it."""
    said = HR[name]

    def change(flow: dict[str, Any]) -> None:
        flow["source"] = {"connection": name, "mappings": _streams(name, said["source"])}
        if "knows" in said:
            flow["knows"] = [{"connection": name, "mappings": _streams(name, said["knows"])}]
        flow["recordings"] = {"connection": name}
        flow["write_back"] = {"connection": name, "mapping": f"{name}/{said['write_back']}"}

    world.edit_flow(change)


def _streams(name: str, said: dict[str, list[str]]) -> dict[str, list[str]]:
    return {stream: [f"{name}/{mapping}" for mapping in mappings] for stream, mappings in said.items()}
