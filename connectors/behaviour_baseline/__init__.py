"""A transparent baseline: counts observable behaviours in what was said and shows every sentence that it counted."""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import BehaviourBaselineConfig
from .scorer import open_scorer

SCORER = ScorerConnector(
    "behaviour_baseline",
    "Behaviour baseline (counts behavioural indicators; not a validated test)",
    BehaviourBaselineConfig,
    open_scorer,
    ScorerTraits(takes="transcript", infers=("competency scores from the words spoken",), cheap=True),
)
