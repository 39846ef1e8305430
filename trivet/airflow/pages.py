"""The HTML of Trivet's pages, in Chinese or English. Every value is escaped; only `Html` passes as it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

WORDS = {
    "batches": "批次",
    "batch": "批次",
    "deliveries": "投递记录",
    "set aside": "已搁置",
    "no batch yet": "还没有批次",
    "nothing": "无",
    "system": "系统",
    "entity": "对象",
    "kind": "操作",
    "state": "状态",
    "opened at": "开始时间",
    "closed at": "结束时间",
    "operations": "操作数",
    "flow": "流程",
    "target": "系统",
    "reference": "引用号",
    "remote id": "对方编号",
    "error code": "错误码",
    "error text": "错误说明",
    "stage": "阶段",
    "code": "代码",
    "place": "位置",
    "pointer": "字段",
    "message": "原因",
    "delivered": "已送达",
    "waiting": "等待中",
    "planned": "待发送",
    "refused": "被拒绝",
    "unknown": "待核实",
    "stuck": "需人工处理",
    "cancelled": "已取消",
    "taken back": "已撤回",
    "confirmed": "已送达",
    "waiting_identity": "等待工号",
    "rejected": "被拒绝",
    "open": "进行中",
    "for a person to decide": "需人工决定",
    "field": "字段",
    "all": "全部",
    "show": "显示",
    "show deliveries": "查看投递记录",
    "this page cannot be shown": "此页无法显示",
    "delivered, waiting, set aside and why": "已送达、等待中、已搁置及其原因",
}
LEAD = "delivered, waiting, set aside and why"
BATCH_COLUMNS = ("batch", "flow", "kind", "state", "opened_at", "operations", "set_aside")
DELIVERY_COLUMNS = ("target", "entity", "kind", "reference", "state", "remote_id", "error_code", "error_text")
ALWAYS = ("batch", "state", "delivered")
"""Columns that stay even where they are empty."""
STATES = ("delivered", "waiting", "planned", "refused", "unknown", "stuck", "cancelled", "taken_back")
STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:1.2rem}
h1{font-size:1.3rem;margin:.2rem 0 .8rem}h2{font-size:1.05rem;margin:1.4rem 0 .5rem}
nav a{margin-right:1rem}p.lead{opacity:.75;margin:.2rem 0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;
border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{background:var(--soft);font-weight:600}
td.number{text-align:right;font-variant-numeric:tabular-nums}td.bad{color:#c62828;font-weight:600}
pre{white-space:pre-wrap;background:var(--soft);padding:.8rem;border-radius:.4rem}
form{display:flex;gap:.6rem;flex-wrap:wrap;margin:0 0 1rem}
"""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def language_of(accepted: str) -> str:
    """`zh` or `en`, whichever the browser names first."""
    for choice in accepted.lower().split(","):
        name = choice.split(";")[0].strip()
        if name.startswith(("zh", "en")):
            return name[:2]
    return "en"


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders in one language, with links below `root`: Airflow may be served below a path of its own."""

    language: str
    root: str

    def page(self, title: str, content: Html, nonce: str) -> str:
        """A whole page around the content."""
        return (
            f'<!doctype html><html lang="{self.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>Trivet · {self._say(title)}</title>"
            f'<style nonce="{escape(nonce)}">{STYLE}</style></head><body>'
            f"<nav>{self._link('/', 'batches')}{self._link('/deliveries', 'deliveries')}</nav>"
            f"<h1>{self._say(title)}</h1>{content}</body></html>"
        )

    def batches(self, rows: Sequence[Mapping[str, Any]]) -> Html:
        """The list of batches, each a link to its page."""
        columns = [name for name in BATCH_COLUMNS if name in ALWAYS or any(row.get(name) for row in rows)]
        linked = [
            {**row, "batch": self._link(f"/batch/{quote(str(row['batch']), safe='')}", row["batch"])}
            for row in rows
        ]
        return Html(
            f'<p class="lead">{self._say(LEAD)}</p>' + self._table(columns, linked, empty="no batch yet")
        )

    def batch(self, batch_id: str, summary: Mapping[str, Any]) -> Html:
        """One batch: counts per system and state, then what a person should look at, with the reason."""
        systems = summary["systems"]
        columns = ["system", *(s for s in STATES if s in ALWAYS or any(row.get(s) for row in systems))]
        more = self._link(f"/deliveries?{urlencode({'batch': batch_id})}", "show deliveries")
        return Html(
            f'<p class="lead">{escape(batch_id)} · {self._cell(summary.get("state"))} · {more}</p>'
            + self._table(columns, systems)
            + self._section(
                "set aside", ["stage", "code", "place", "pointer", "message"], summary["set_aside"]
            )
            + self._section("refused", ["system", "entity", "code", "field", "message"], summary["refused"])
            + self._section("for a person to decide", ["code", "message", "opened_at"], summary["cases"])
        )

    def deliveries(self, rows: Sequence[Mapping[str, Any]], chosen: Mapping[str, str | None]) -> Html:
        """Operations with a small form that narrows them."""
        fields = (("batch", "batch_id"), ("system", "target"), ("state", "state"))
        inputs = "".join(
            f"<label>{self._say(label)} "
            f'<input name="{label}" value="{escape(chosen.get(key) or "")}"></label>'
            for label, key in fields
        )
        return Html(
            f"<form>{inputs}<button>{self._say('show')}</button></form>" + self._table(DELIVERY_COLUMNS, rows)
        )

    def problem(self, text: str) -> Html:
        """Why there is nothing to show, and the cure."""
        return Html(f"<p>{self._say('this page cannot be shown')}</p><pre>{escape(text)}</pre>")

    def _section(self, title: str, columns: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> str:
        return f"<h2>{self._say(title)}</h2>{self._table(columns, rows)}" if rows else ""

    def _table(
        self, columns: Iterable[str], rows: Sequence[Mapping[str, Any]], empty: str = "nothing"
    ) -> str:
        if not rows:
            return f"<p>{self._say(empty)}</p>"
        names = list(columns)
        head = "".join(f"<th>{self._say(name.replace('_', ' '))}</th>" for name in names)
        body = "".join(f"<tr>{''.join(self._td(name, row.get(name)) for name in names)}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _td(self, column: str, value: Any) -> str:
        kinds = ["number"] if isinstance(value, int) else []
        if column in ("refused", "stuck") and value:
            kinds.append("bad")
        if column.endswith("_at") and isinstance(value, str):
            # to the minute: `2026-11-20T01:05:00.123456Z`
            value = f"{value[:10]} {value[11:16]} UTC"
        return f'<td class="{" ".join(kinds)}">{self._cell(value)}</td>'

    def _cell(self, value: Any) -> str:
        if isinstance(value, Html):
            return value
        if value is None:
            return ""
        if isinstance(value, Mapping):
            return escape(", ".join(f"{self._word(str(name))} {count}" for name, count in value.items()))
        return escape(self._word(value) if isinstance(value, str) else str(value))

    def _link(self, path: str, text: Any) -> Html:
        return Html(f'<a href="{escape(self.root + path)}">{self._cell(text)}</a>')

    def _say(self, words: str) -> Html:
        return Html(escape(self._word(words)))

    def _word(self, words: str) -> str:
        return WORDS.get(words, words) if self.language == "zh" else words
