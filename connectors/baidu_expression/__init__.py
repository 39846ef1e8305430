"""Face expression by Baidu's face detection on a few pictures of a recording. Off by default, and no part of any score.

After Baidu's face detection v3 (`/rest/2.0/face/v3/detect`, `face_field=expression`: none, smile or laugh with a probability;
ai.baidu.com, FACE, 人脸检测与属性分析). What the vendor calls emotion is never asked for.

It is refused wherever a law may forbid it, whatever the configuration says:

    not switched on (`enabled`), or without purpose and list of regions    EXPRESSION_OFF, or the connection is refused
    a region of the EU or the EEA in the list                              the connection is refused
    the position's region is unknown, not listed, or of the EU or EEA      EXPRESSION_FORBIDDEN

The hub asks for the person's consent to `expression` before it calls a scorer that looks at faces, and keeps what it says apart
from the assessment.
"""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import BaiduExpressionConfig
from .scorer import open_scorer
from .wire import NAME

SCORER = ScorerConnector(
    NAME,
    "Baidu face expression (off by default, never in the EU)",
    BaiduExpressionConfig,
    open_scorer,
    ScorerTraits(takes="audio", infers=("facial expression: none, smile or laugh",), infers_from="face"),
    experimental=True,
)
