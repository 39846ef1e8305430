"""One request: who asks, on which deployment, in which language; and the answer, a rendered template behind a strict CSP."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode, urlsplit

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trivet.airflow.web import draw
from trivet.airflow.web.deployment import deployments
from trivet.airflow.web.rights import visitor_of
from trivet.airflow.web.words import LANGUAGES, STATES, Words, language_of

if TYPE_CHECKING:
    from trivet.flow.console.access import Right, Visitor
    from trivet.flow.hub import Hub

COOKIE = "trivet_lang"
NAVIGATION = (
    ("/", "Overview"),
    ("/deliveries", "Deliveries"),
    ("/person", "Person"),
    ("/cases", "Cases"),
    ("/approvals", "Approvals"),
    ("/mappings", "Mappings"),
    ("/connections", "Connections"),
    ("/agreement", "Agreement and drift"),
    ("/audit", "Audit"),
)


@dataclass(frozen=True)
class Place:
    """What a page needs to be drawn, known even where the deployment cannot be opened."""

    request: Request
    words: Words

    @property
    def root(self) -> str:
        """Where the pages live: Airflow may be served below a path of its own."""
        return str(self.request.scope.get("root_path", ""))

    def url(self, path: str, /, **query: Any) -> str:
        """An address of ours; parameters that are None or empty are left out."""
        told = {name: value for name, value in query.items() if value not in (None, "")}
        return self.root + quote(path, safe="/-._~:@") + (f"?{urlencode(told)}" if told else "")

    def here(self, **changed: Any) -> str:
        """This page's address with some parameters changed."""
        path = self.request.url.path.removeprefix(self.root)
        return self.url(path, **{**dict(self.request.query_params), **changed})

    def back(self) -> str:
        """The page that this one was opened from, where it is one of ours."""
        came = urlsplit(self.request.headers.get("referer", ""))
        ours = came.netloc == self.request.url.netloc and came.path.startswith(f"{self.root}/")
        return came.path + (f"?{came.query}" if came.query else "") if ours else self.url("/")

    def page(
        self,
        template: str,
        title: str,
        *,
        status: int = 200,
        leaves: bool = False,
        nav: str = "",
        **shown: Any,
    ) -> HTMLResponse:
        """The rendered template; where it `leaves` the frame, the one script that can do so is allowed."""
        nonce = secrets.token_urlsafe(16)
        said = self.request.query_params.get("said", "")
        known = {
            "place": self, "words": self.words, "say": self.words.say, "url": self.url, "nonce": nonce, "title": title,
            "navigation": NAVIGATION, "nav": nav, "languages": LANGUAGES, "states": STATES, "draw": draw, "leaves": leaves,
            "said": said, "visit": None,
        }  # fmt: skip
        html = templates().get_template(template).render({**known, **shown})
        script = f"script-src 'nonce-{nonce}'; " if leaves else ""
        answer = HTMLResponse(html, status_code=status)
        answer.headers.update(
            {
                "Content-Language": self.words.language,
                "Vary": "Accept-Language, Cookie",
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "same-origin",
                # a script could read airflow's cookie on plain HTTP
                "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; {script}"
                "form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
            }
        )
        self.remember(answer)
        return answer

    def remember(self, answer: Response) -> None:
        """Keeps the language that a link chose."""
        if self.request.query_params.get("lang") in LANGUAGES:
            answer.set_cookie(
                COOKIE, self.words.language, max_age=31_536_000, path=self.root or "/", samesite="lax",
                httponly=True, secure=self.request.url.scheme == "https",
            )  # fmt: skip

    def go(self, path: str, said: str = "", **query: Any) -> RedirectResponse:
        """Off to another page of ours, which says that text; it has to be one of our words."""
        return RedirectResponse(self.url(path, **query, said=said), status_code=303)


@dataclass(frozen=True)
class Visit(Place):
    """A request of somebody who may view something here."""

    hub: "Hub"
    who: "Visitor"

    def may(self, right: "Right", flow: str | None) -> bool:
        """Whether the right holds for what this flow does; None is what belongs to no flow."""
        return self.who.may(right, flow)

    def page(self, template: str, title: str, **shown: Any) -> HTMLResponse:
        """The rendered template, which may also ask what the visitor may do (`visit.may`)."""
        return super().page(template, title, **{"visit": self, "now": self.hub.now(), **shown})

    def opened(self, about: str, what: str) -> None:
        """Notes that personal data was shown."""
        from trivet.flow.privacy import opened

        opened.note(self.hub, [about], what, actor=self.who.name)

    @cached_property
    def flows(self) -> list[str]:
        """The flows with a file that the visitor may see."""
        return sorted(name for name in self.who.sites if self.who.may("view", name))


@cache
def templates() -> Environment:
    """Everything is escaped; a name that a page did not give is an error, not a gap."""
    made = Environment(
        loader=PackageLoader("trivet.airflow.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"data": _data, "as_json": _as_json}
    return made


def _data(value: Any) -> Markup:
    """A value that is no word of ours: it is not translated."""
    return Markup('<span translate="no">{}</span>').format("" if value is None else value)


def _as_json(value: Any) -> str:
    """A document for people; escaped like any other text."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def place_of(request: Request, zone: str = "UTC") -> Place:
    """The place of a request, by its language: what a link says, what it said before, what the browser prefers."""
    return Place(request, Words(_language(request.query_params, request.cookies, request.headers), zone))


def _language(query: Mapping[str, str], cookies: Mapping[str, str], headers: Mapping[str, str]) -> str:
    for said in (query.get("lang"), cookies.get(COOKIE)):
        if said in LANGUAGES:
            return said
    return language_of(headers.get("accept-language", ""))


def visit(request: Request, user: GetUserDep) -> Visit:
    """The dependency of every route: 403 for who may view nothing."""
    hub = deployments.hub()
    who = visitor_of(hub, user)
    if not who.anywhere("view"):
        raise HTTPException(403, "no right to view anything here")
    words = place_of(request, _zone(hub)).words
    return Visit(request, words, hub, who)


def _zone(hub: "Hub") -> str:
    """The pages' time zone: the first that a flow's schedule names."""
    from trivet.flow.console.overview import zone

    return zone(hub)


Asked = Annotated[Visit, Depends(visit)]
