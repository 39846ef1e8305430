"""What messages say, in Chinese and English: what happened, about what, what helps."""

from collections.abc import Mapping

from trivet.flow.alerts.definition import Language
from trivet.ledger.alerts import Happening

_Words = Mapping[Language, tuple[str, str, str]]
# title, what happened, what helps; {flow} {system} {detail} {code} {count}
_KINDS: Mapping[str, _Words] = {
    "run_failed": {
        "zh": ("运行失败", "流程 {flow} 的最近一次运行失败（{detail}）。", "打开该次运行的红色任务，日志会说明原因和办法；已送达的保持不变，下次运行继续。"),
        "en": ("Run failed", "The newest run of {flow} failed ({detail}).", "Open the red task of the run: its log says why and what helps. What arrived stays; the next run goes on."),
    },
    "stale": {
        "zh": ("长时间未完成", "流程 {flow} 自 {detail} 以来没有完成任何批次。", "在 Airflow 中查看该流程是否暂停或仍在运行；`trivet doctor` 会检查各连接。"),
        "en": ("Nothing finished", "{flow} has closed no batch since {detail}.", "See in Airflow whether it is paused or still at work; `trivet doctor` tries every connection."),
    },
    "breaker_open": {
        "zh": ("系统暂停调用", "{system} 连续 {count} 次调用无结果，暂不再调用：{detail}", "`trivet doctor` 显示它是否恢复应答；恢复后自动继续，无需补发。"),
        "en": ("System is spared", "{count} calls in a row to {system} came to nothing, it is left alone for now: {detail}", "`trivet doctor` shows whether it answers; deliveries go on by themselves when it does."),
    },
    "case_opened": {
        "zh": ("需要人工处理", "{count} 个待处理事项（{code}）{about}。", "打开页面逐个决定：更正、放行或核销，并说明原因。"),
        "en": ("A person has to decide", "{count} open cases ({code}){about}.", "Open the page and decide each: correct it, let it pass or write it off with a reason."),
    },
    "drift": {
        "zh": ("数据结构或评分发生变化", "流程 {flow} 有 {count} 处变化：{detail}", "用 `trivet drift show {flow}` 查看；确认无误后 `trivet drift accept {flow}`。"),
        "en": ("Data or scores look different", "{count} things look different in {flow}: {detail}", "`trivet drift show {flow}` shows them; `trivet drift accept {flow}` where they are right."),
    },
    "approval_waits": {
        "zh": ("等待审批", "流程 {flow} 有 {count} 个批次等待批准：{detail}", "打开审批页面批准或拒绝；到期将按策略处理。"),
        "en": ("An approval waits", "{count} batches of {flow} wait for approval: {detail}", "Open the page and approve or refuse; what expires is handled as the policy says."),
    },
    "backup_old": {
        "zh": ("备份过旧", "台账最近一次备份：{detail}。", "运行 `trivet ledger backup`（SQLite）或检查备份服务（PostgreSQL）。"),
        "en": ("Backup is old", "Newest backup of the ledger: {detail}.", "Run `trivet ledger backup` (SQLite), or look at the backup service (PostgreSQL)."),
    },
    "channel_failing": {
        "zh": ("通知渠道不可用", "渠道 {system} 无法送达（{detail}）。", "用 `trivet alerts test {system}` 查看原因并更正连接；未送达的消息会自动重试。"),
        "en": ("A channel fails", "Messages do not reach the channel {system} ({detail}).", "`trivet alerts test {system}` says why; what waits is sent again by itself."),
    },
}  # fmt: skip
_OVER: Mapping[Language, tuple[str, str]] = {
    "zh": ("已恢复：", "自 {since} 起的问题已结束。"),
    "en": ("Over: ", "What began at {since} is over."),
}
_LINK: Mapping[Language, str] = {"zh": "打开页面", "en": "Open the page"}
_NONE: Mapping[Language, str] = {"zh": "无", "en": "none"}


def title(happening: Happening, language: Language, *, over: bool) -> str:
    """`Trivet: Run failed · nightly`; every message begins with the name, which some bots ask for as a keyword."""
    what = _KINDS[happening.kind][language][0]
    about = happening.flow or happening.system
    mark = _OVER[language][0] if over else ""
    return f"Trivet: {mark}{what}" + (f" · {about}" if about else "")


def lines(happening: Happening, language: Language, *, since: str, over: bool) -> tuple[str, ...]:
    """What happened and what helps; of what is over only that."""
    _, said, cure = _KINDS[happening.kind][language]
    values = {
        "flow": happening.flow or "-",
        "system": happening.system or "-",
        "detail": happening.detail or _NONE[language],
        "code": happening.code,
        "count": happening.count,
        "about": _about(happening),
    }
    told = said.format(**values)
    if over:
        return (told, _OVER[language][1].format(since=shown(since)))
    return (told, cure.format(**values))


def link_text(language: Language) -> str:
    """What the link says."""
    return _LINK[language]


def shown(at: str) -> str:
    """A ledger's time for people."""
    return f"{at[:10]} {at[11:16]} UTC"


def _about(happening: Happening) -> str:
    parts = [part for part in (happening.flow, happening.system, happening.detail) if part]
    return f": {', '.join(parts)}" if parts else ""
