"""Counts industry terms in a transcript: dictionaries as data, Chinese and English, longest match, word boundaries right."""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import TermRecogniserConfig
from .scorer import open_scorer

SCORER = ScorerConnector(
    "term_recogniser",
    "Industry-term recogniser",
    TermRecogniserConfig,
    open_scorer,
    ScorerTraits(takes="transcript", infers=("words spoken",), cheap=True),
)
