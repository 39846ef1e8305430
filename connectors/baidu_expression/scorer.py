"""Asks whether it may, takes a few pictures, and says what the vendor saw: no score, and no conclusion."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from trivet.contract import Services
from trivet.errors import ConfigError, Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest

from .config import BaiduExpressionConfig
from .film import taken
from .regions import allowed
from .wire import NAME, Wire

VERSION = "1"
NOTE = {
    "zh": "仅描述少数画面中的面部表情，不是评分，不得用于录用决定，与评估结果分开保存。",
    "en": "Describes the face in a few pictures. It is no score, must not decide about anybody, and is kept apart from the "
    "assessment.",
}


class BaiduExpression:
    """See `trivet.contract.Scorer`.

    Answers {expression: {pictures: [{at, faces, type, probability}], counts, purpose}, method_note}; `at` in seconds.
    """

    def __init__(self, config: BaiduExpressionConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services)

    def check(self) -> None:
        """It is switched on, and the vendor knows the application; no picture is paid for."""
        if not self.config.enabled:
            raise ConfigError(
                f"{NAME}: it is switched off", code="EXPRESSION_OFF", place="the setting `enabled`",
                cure="leave it off, or decide on `purpose` and `regions` with your counsel and switch it on",
            )  # fmt: skip
        self.wire.http.log_in()

    def provenance(self) -> Document:
        """What is asked, and what for."""
        config = self.config
        options = {"face_field": "expression", "pictures": config.pictures, "purpose": config.purpose}
        return {"scorer": NAME, "version": VERSION, "model": "baidu face detect v3", "options": options}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        config = self.config
        if not config.enabled:
            raise _refused(
                "EXPRESSION_OFF", "it is switched off", "leave it off, or see the setting `enabled`"
            )
        if not allowed(request.requisition, config.regions):
            raise _refused(
                "EXPRESSION_FORBIDDEN", "the position's region is not known to allow it",
                "take this scorer out of the route; a region of the EU or the EEA is never allowed",
            )  # fmt: skip
        if request.audio is None:
            raise _refused("NO_RECORDING", "there is no recording", None)
        pictures = taken(request.audio, config.pictures, config, NAME)
        seen = [{"at": at, **self.wire.expression(picture)} for at, picture in pictures]
        counts = Counter(str(one.get("type", "no face")) for one in seen)
        said = {"pictures": seen, "counts": dict(sorted(counts.items())), "purpose": config.purpose}
        return Scored({"expression": said, "method_note": NOTE}, len(seen) * config.price_per_picture)

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise Rejected(f"no ticket {ticket}", connector=NAME, operation="poll", vendor_code="TICKET")


@contextmanager
def open_scorer(config: BaiduExpressionConfig, services: Services) -> Iterator[BaiduExpression]:
    """The scorer at the vendor."""
    scorer = BaiduExpression(config, services)
    with scorer.wire.http:
        yield scorer


def _refused(code: str, message: str, cure: str | None) -> Rejected:
    return Rejected(message, connector=NAME, operation="score", vendor_code=code, cure=cure)
