"""Settings of a scorer that is described and not programmed: what is sent, where scores stand, on which scale."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from trivet.described.logins import Auth, NoLogin, address
from trivet.described.parts import Header, Part, Says, Words
from trivet.described.places import Path, Pointer, only
from trivet.described.proof import whole
from trivet.http import HttpSettings


class Sent(Part):
    """Where things go in the body; without a place a thing is not sent. No name and no contact data is ever there."""

    key: Pointer | None = "/request_id"
    """The key of the work: equal for equal work."""
    text: Pointer | None = "/text"
    """What was said, as one text."""
    segments: Pointer | None = None
    """What was said as a list of {start, end, text}, times in seconds."""
    language: Pointer | None = "/language"
    """`zh`, `en` or what the transcriber heard."""
    keywords: Pointer | None = None
    """The position's keywords, as a list."""
    competencies: Pointer | None = None
    """The position's competencies with the levels that it asks for, as an object."""
    fixed: dict[str, Any] = Field(default_factory=dict)
    """Parts of the body that never change."""


class Evidence(Part):
    """Where the parts of a piece of evidence stand in it; a piece that is a text is the quote alone."""

    quote: Pointer = "/quote"
    """What was said. It is looked up in the transcript; a quote that nobody said is dropped."""
    start: Pointer | None = None
    """When it was said, in seconds; needed where a ticket is asked for later, since the transcript is not kept with it."""
    end: Pointer | None = None
    """When it ended, in seconds."""
    indicator: Pointer | None = None
    """Which behaviour it shows."""
    weight: Pointer | None = None
    """How it counts; without, it speaks for the competency."""


class Scores(Part):
    """Where scores stand in the answer."""

    kind: Literal["scores"] = "scores"
    """`scores`."""
    echo: Pointer | None = "/request_id"
    """Where the service repeats the key. Another one there, or none, refuses the whole answer."""
    success: Says | None = None
    """What the answer says when it went well, where the status alone does not."""
    rows: Pointer = "/scores"
    """The list of scored competencies."""
    competency: Pointer = "/competency"
    """The competency's name, in a row."""
    score: Pointer = "/score"
    """Its score, a number, in a row."""
    scale: tuple[float, float] = (0.0, 10.0)
    """Lowest and highest score of the service; they become 0 and 10, and what lies between one decimal, rounded half up."""
    confidence: Pointer | None = None
    """How sure the service is, 0 to 1, in a row."""
    evidence: Pointer = "/evidence"
    """The list of pieces of evidence, in a row; a score without any is no score."""
    piece: Evidence = Evidence()
    """Where the parts of a piece stand."""
    renames: dict[str, str] = Field(default_factory=dict)
    """The service's names of competencies, and ours."""
    only: tuple[str, ...] = ()
    """Our names of the competencies that are taken; without any, all that are scored."""

    @model_validator(mode="after")
    def _has_a_scale(self) -> Self:
        low, high = self.scale
        if not low < high:
            raise ValueError("scale: the lowest score comes first, as in [0, 100]")
        return self


class Terms(Part):
    """Where counted terms stand in the answer."""

    kind: Literal["terms"]
    """`terms`."""
    echo: Pointer | None = "/request_id"
    """Where the service repeats the key. Another one there, or none, refuses the whole answer."""
    success: Says | None = None
    """What the answer says when it went well, where the status alone does not."""
    rows: Pointer = "/terms"
    """The list of terms."""
    term: Pointer = "/term"
    """The term, in a row."""
    count: Pointer = "/count"
    """How often it was said, in a row."""


class Ticket(Part):
    """A service that works on: its first answer holds a ticket, which is asked for until the work is done."""

    at: Pointer
    """Where the ticket stands in the first answer; an answer without one is the result."""
    method: Literal["GET", "POST"] = "GET"
    """HTTP method of asking."""
    path: Path
    """Path of asking; {ticket} is filled in."""
    done: Says
    """What the answer says when the work is done."""
    failed: Says | None = None
    """What it says when the work has failed for good."""
    code: Pointer | None = None
    """Error code of a failed work."""
    poll_seconds: float = Field(default=30.0, gt=0)
    """Seconds until it is asked for, and asked for again."""

    @model_validator(mode="after")
    def _names_the_ticket(self) -> Self:
        if only(self.path, ("ticket",), "ticket") != {"ticket"}:
            raise ValueError("the path of ticket does not name the {ticket}")
        return self


class HttpScorerConfig(HttpSettings):
    """One model's address, login, call and answer."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "login",
        "password": "secret",
    }

    base_url: Annotated[str, AfterValidator(address)]
    """Address that every path goes on from."""
    name: str = Field(min_length=1, max_length=100)
    """Name of the model, for provenance and reports."""
    version: str = Field(min_length=1, max_length=100)
    """Its version; change it with the model, so that everybody is scored anew and by the same."""
    auth: Auth = NoLogin()
    """How calls prove who makes them, by `kind`: none, basic, bearer, api_key (`where`, `name`),
    oauth2_client_credentials (`token_url`, `scope`, `client_in`), hmac (`header`, `algorithm`, `encoding`, `prefix`,
    `login_header`)."""
    login: str = ""
    """User or client id."""
    secret: SecretStr = SecretStr("")
    """Password, token, key or client secret, as `auth` needs it."""
    method: Literal["POST", "PUT"] = "POST"
    """HTTP method of scoring."""
    path: Path
    """Path of scoring; {key} is filled in."""
    key_header: Header | None = None
    """Header that carries the key, such as Idempotency-Key, for a service that does equal work once."""
    send: Sent = Sent()
    """What is sent, and where it goes."""
    answer: Annotated[Scores | Terms, Field(discriminator="kind")] = Scores()
    """What comes back, by `kind`: scores or terms, and where it stands."""
    ticket: Ticket | None = None
    """How a service that works on is asked later."""
    error_code: Pointer | None = None
    """Where a refusal says its code."""
    later: Words = frozenset()
    """HTTP statuses or error codes that mean: nothing was done, the same call may be made again."""
    check_path: Path | None = None
    """Path that answers 200 to who may score, and costs nothing."""
    price: float = Field(default=0.0, ge=0)
    """What one scoring costs, in the currency of the flow's budget."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        whole(self.auth, self.login, self.secret.get_secret_value())
        only(self.path, ("key",), "scoring")
        if self.check_path:
            only(self.check_path, (), "check")
        if self.send.text is None and self.send.segments is None:
            raise ValueError("send: say where the words go, by `text` or `segments`")
        if self.ticket and (isinstance(self.answer, Terms) or self.answer.piece.start is None):
            raise ValueError(
                "ticket: an answer that comes later needs scores whose evidence has `piece.start`"
            )
        if self.answer.echo is not None and self.send.key is None:
            raise ValueError("answer: nothing can be echoed where send has no place for the key")
        return self
