"""docs/asvs.md and its Chinese twin: how Trivet stands to OWASP ASVS 5.0.0, levels 1 and 2, from scripts/asvs.yaml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "scripts" / "asvs.yaml"
SOURCE = "https://github.com/OWASP/ASVS/tree/master/5.0"
CHAPTERS = {
    "1": ("Encoding and sanitization", "编码与净化"), "2": ("Validation and business logic", "校验与业务逻辑"),
    "3": ("Web front end", "Web 前端"), "4": ("APIs and web services", "API 与 Web 服务"), "5": ("Files", "文件"),
    "6": ("Authentication", "身份验证"), "7": ("Sessions", "会话"), "8": ("Authorization", "授权"),
    "9": ("Self-contained tokens", "自包含令牌"), "10": ("OAuth and OIDC", "OAuth 与 OIDC"), "11": ("Cryptography", "密码学"),
    "12": ("Communication", "通信"), "13": ("Configuration", "配置"), "14": ("Data protection", "数据保护"),
    "15": ("Coding and architecture", "编码与架构"), "16": ("Logging and errors", "日志与错误"), "17": ("WebRTC", "WebRTC"),
}  # fmt: skip
STATES = {
    "met": ("met", "满足"), "partly": ("partly", "部分满足"), "operator": ("whoever runs it", "由运维方负责"),
    "none": ("does not apply", "不适用"), "gap": ("**gap**", "**缺口**"),
}  # fmt: skip
_TEXTS = {
    "en": (
        "# OWASP ASVS 5.0, levels 1 and 2", "[中文](asvs.zh-CN.md)",
        "How Trivet stands to each requirement of [ASVS 5.0.0]({source}) of levels 1 and 2: our own reading, not a certificate. "
        "*Whoever runs it*: settled outside of Trivet, by Airflow's auth manager, the proxy that ends TLS or a vault.",
        "| requirement | state | how | evidence |",
    ),
    "zh": (
        "# OWASP ASVS 5.0，一级与二级", "[English](asvs.md)",
        "Trivet 如何对应 [ASVS 5.0.0]({source}) 一级和二级的每一条要求：这是我们自己的判断，不是认证。"
        "*由运维方负责*：在 Trivet 之外解决，由 Airflow 的认证管理器、终止 TLS 的代理或密钥库负责。",
        "| 要求 | 状态 | 做法 | 证据 |",
    ),
}  # fmt: skip


def entries() -> dict[str, Any]:
    """The file as it is."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))
    return data


def numbered(text: str) -> Iterator[str]:
    """The ids that a range such as `6.2.1-12` names."""
    section, _, last = text.rpartition(".")
    first, _, end = last.partition("-")
    for n in range(int(first), int(end or first) + 1):
        yield f"{section}.{n}"


def required() -> set[str]:
    """The id of every requirement of levels 1 and 2."""
    found = set()
    for section, ranges in entries()["requirements"].items():
        for part in str(ranges).split(", "):
            found |= set(numbered(f"{section}.{part}"))
    return found


def page(head: str, language: str) -> str:
    """The page in that language."""
    which = 0 if language == "en" else 1
    title, twin, about, columns = _TEXTS[language]
    known = entries()
    counted = {
        state: sum(len(list(ids_of(row))) for row in known["rows"] if row["state"] == state)
        for state in STATES
    }
    lines = [head, title, "", twin, "", about.format(source=SOURCE), ""]
    lines += [" · ".join(f"{STATES[state][which]}: {n}" for state, n in counted.items()), ""]
    chapter = ""
    for row in known["rows"]:
        mine = str(row["ids"][0]).partition(".")[0]
        if mine != chapter:
            chapter = mine
            lines += ["", f"## V{chapter} {CHAPTERS[chapter][which]}", "", columns, "|---|---|---|---|"]
        ids = ", ".join(str(one) for one in row["ids"])
        proof = ", ".join(_link(one) for one in row.get("evidence", ()))
        lines.append(f"| {ids} | {STATES[row['state']][which]} | {row[language]} | {proof} |")
    return "\n".join([*lines, ""])


def ids_of(row: dict[str, Any]) -> Iterator[str]:
    """The ids that a row speaks of."""
    for one in row["ids"]:
        yield from numbered(str(one))


def _link(evidence: str) -> str:
    file, _, test = evidence.partition("::")
    shown = f"`{test}`" if test else file.rpartition("/")[2]
    return f"[{shown}]({Path('..') / file if not file.startswith('docs/') else file.removeprefix('docs/')})"
