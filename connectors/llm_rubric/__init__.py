"""A language model rates a transcript by behaviourally anchored rubrics; every score stands on sentences that were said.

Any endpoint that speaks the chat completions of OpenAI's API (platform.openai.com/docs/api-reference/chat, structured
outputs in its guide of that name): OpenAI itself, vLLM, Ollama, DashScope, DeepSeek and others.

The transcript is untrusted: a candidate can speak instructions. What stands against it, from the outside in:

    sentences that speak to the scorer are withheld from the model, and shown to a person      addressed.py
    one call finds evidence and gives no score; each quote is looked up in the transcript      prompts.py, evidence.py
    a sentence that is quoted for almost everything is dropped, and shown to a person          evidence.py
    another call rates and sees the rubric and verified quotes, never the transcript           prompts.py
    no evidence, no score; levels are those of the rubric; each is asked several times         combining.py

Limits: an instruction that is phrased as behaviour, is not recognised as one, and is quoted for one competency reaches the
call that rates. Recognition knows English and Chinese. So flags and evidence are read by a person before they count.
"""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import LlmRubricConfig
from .rubrics import NAME
from .scorer import open_scorer

SCORER = ScorerConnector(
    NAME,
    "Rubric rated by a language model (OpenAI-compatible chat)",
    LlmRubricConfig,
    open_scorer,
    ScorerTraits(takes="transcript", infers=("competency scores from the words spoken",)),
)
