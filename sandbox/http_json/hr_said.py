"""How the HR system is described in a connection, as its developers would write it into `extra`."""

from ..store import Json

RESULT_FIELDS = ["application_no", "report", "scored_on", "scores"]
_ROWS = {"success": {"at": "/ok", "equals": [True]}, "items": "/rows", "id": "/no"}
_TIMED = {**_ROWS, "changed": "/changed_at"}


def settings() -> Json:
    """Login, calls, lists, refusals, recordings and events."""
    return {
        "auth": {"kind": "api_key", "name": "X-Hr-Key"},
        "zone": "Asia/Shanghai",
        "errors": {"code": "/error/no", "message": "/error/text", "field": "/error/field", "refuses_before_work": True},
        "limit": {"left": "X-Calls-Left", "reset": "X-Calls-Reset"},
        "streams": {
            "jobs": {
                "path": "/hr/jobs?size=50", **_ROWS, "paging": {"kind": "link_header"},
                "deleted": {"at": "/state", "equals": ["deleted"]},
                "lookups": {"jobs": {"path": "/hr/jobs?no={ids}"}},
            },
            "candidates": {
                "path": "/hr/candidates?changed_since={since}&page={page}&size=50", **_TIMED,
                "paging": {"kind": "page", "more": {"at": "/more", "equals": [True]}},
                "lookups": {"candidates": {"path": "/hr/candidates/{id}", "items": "/row", "paging": {"kind": "none"}}},
            },
            "applications": {
                "path": "/hr/applications?changed_since={since}&after={cursor}&size=50", **_TIMED,
                "paging": {"kind": "cursor", "header": "X-Next"},
                "refers": {"candidates": "/candidate_no", "jobs": "/job_no"},
                "lookups": {
                    "applications": {"path": "/hr/applications?no={ids}&after={cursor}"},
                    "candidates": {"path": "/hr/applications?candidate_no={ids}&after={cursor}"},
                },
            },
            "interviews": {
                "method": "POST", "path": "/hr/interviews/Query", **_TIMED, "since": "/changed_since",
                "fixed": {"size": 50}, "paging": {"kind": "offset", "into": "/offset"}, "deleted": {"at": "/deleted_at"},
                "refers": {"applications": "/application_no"},
                "lookups": {
                    "interviews": {"path": "/hr/interviews/Query", "into": "/no"},
                    "applications": {"path": "/hr/interviews/Query", "into": "/application_no"},
                },
            },
            "recordings": {
                "path": "/hr/recordings?changed_since={since}&cursor={cursor}&size=50", **_TIMED,
                "paging": {"kind": "cursor", "at": "/next"}, "without": ["/url"],
                "refers": {"interviews": "/interview_no"},
                "lookups": {
                    "recordings": {"path": "/hr/recordings?no={ids}&cursor={cursor}"},
                    "interviews": {"path": "/hr/recordings?interview_no={ids}&cursor={cursor}"},
                },
            },
        },
        "recording": {
            "path": "/hr/recordings/{no}/link", "success": _ROWS["success"], "link": "/link/url",
            "media_type": "/link/media_type", "file_name": "/link/file",
        },
        "entities": {"interview_result": _result()},
        "webhook": {
            "proof": {"kind": "hmac", "header": "X-Hr-Signature", "encoding": "base64", "prefix": "v1="},
            "id": "/event_no", "kind": "/event",
            "about": [
                {"stream": "candidates", "id": "/candidate_no", "when": {"at": "/event", "equals": ["candidate.changed"]}},
                {"stream": "applications", "id": "/application_no"},
                {"stream": "candidates", "id": "/candidate_no", "gone": "deleted",
                 "when": {"at": "/event", "equals": ["candidate.deleted"]}},
            ],
        },
    }  # fmt: skip


def _result() -> Json:
    path, fine = "/hr/results", {"at": "/ok", "equals": [True]}
    call = {
        "reference": "/ext_ref",
        "document": "/data",
        "success": fine,
        "id": "/row/no",
        "version": "/row/version",
    }
    return {
        "create": {"method": "POST", "path": path, **call},
        "update": {"method": "PUT", "path": f"{path}/{{remote_id}}", **call},
        "delete": {"method": "DELETE", "path": f"{path}/{{remote_id}}", "success": fine},
        "find": {
            "path": f"{path}?ext_ref={{references}}", **_ROWS, "reference": "/ext_ref", "document": "/data",
            "version": "/version", "fields": RESULT_FIELDS,
        },
    }  # fmt: skip
