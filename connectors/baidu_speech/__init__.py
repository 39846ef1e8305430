"""Baidu's speech recognition (短语音识别标准版): pieces of under a minute, their words at once.

After cloud.baidu.com/doc/SPEECH (the interface, its codes in `s/lk38lxosv`) and `s/mm7viqkmz` of the same site's
qianfan-api. Not yet run against the service itself, which needs an account: experimental.

Why not 音频文件转写 (`aasr/v1/create`), which takes five hours at once: it takes an address only (`speech_url`, reachable from
the internet) and no bytes, so every interview would have to lie on a public server for as long as the vendor queues it, up to
twelve hours. This interface takes the bytes themselves. The price of it: pieces are cut where it is quiet, the vendor gives
no times, so that a sentence's time is estimated within its piece, it takes no hot words, and it is told its language.

A piece costs one call. A call whose answer was lost is made again on the spot: twice the price of a piece, where giving up
would pay for the whole recording again. Failed calls are not billed.
"""

from trivet.contract import ScorerConnector, ScorerTraits

from .config import BaiduSpeechConfig
from .scorer import open_scorer
from .wire import NAME

SCORER = ScorerConnector(
    NAME,
    "Baidu speech to text (百度短语音识别)",
    BaiduSpeechConfig,
    open_scorer,
    ScorerTraits(takes="audio", infers=("words spoken",), transcribes=True),
    experimental=True,
)
