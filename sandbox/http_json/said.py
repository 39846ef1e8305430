"""How the ERP is described in a connection: what its developers would write into `extra`, by hand and once."""

from ..store import Json

PLAN_FIELDS = ["employee_no", "course_code", "course_title", "reason", "score", "due_on"]
GOAL_FIELDS = ["employee_no", "title", "measure", "starts_on", "ends_on"]
_TIMED = {"changed": "/updated_at"}
_ROWS = {"items": "/data", "id": "/id"}


def settings() -> Json:
    """Login, calls, lists and refusals."""
    return {
        "auth": {"kind": "basic"},
        "errors": {
            "code": "/code", "message": "/detail", "field": "/errors/0/pointer", "refuses_before_work": True,
            "login_lost": [401, 4001], "gone": [404, 410, "E44"], "duplicate": ["DUPLICATE"], "later": ["E90"],
        },
        "entities": {
            "training_plan": resource("/api/training-plans", PLAN_FIELDS),
            "development_goal": resource("/api/development-goals", GOAL_FIELDS),
            "kpi": commands(),
        },
        "streams": {
            "employees": {
                "path": "/api/employees?changed_since={since}&page={page}&size=50", **_ROWS, **_TIMED,
                "paging": {"kind": "page"},
            },
            "courses": {
                "path": "/api/courses?size=50", **_ROWS, "paging": {"kind": "next_link", "at": "/links/next"},
            },
            "competencies": {
                "path": "/api/competencies?page={page}&size=50", **_ROWS, "paging": {"kind": "page"},
            },
            "goal_plans": {
                "path": "/api/goal-plans?cursor={cursor}&size=50", **_ROWS,
                "paging": {"kind": "cursor", "at": "/next_cursor"},
            },
            "organisations": {
                "path": "/api/organisations?size=50", **_ROWS, "paging": {"kind": "next_link", "at": "/links/next"},
            },
            "completions": {
                "path": "/api/completions?changed_since={since}&cursor={cursor}&size=50", **_ROWS, **_TIMED,
                "paging": {"kind": "cursor", "at": "/next_cursor"},
            },
            "performance_results": {
                "method": "POST", "path": "/rpc/reviews/list", "fixed": {"page": {"size": 50}},
                "success": {"at": "/code", "equals": [0]}, "items": "/rows", "id": "/id", "changed": "/updated_at",
                "since": "/since", "paging": {"kind": "page", "into": "/page/no"},
            },
            "goals": {
                "path": "/api/goals?changed_since={since}&offset={page}&size=50", **_ROWS, **_TIMED,
                "paging": {"kind": "page", "first": 0, "step": 50},
            },
        },
    }  # fmt: skip


def resource(path: str, fields: list[str]) -> Json:
    """One object a call."""
    return {
        "create": {
            "method": "POST", "path": path, "reference": "/external_ref", "key_header": "Idempotency-Key",
            "statuses": [201], "id": "/id", "version": "/revision",
        },
        "update": {
            "method": "PUT", "path": f"{path}/{{remote_id}}", "reference": "/external_ref", "statuses": [200],
            "id": "/id", "version": "/revision",
        },
        "delete": {"method": "DELETE", "path": f"{path}/{{remote_id}}", "statuses": [204]},
        "find": {
            "path": f"{path}?external_ref={{reference}}", **_ROWS, "reference": "/external_ref", "version": "/revision",
            "fields": fields,
        },
    }  # fmt: skip


def commands() -> Json:
    """Many rows a call, status 200 whatever happened."""
    fine = {"at": "/code", "equals": [0]}
    call = {
        "method": "POST", "path": "/rpc/kpi/batch", "success": fine, "id": "/id", "version": "/ver",
        "bulk": {
            "into": "/rows", "max_items": 20, "items": "/results", "success": {"at": "/ok", "equals": [True]},
            "code": "/err/no", "message": "/err/msg", "field": "/err/fld",
        },
    }  # fmt: skip
    return {
        "create": {**call, "fixed": {"op": "create"}, "document": "/data", "reference": "/ref"},
        "update": {**call, "fixed": {"op": "update"}, "document": "/data", "remote_id": "/id"},
        "delete": {**call, "fixed": {"op": "delete"}, "remote_id": "/id"},
        "find": {
            "method": "POST", "path": "/rpc/kpi/query", "success": fine, "items": "/rows", "id": "/id",
            "references": "/refs", "max_references": 20, "reference": "/ref", "document": "/data", "version": "/ver",
            "live": {"at": "/del", "equals": [0]},
        },
    }  # fmt: skip
