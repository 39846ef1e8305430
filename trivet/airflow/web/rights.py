"""Who the logged-in user is to Trivet: names and groups as Airflow's auth managers give them, then the access file.

    SimpleAuthManager   user name; `role` and `teams` are the groups
    FAB                 user name; `roles`, `groups`, and the groups' roles, by their names
    Keycloak            user id and name; `groups` and realm roles of the access token, which Keycloak has signed

Where there is no access file the roles decide, everywhere: an admin may do everything; who may change connections may view,
operate and approve; anybody else who is logged in may view, without personal data.
"""

import base64
import json
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.utils.session import create_session
from sqlalchemy.orm.exc import DetachedInstanceError

if TYPE_CHECKING:
    from trivet.flow.console.access import Right, Visitor
    from trivet.flow.hub import Hub


def visitor_of(hub: "Hub", user: BaseUser) -> "Visitor":
    """What the user may do."""
    from trivet.flow.console import access

    return access.visitor(hub, names_of(user), groups_of(user), airflows(user), called=user.get_name())


def names_of(user: BaseUser) -> set[str]:
    """What a grant may call the user."""
    return {str(name) for name in (user.get_id(), user.get_name(), getattr(user, "username", None)) if name}


def groups_of(user: BaseUser) -> set[str]:
    """The user's roles, teams and groups."""
    return set(_groups(user))


def _groups(user: Any) -> Iterator[str]:
    if role := getattr(user, "role", None):
        yield str(role)
    for kind in ("teams", "roles", "groups"):
        yield from _named(user, kind)
    claims = _claims(getattr(user, "access_token", None))
    yield from (str(name).strip("/") for name in claims.get("groups") or ())
    yield from map(str, (claims.get("realm_access") or {}).get("roles") or ())


def _named(user: Any, kind: str) -> list[str]:
    """The names of the user's teams, roles or groups."""
    try:
        return _names(getattr(user, kind, None))
    except DetachedInstanceError:
        # fab reads a user's groups when somebody asks for them, and the session that read the user is closed by then
        with create_session() as session:
            return _names(getattr(session.get(type(user), user.id), kind, None))


def _names(found: Any) -> list[str]:
    """Of each its own, and those of the roles that a group of fab's gives to who is in it."""
    return [
        str(getattr(one, "name", one)) for held in found or () for one in (held, *getattr(held, "roles", ()))
    ]


def _claims(token: str | None) -> dict[str, Any]:
    """What the token says; the auth manager has verified it when the user logged in."""
    try:
        body = (token or "").split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def airflows(user: BaseUser) -> Collection["Right"]:
    """What the user may do where no access file says it."""
    from trivet.flow.console.access import RIGHTS

    if str(getattr(user, "role", "") or "").lower() == "admin":
        return RIGHTS
    manager = get_auth_manager()
    if manager.is_authorized_connection(method="PUT", user=user):
        return ("view", "operate", "approve")
    if getattr(user, "role", "unknown") is None:
        return ()
    view: Right = "view"
    return (view,)
