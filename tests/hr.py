"""The HR systems that a flow of the fixture world may pull from.

`knows`: who works there is told by a directory of its own, the employee numbers with it. `final`: what was written back stays,
for the vendor has no way to take it away; a rollback leaves it to a person, with a case each.
"""

from copy import deepcopy
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
    # described in its connection: the connector has another name
    "in_house_hr": {
        "connector": "http_json",
        "source": {
            "jobs": ["requisition"],
            "candidates": ["candidate", "consent"],
            "applications": ["application"],
            "interviews": ["interview"],
            "recordings": ["recording"],
        },
        "write_back": "interview_result",
        "people": r"/hr/candidates\?",
    },
}


def use(world: World, name: str) -> None:
    """The flow pulls from that system and writes back to it."""
    said = HR[name]
    connector = said.get("connector", name)

    def change(flow: dict[str, Any]) -> None:
        flow["source"] = {"connection": name, "mappings": _streams(connector, said["source"])}
        if "knows" in said:
            flow["knows"] = [{"connection": name, "mappings": _streams(connector, said["knows"])}]
        flow["recordings"] = {"connection": name}
        flow["write_back"] = {"connection": name, "mapping": f"{connector}/{said['write_back']}"}

    world.edit_flow(change)


def small(world: World, name: str) -> dict[str, Any]:
    """The system's connection with four records in a page."""
    stored: dict[str, Any] = deepcopy(world.sandbox.connections()[name])
    if HR[name].get("connector") == "http_json":
        for one in stored["extra"]["streams"].values():
            one["path"] = one["path"].replace("size=50", "size=4")
    else:
        stored["extra"]["page_size"] = 4
    return stored


def _streams(name: str, said: dict[str, list[str]]) -> dict[str, list[str]]:
    return {stream: [f"{name}/{mapping}" for mapping in mappings] for stream, mappings in said.items()}
