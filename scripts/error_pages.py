"""docs/errors.md and docs/errors.zh-CN.md, from trivet/documents/codes.yaml."""

from itertools import groupby

from trivet.documents.codes import MADE_OF, codes

_INTRODUCED = {
    "en": (
        "# Error codes",
        "What a code means and what to do. `trivet errors CODE` says the same at the command line. A code of another system "
        "stands in brackets behind the line, ours before it. Codes without a cure are entries of the audit trail or of a "
        "record's history. A code that begins with {made} and goes on with a keyword of JSON Schema, such as CONFIG_MINIMUM, "
        "says which rule a value breaks.",
        ("code", "meaning", "what to do"),
    ),
    "zh": (
        "# 错误代码",
        "代码的含义与处理办法；命令行中 `trivet errors CODE --lang zh` 给出同样内容。对方系统的代码在行末方括号中，我方代码在前。"
        "没有处理办法的代码是审计或历史条目。"
        "以 {made} 开头、后接 JSON Schema 关键字的代码（如 CONFIG_MINIMUM）说明值违反了哪条规则。",
        ("代码", "含义", "办法"),
    ),
}  # fmt: skip


def pages(head: str) -> dict[str, str]:
    """Both pages by their path."""
    return {"docs/errors.md": _page(head, "en"), "docs/errors.zh-CN.md": _page(head, "zh")}


def _page(head: str, language: str) -> str:
    title, told, columns = _INTRODUCED[language]
    made = (" or " if language == "en" else "或 ").join(MADE_OF)
    lines = [head, title, "", told.format(made=made), ""]
    for area, inside in groupby(codes().values(), key=lambda one: one.area[language]):
        lines += [f"## {area}", "", f"| {' | '.join(columns)} |", "|---|---|---|"]
        lines += [
            f"| `{one.name}` | {_cell(one.said[language].means)} | {_cell(one.said[language].cure)} |"
            for one in inside
        ]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("{{", "`{{").replace("}}", "}}`")
