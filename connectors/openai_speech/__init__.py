"""Speech to text by any OpenAI-compatible endpoint: OpenAI's own, or a server of the company's (vLLM, Speaches, LiteLLM).

After the reference of `POST /v1/audio/transcriptions` (developers.openai.com: `verbose_json`, 25 MB a file), the model of
the official `openai` client, and vLLM's page on its own endpoint.

The recording is decoded here first: what is broken, silent or too long is refused before a byte is uploaded, and what is
uploaded is sound alone, never the film. A recording over the file limit goes in pieces, cut where it is quiet.

The vendor knows no key for a repetition. A call whose answer was lost may have been billed: it is `UnknownOutcome`, not
repeated on the spot, and made again by the next run at the price of that piece.
"""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import OpenAiSpeechConfig
from .scorer import open_scorer
from .wire import NAME

SCORER = ScorerConnector(
    NAME,
    "Speech to text, OpenAI-compatible",
    OpenAiSpeechConfig,
    open_scorer,
    ScorerTraits(takes="audio", infers=("words spoken", "language spoken"), transcribes=True),
)
