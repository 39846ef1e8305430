"""Sends what the connection says, reads what comes back, or waits for it by ticket."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.described.places import copied, get, put, text_at
from trivet.model import Document, Pending, Scored, ScoringRequest
from trivet.transcript import Sentence, Spoken, segments_of, sentences_of, transcript_of

from .answers import echoed, scores_in, terms_in
from .config import HttpScorerConfig, Terms
from .wire import NAME, POLL, SCORE, Wire, refused

VERSION = "1"
_WHAT_CHANGES = {"name", "version", "path", "method", "send", "answer", "ticket"}


class HttpScorer:
    """See `trivet.contract.Scorer`.

    Answers {scores, insufficient_evidence, quotes_verified, unverified_quotes} or {terms, words}, as `answer.kind` says.
    """

    def __init__(self, config: HttpScorerConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services)

    def check(self) -> None:
        """The service lets in, where it can be asked."""
        self.wire.check()

    def provenance(self) -> Document:
        """The model's name and version, and how it is asked and read."""
        said = self.config.model_dump(mode="json", include=_WHAT_CHANGES)
        model = {"name": said.pop("name"), "version": said.pop("version")}
        if said["ticket"]:
            del said["ticket"]["poll_seconds"]
        return {"scorer": NAME, "version": VERSION, "model": model, "options": said}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        sentences = sentences_of(request, NAME)
        if not sentences:
            return Scored(self._nothing())
        said = self.wire.scored(request.key, self._body(request))
        ticket = self.config.ticket
        value = text_at(said, ticket.at) if ticket else None
        if ticket is None or value is None:
            return Scored(self._read(SCORE, said, request.key, sentences), self.config.price)
        if self.config.answer.echo is not None and get(said, self.config.answer.echo) not in (
            None,
            request.key,
        ):
            echoed(SCORE, self.config.answer, said, request.key)
        return Pending(
            json.dumps({"ticket": value, "key": request.key}), ticket.poll_seconds, self.config.price
        )

    def poll(self, ticket: str) -> Scored | Pending:
        """See `Scorer`; the price was told with the ticket."""
        value, key = _opened(ticket)
        asking = self.config.ticket
        if asking is None:
            raise refused(POLL, "TICKET", "this connection gives no tickets")
        said = self.wire.asked(asking, value)
        if asking.failed is not None and asking.failed.holds(said):
            self.wire.refuse(POLL, said, asking.code, "WORK_FAILED")
        if not asking.done.holds(said):
            return Pending(ticket, asking.poll_seconds)
        return Scored(self._read(POLL, said, key, None))

    def _body(self, request: ScoringRequest) -> Document:
        transcript, send = transcript_of(request, NAME), self.config.send
        segments = segments_of(request, NAME)
        values = [
            (send.key, request.key),
            (send.text, transcript.get("text") or " ".join(s["text"] for s in segments)),
            (send.segments, [{name: s[name] for name in ("start", "end", "text")} for s in segments]),
            (send.language, transcript.get("language") or request.language),
            (send.keywords, list(request.requisition.get("keywords") or ())),
            (send.competencies, dict(request.requisition.get("competencies") or {})),
        ]
        body: Document = copied(send.fixed)
        for place, value in values:
            if place is not None:
                put(body, place, value)
        return body

    def _read(self, operation: str, said: Any, key: str, sentences: Sequence[Sentence] | None) -> Document:
        answer = self.config.answer
        if answer.success is not None and not answer.success.holds(said):
            self.wire.refuse(operation, said, self.config.error_code, "NOT_DONE")
        echoed(operation, answer, said, key)
        if isinstance(answer, Terms):
            return terms_in(operation, answer, said, sentences)
        return scores_in(operation, answer, said, None if sentences is None else Spoken(sentences))

    def _nothing(self) -> Document:
        """Nothing was said: nothing is asked, and nothing is paid."""
        answer = self.config.answer
        if isinstance(answer, Terms):
            return {"terms": [], "words": 0}
        return {
            "scores": [], "insufficient_evidence": list(answer.only), "quotes_verified": True, "unverified_quotes": 0,
        }  # fmt: skip


def _opened(ticket: str) -> tuple[str, str]:
    try:
        said = json.loads(ticket)
        return str(said["ticket"]), str(said["key"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise refused(POLL, "TICKET", "this is no ticket of this connection") from None


@contextmanager
def open_scorer(config: HttpScorerConfig, services: Services) -> Iterator[HttpScorer]:
    """The scorer at its service."""
    scorer = HttpScorer(config, services)
    with scorer.wire.http:
        yield scorer
