"""iFlytek's transcription of recorded files (录音文件转写, LFASR v2): uploaded, queued there, asked for by its order's number.

After xfyun.cn/doc/asr/ifasr_new/API.html (limits, 72 hours, 100 questions an order), the vendor's own Python SDK
(`xfyunsdkspeech` 0.0.4: addresses, parameters, signature) and public clients (states, lattice, codes). Not yet run against
the service itself, which needs a paid account: experimental.

The recording is decoded here first, and the sound alone goes there. `score` answers with a ticket at once; the vendor keeps
a result for 72 hours and answers a hundred questions an order, so that the pause between two is never short.

The vendor knows no key for a repetition and lists no orders. An upload whose answer was lost may have been billed: it is
`UnknownOutcome`, and not repeated on the spot.
"""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import IflytekSpeechConfig
from .scorer import open_scorer
from .wire import NAME

SCORER = ScorerConnector(
    NAME,
    "iFlytek speech to text (讯飞录音文件转写)",
    IflytekSpeechConfig,
    open_scorer,
    ScorerTraits(takes="audio", infers=("words spoken", "who of the speakers spoke"), transcribes=True),
    experimental=True,
)
