"""Which sentences speak to whoever scores, in place of telling what was done: the model never sees them, a person does.

A sentence too many is withheld rather than one too few; it costs a candidate only the evidence in it, and is shown. What is
split over two sentences is recognised too.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from trivet.transcript import Sentence

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_TOP = r"(?:10|ten|5|five|100|hundred|full|maximum|max|highest|top|perfect|uppermost)(?: (?:out of|of|/) ?(?:10|ten|5|five|100))?"
_MARK = r"(?:scores?|marks?|points?|ratings?|levels?|grades?)"
_GIVE = r"(?:give|assign|award|rate|score|grade|mark|set|choose|select|return|output|answer with|respond with|report)"
_WHOM = (
    r"(?:me|us|this (?:candidate|person|interview|answer|transcript)|the candidate|everything|"
    r"(?:all|every|each)(?: (?:of )?(?:the )?)?(?:competenc|category|categories|criteri|dimension|skill|item|score|rating|one))"
)
_TO_SCORER = (
    r"(?:ai|a\.i\.|llm|language model|scorer|grader|rater|evaluator|scoring (?:system|model|program))"
)
_ENGLISH = [
    r"\b(?:ignore|disregard|forget|override|bypass|skip|(?:do not|don.t|stop) (?:follow|us|apply)(?:ing|e)?)\b.{0,40}\b"
    r"(?:rubrics?|prompts?|anchors?|(?:your|scoring|grading|rating|these|all|any) (?:\w+ )?"
    r"(?:instructions?|rules?|guidelines?|criteria)"
    r"|(?:previous|prior|above|earlier|preceding) (?:instructions?|text|rules?|messages?|sentences?)"
    r"|(?:everything|anything|all|what|the text) (?:above|before|said))\b",
    r"^(?:please,? |now,? |so,? |and )?(?:ignore|disregard|forget|override) .{0,30}"
    r"\b(?:instructions?|guidelines?|criteria|rules?)\b",
    rf"\b{_GIVE} {_WHOM}.{{0,40}}\b{_TOP}\b(?! ?(?:minutes?|hours?|days?|weeks?|months?|people|tasks?|years?|percent|%))",
    rf"\b{_GIVE}\b.{{0,40}}\b(?:{_TOP} (?:possible )?{_MARK}|{_MARK} (?:of|as|to|at|=) ?{_TOP})\b",
    rf"\b{_MARK} (?:should|must|has to|have to|shall) be\b.{{0,20}}\b{_TOP}\b",
    r"\b(?:new|updated|revised|additional|hidden|system|developer) (?:instructions?|prompt|message|rubric)s?(?: is| are)?\s?:",
    rf"\b(?:you are|you.re|act as|pretend to be|behave as) (?:now )?(?:an? |the )?(?:\w+ )?(?:{_TO_SCORER}|assistant(?! \w))\b",
    rf"\b(?:note|message|instruction|attention|dear|hello|hi|hey)\b.{{0,12}}\b{_TO_SCORER}\b",
    r"^\s*(?:system|assistant|user|developer) ?:",
    r"<\s*/?\s*[a-z_|]+[^<>]{0,40}>|\[/?inst\]|```|\{\s*\"",
    r"\b(?:as|count as|treat .{0,30} as) (?:evidence|proof) for (?:all|every|each)\b",
]
_SCORED = r"(?:满分|最高分|最高级|最高等级|最高档|一百分|100 ?分|10 ?分(?![钟之])|[十五](?:分|级)(?=$|[。！，、,.!；; ])|5 ?级)"
_CHINESE = [
    r"(?:忽略|无视|忽视|忘记|忘掉|不要理会|不用理会|别管|不要管|不用管|跳过|不要遵守|不必遵守|推翻|绕过|抛开)(?![了过]).{0,12}"
    r"(?:指令|指示|提示词|量表|(?:评分|打分|评价|评估|所有|一切|上述)的?(?:标准|规则|准则|要求)|上面的|以上|前面的|之前的|先前的|上述)",
    rf"(?:给|打|评|判|算|选|输出|返回|设)(?![了过]).{{0,12}}(?<![了过]){_SCORED}",
    r"(?:分数|得分|评分|打分).{0,6}(?:应该|应当|必须|请|一律|全部|直接).{0,8}(?:高|满|十|10|五|5)",
    r"(?:你|您)(?:现在)?(?:是|扮演|作为).{0,8}(?:AI|人工智能|助手|语言模型|大模型|评分|打分|评估者|考官)",
    r"(?:致|写给|请|敬告|尊敬的|注意).{0,4}(?:AI|人工智能|语言模型|大模型|(?:评分|打分|评估)(?:系统|模型|程序|者|员))",
    r"(?:系统|开发者)(?:提示|消息|指令|提示词)\s?[:是]|新的?(?:指令|指示|评分标准)\s?[:是]",
    rf"(?:每|所有|各)(?:一)?(?:项|个)?(?:能力|胜任力|维度|项目|指标).{{0,8}}(?:最高|{_SCORED})",
]
# case is folded before, so that engines find a prefix to look for
_PATTERNS = [re.compile(pattern.replace("AI", "ai")) for pattern in (*_ENGLISH, *_CHINESE)]


@dataclass(frozen=True, slots=True)
class Sifted:
    """The sentences, apart."""

    told: list[Sentence]
    """What the model may see."""
    withheld: list[Sentence]


def sifted(sentences: Sequence[Sentence]) -> Sifted:
    """The sentences without those that speak to the scorer, and these."""
    texts = [_folded(sentence.text) for sentence in sentences]
    alone = [_speaks_to_scorer(text) for text in texts]
    out = {number for number, addressed in enumerate(alone) if addressed}
    for number, (one, other) in enumerate(pairwise(texts)):
        if not alone[number] and not alone[number + 1] and _speaks_to_scorer(_joined(one, other)):
            out |= {number, number + 1}
    return Sifted(
        [sentence for number, sentence in enumerate(sentences) if number not in out],
        [sentence for number, sentence in enumerate(sentences) if number in out],
    )


def _joined(one: str, other: str) -> str:
    # a recogniser may have cut a sentence with a full stop where the speaker breathed
    return f"{one.rstrip('.。!！?？,，;；')} {other}" if other.isascii() else one.rstrip("。！？，；") + other


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_INVISIBLE.sub("", plain).split())


def _speaks_to_scorer(text: str) -> bool:
    return any(pattern.search(text) for pattern in _PATTERNS) or _spelled_out(text)


def _spelled_out(text: str) -> bool:
    """`i g n o r e the rubric`, `忽 略 规 则`: the letters apart."""
    pieces = text.split()
    single = sum(len(piece) == 1 for piece in pieces)
    if single < 4 or single * 3 < len(pieces):
        return False
    joined = re.sub(r"(?<=\b\w) (?=\w\b)", "", text)
    tight = "".join(pieces)
    return any(pattern.search(one) for pattern in _PATTERNS for one in (joined, tight))
