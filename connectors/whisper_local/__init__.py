"""Local speech recognition with faster-whisper: no byte of a recording leaves the machine, no download at run time."""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import WhisperLocalConfig
from .scorer import open_scorer

SCORER = ScorerConnector(
    "whisper_local",
    "Local Whisper (faster-whisper)",
    WhisperLocalConfig,
    open_scorer,
    ScorerTraits(takes="audio", infers=("words spoken", "language spoken"), transcribes=True),
)
