"""Any model that scores or counts what was said, in-house or of an industry, described in the connection.

What goes into the call and where the answer's values stand is settings: JSON Pointers in bodies, {placeholders} in paths.
With `answer.kind: terms` a remote recogniser takes the place of the local one.

A service that works for minutes answers with a ticket that is asked for later (`ticket`). What it quotes then is not looked
up in the transcript, which is not kept with a ticket: the answer says so in `quotes_verified`.
"""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import HttpScorerConfig
from .scorer import open_scorer
from .wire import NAME

SCORER = ScorerConnector(
    NAME,
    "Scorer over HTTP, by configuration",
    HttpScorerConfig,
    open_scorer,
    ScorerTraits(takes="transcript", infers=("competency scores or terms from the words spoken",)),
)
