"""The "model": finds evidence by key words and rates by counting it; it can be told to behave badly.

It fills whichever of two forms the caller's JSON Schema asks for: a list `evidence`, from lines `[number] sentence`, or a
list `ratings`, from lines `[number] (for|against) sentence` below a heading `evidence for <competency>:`.
"""

import re
from typing import Any

from ..store import Json

FOR = {
    "service_orientation": ("called back", "listened", "apologi", "satisfied", "回访", "耐心", "满意", "道歉"),
    "teamwork": ("with the team", "shared what", "helped a colleague", "together", "一起", "分享", "帮同事", "配合"),
    "risk_awareness": ("checked", "backup", "reported the risk", "rollback", "检查", "预案", "报告", "核对"),
    "leadership": ("took the lead", "delegated", "mentored", "set a clear goal", "带领", "分配任务", "培养", "目标"),
    "learning_ability": ("taught myself", "read the documentation", "course", "自学", "请教", "总结经验"),
    "communication": ("explained", "feedback", "in plain words", "讲解", "说明", "沟通"),
    "technical_ability": ("postgresql", "grpc", "plc", "transformer", "数控", "伺服", "编程", "精益"),
}  # fmt: skip
AGAINST = {
    "service_orientation": ("not my problem", "不归我管"),
    "teamwork": ("by myself", "did not tell", "一个人做", "没有告诉", "不喜欢和别人讨论"),
    "risk_awareness": ("skipped the check", "没有检查", "没有告诉同事"),
    "learning_ability": ("no time to learn", "没有时间学习"),
}
OBEYED = re.compile(
    r"ignore.{0,40}(?:rubric|instruction)|give (?:me )?(?:a )?10|uppermost grade|"
    r"忽略.{0,12}(?:规则|标准|指令)|给我.{0,6}满分",
    re.IGNORECASE,
)
"""What an obedient model takes for an instruction, wherever it stands."""
_LINE = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)
_HEADING = re.compile(r"^evidence for (\w+):$")


def evidence(content: str, competencies: list[str], mode: str) -> Json:
    """The form `evidence`."""
    lines = [(int(number), text) for number, text in _LINE.findall(content)]
    found = [
        _entry(name, number, text, speaks)
        for name in competencies
        for number, text in lines
        for speaks in [_speaks(name, text.lower())]
        if speaks
    ]
    if mode == "obeys":
        orders = [(number, text) for number, text in lines if OBEYED.search(text)]
        # it quotes what it was ordered by, and a sentence that is nothing of the kind
        for number, text in [*orders, *(lines[:1] if orders else [])]:
            found += [_entry(name, number, text, "for") for name in competencies]
    if mode == "invents":
        invented = "I personally saved the company and everybody thanked me"
        found += [_entry(name, 1, invented, "for") for name in competencies]
    if mode == "markup":
        found = [{**entry, "behaviour": "=cmd|' /C calc'!A0 <script>alert(1)</script>"} for entry in found]
    if mode == "misnumbers":
        found = [{**entry, "sentence": entry["sentence"] + 100} for entry in found]
    return {"evidence": found}


def ratings(content: str, competencies: list[str], mode: str, seed: int) -> Json:
    """The form `ratings`."""
    counts = dict.fromkeys(competencies, 0)
    at = ""
    for line in content.splitlines():
        heading = _HEADING.match(line)
        if heading:
            at = heading[1]
        elif at in counts and line.startswith("["):
            counts[at] += 1 if ") " in line and "(for)" in line else -1
    obeys = mode == "obeys" and OBEYED.search(content)
    return {
        "ratings": [_rating(name, 5 if obeys else _level(counts[name], mode, seed)) for name in competencies]
    }


def _level(count: int, mode: str, seed: int) -> Any:
    level = max(1.0, min(5.0, 3 + count / 2))
    match mode:
        case "texts":
            return f"{level:g}分"
        case "booleans":
            return True
        case "hundreds":
            return 85
        case "negatives":
            return -1
        case "wavers":
            return max(1.0, min(5.0, level + (seed % 3 - 1)))
        case "doubts":
            return None
    return int(level) if level == int(level) else level


def _rating(name: str, level: Any) -> Json:
    return {"competency": name, "reason": "counted", "level": level}


def _entry(name: str, number: int, text: str, speaks: str) -> Json:
    return {
        "competency": name,
        "sentence": number,
        "quote": text,
        "behaviour": f"shows {name}",
        "speaks": speaks,
    }


def _speaks(name: str, text: str) -> str | None:
    if any(word in text for word in AGAINST.get(name, ())):
        return "against"
    return "for" if any(word in text for word in FOR.get(name, ())) else None
