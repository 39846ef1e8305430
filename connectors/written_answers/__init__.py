"""Reads what candidates wrote: answers of a written test or a take-home task, as PDF, Word (.docx), text, or a zip of those.

The paper takes the place of a recording and becomes a transcript of paragraphs, which the scorers of transcripts read as they
read speech. There is no time in it: `start` and `end` of a segment are the paragraph's number (`places: paragraphs`), and a
report says paragraph instead of minute. A paper is read in a process of its own without network; macros, scripts, passwords,
archives in archives and bombs are refused, and so is a scan without text, which never counts as an empty answer.
"""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import NAME, WrittenAnswersConfig
from .scorer import open_scorer

SCORER = ScorerConnector(
    NAME,
    "Written answers (PDF, Word, text)",
    WrittenAnswersConfig,
    open_scorer,
    ScorerTraits(takes="paper", infers=("words written", "language written"), transcribes=True, cheap=True),
)
