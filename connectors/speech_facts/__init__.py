"""Facts about how an interview was spoken: pace, pauses, shares of the talk. Nothing is scored and nothing is concluded.

Recognisers leave out fillers and breaths, so pauses between words are a lower bound where a transcript has no speech time
of its own (voice activity).
"""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import SpeechFactsConfig
from .scorer import NAME, open_scorer

SCORER = ScorerConnector(
    NAME,
    "Speech facts (pace, pauses, turns; no scores)",
    SpeechFactsConfig,
    open_scorer,
    ScorerTraits(takes="transcript", infers=("pace and pauses from the times of words",), cheap=True),
)
