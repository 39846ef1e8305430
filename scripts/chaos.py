"""Kills workers by the thousand and writes what came of it into `docs/reliability.md` and `docs/reliability.zh-CN.md`.

    python -m scripts.chaos --trials 2000 --seed 1

Forked workers against an ERP behind HTTP, the simulation, engines that break one rule each, and an engine that sends and then
records. `tests/chaos` holds all of it, and runs it smaller.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# behind the checkout: `tests/trivet` must not be taken for trivet
sys.path.append(str(ROOT / "tests"))

from chaos.campaign import (  # noqa: E402 - found through the line above
    WRITING_CALLS,
    Field,
    line_trials,
    lives,
    naive_trials,
    no_strace,
    place_trials,
    sleep_trials,
    syscall_trials,
)
from chaos.convictions import Catch, catch_all  # noqa: E402
from chaos.erp_server import READ_FAULTS, WRITE_FAULTS  # noqa: E402
from chaos.simulation import simulated  # noqa: E402
from chaos.trials import Ground, Trial, Verdict, spread  # noqa: E402
from chaos.worker import all_lines  # noqa: E402

from trivet.ledger import open_ledger  # noqa: E402

PAGES = {"en": ROOT / "docs" / "reliability.md", "zh": ROOT / "docs" / "reliability.zh-CN.md"}
BEGIN, END = "<!-- written by `make chaos` -->\n", "<!-- end of what `make chaos` writes -->\n"
PHASES = ("plan", "push", "verify", "finish", "settle", "second look", "take back")
CHINESE = {
    "campaign": "试验",
    "trials": "次数",
    "killed": "被杀",
    "places": "不同位置",
    "violations": "违反承诺",
    "bound": "95 % 上限",
    "line": "在引擎的任一行被杀",
    "syscall": "在写入的系统调用中被杀",
    "failpoint": "在故障点被杀",
    "commit": "在提交之前被杀",
    "moment": "在任意时刻被杀（部分用两条连接）",
    "sleep": "SIGSTOP 至租约过期后再 SIGCONT",
    "none": "不杀，只有 ERP 的故障",
    "all": "合计",
    "simulation": "模拟的历史",
    "naive": "朴素引擎：先发送，后记录",
    "fault": "故障",
    "plan": "计划",
    "push": "推送",
    "verify": "核对",
    "finish": "结束",
    "settle": "结清",
    "second look": "再次查看",
    "take back": "撤回",
    "not killed": "未被杀",
    "rule": "被去掉的规则",
    "seen": "第几个历史中被发现",
    "promise": "发现时被违反的承诺",
    "the intent is not committed before sending": "发送前不提交意图",
    "confirmed before it is sent": "发送之前就记为已确认",
    "no quiet time before asking": "询问前不等静默期",
    "no second look": "没有再次查看",
    "the fence is not checked": "不检查栅栏号",
    "a random part in the reference": "引用中含随机部分",
    "sent again without asking": "不询问就重发",
    "a lost answer counts as not sent": "丢失的应答当作未发送",
    "an unreadable answer counts as confirmed": "读不懂的应答当作已确认",
    "a refusal is tried again": "被拒绝后再试",
    "the oldest revision is taken back first": "先撤回最旧的修订",
    "a person's later change is overwritten": "覆盖人工后来的修改",
    "of doubles the newest is kept": "重复记录中保留最新的",
    "doubles are left alone": "不清理重复记录",
    "a wish to take back is forgotten": "忘记撤回的意愿",
    "siblings of what is refused stay": "被拒绝者的同伴留下",
    "no before-image is kept": "不保存修改前的内容",
    "a pause that is asked for is not kept": "不遵守要求的暂停",
    "more people than the cap allows": "超出人数上限",
    "too many refusals do not hold the batch": "拒绝过多时不停下",
}
ENGLISH = {
    "places": "different places",
    "bound": "95 % bound",
    "line": "killed at a line of the engine",
    "syscall": "killed in a writing system call",
    "failpoint": "killed at a failpoint",
    "commit": "killed before a commit",
    "moment": "killed at any moment (some on two connections)",
    "sleep": "SIGSTOP until after the lease, then SIGCONT",
    "none": "nobody killed, the ERP misbehaves",
    "all": "together",
    "simulation": "simulated histories",
    "naive": "naive engine: sends, then records",
    "rule": "rule taken away",
    "seen": "seen in history number",
    "promise": "promise broken there",
}
Say = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that is written down."""

    verdicts: dict[str, list[Verdict]]
    naive: list[Verdict]
    reached: set[str]
    histories: int
    seconds: dict[str, float]
    catches: dict[str, Catch]
    seed: int
    skipped: str


def main() -> int:
    """0 where our engine broke no promise and every broken engine was caught."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--trials", type=int, default=2000)
    reader.add_argument("--seed", type=int, default=1)
    asked = reader.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder of its own is made in it
    with tempfile.TemporaryDirectory(prefix="trivet-chaos-", dir=memory) as name:
        result = run(Path(name), asked.trials, asked.seed)
    for language, page in PAGES.items():
        text = page.read_text(encoding="utf-8")
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n{block(result, language)}\n{END}{after}", encoding="utf-8")
    print(block(result, "en"))  # noqa: T201
    wrong = [one for some in result.verdicts.values() for one in some if one.wrong]
    for one in wrong:
        print(f"{one.trial} at {one.place}: {one.wrong}")  # noqa: T201
    uncaught = [name for name, one in result.catches.items() if not one.said or one.ours]
    return 1 if wrong or uncaught or not any(one.wrong for one in result.naive) else 0


def run(folder: Path, trials: int, seed: int) -> Result:
    """All campaigns, one after the other."""
    migrated = folder / "migrated"
    migrated.mkdir()
    open_ledger(f"sqlite:///{migrated}/ledger.db", migrated, environ={}).close()
    field = Field(folder / "field", migrated)
    field.folder.mkdir()
    skipped = no_strace(folder)
    deadly, reached = line_trials(field, seed, trials * 60 // 100, faults=max(24, trials // 25))
    jobs: dict[str, list[Trial]] = {"line": deadly}
    if not skipped:
        [counts] = spread([WRITING_CALLS], Ground.syscalls, field.folder, migrated)
        jobs["syscall"] = syscall_trials(seed, counts, trials * 15 // 100)
    jobs |= {by: place_trials(seed, by, trials * 5 // 100) for by in ("failpoint", "commit", "moment")}  # type: ignore[arg-type]
    jobs["sleep"] = sleep_trials()
    jobs["none"] = lives(seed, trials * 10 // 100)
    verdicts, seconds = {}, {}
    for name, some in jobs.items():
        verdicts[name], seconds[name] = _timed(
            name, len(some), lambda tell, some=some: _run(field, some, tell)
        )
    naive = naive_trials(seed, 200)
    failed, seconds["naive"] = _timed("naive", len(naive), lambda tell: _run(field, naive, tell))
    many = trials * 5
    histories, seconds["simulation"] = _timed(
        "simulation", many, lambda tell: simulated(folder, migrated, many, seed, tell)
    )
    catches, seconds["mutants"] = _timed("mutants", 20, lambda tell: catch_all(folder, migrated, tell))
    return Result(verdicts, failed, reached, histories, seconds, catches, seed, skipped)


def _run(field: Field, trials: Sequence[Trial], tell: Callable[[int], None]) -> list[Verdict]:
    return Field(field.folder, field.migrated, tell).run(trials)


def _timed(name: str, many: int, work: Callable[[Callable[[int], None]], object]) -> tuple[object, float]:
    begun, done, told = time.monotonic(), 0, 0.0

    def tell(more: int) -> None:
        nonlocal done, told
        done += more
        now = time.monotonic()
        if now - told < 1 and done < many:
            return
        told, rate = now, done / max(now - begun, 0.01)
        print(f"\r{name}: {done}/{many}, {rate:.1f}/s ", end="", file=sys.stderr, flush=True)  # noqa: T201

    result = work(tell)
    print(file=sys.stderr)  # noqa: T201
    return result, time.monotonic() - begun


def block(result: Result, language: str) -> str:
    """The generated part of a page."""

    def say(word: str) -> str:
        return (CHINESE if language == "zh" else ENGLISH).get(word, word)

    counts = _counts(result, say)
    covered = _covered(result, language)
    return "\n\n".join([counts, covered, _matrix(result, say), _rules(result, say), ""])


def _counts(result: Result, say: Say) -> str:
    rows = [[say(word) for word in ("campaign", "trials", "killed", "places", "violations", "bound")]]
    every = [one for some in result.verdicts.values() for one in some]
    for name, some in [*result.verdicts.items(), ("all", every), ("naive", result.naive)]:
        wrong = sum(bool(one.wrong) for one in some)
        places = len({one.place for one in some if one.killed and one.place not in {"", "commit"}})
        bound = f"{3 / len(some):.2%}" if some and not wrong else ""
        killed = sum(one.killed for one in some)
        rows.append([say(name), *map(str, (len(some), killed, places or "", wrong)), bound])
    bound = f"{3 / result.histories:.3%}"
    rows.append([say("simulation"), str(result.histories), "", "", "0", bound])
    return _rows(rows)


def _covered(result: Result, language: str) -> str:
    total = all_lines()
    hit = {one.place for one in result.verdicts["line"] if one.killed} & total
    missed = Counter(line.split(":")[0] for line in total - result.reached)
    lines = Counter(line.split(":")[0] for line in total)
    least = ", ".join(f"`{name}` {lines[name] - left}/{lines[name]}" for name, left in sorted(missed.items()))
    rate = result.histories / result.seconds["simulation"]
    if language == "zh":
        said = (
            f"种子 {result.seed}。`trivet/delivery` 的函数共有 {len(total)} 行；"
            f"未被杀的生命走过 {len(result.reached & total)} 行，在其中 {len(hit)} 行上杀死过进程。"
            f"有行未走到的文件（走到/全部）：{least}。模拟每秒 {rate:.0f} 个历史。"
        )
    else:
        said = (
            f"Seed {result.seed}. The functions of `trivet/delivery` have {len(total)} lines; lives that nobody kills "
            f"run through {len(result.reached & total)} of them, and at {len(hit)} a process was killed. Files with lines "
            f"that are not reached (reached/all): {least}. The simulation does {rate:.0f} histories a second."
        )
    return f"{said}\n\n{result.skipped}".strip()


def _matrix(result: Result, say: Say) -> str:
    seen: Counter[tuple[str, str]] = Counter()
    for one in (one for some in result.verdicts.values() for one in some):
        for fault in set(one.faults) - {"none"}:
            seen[fault, one.phase if one.killed else "not killed"] += 1
    columns = (*PHASES, "not killed")
    rows = [[say("fault"), *map(say, columns)]]
    rows += [
        [f"`{fault}`", *(str(seen[fault, phase]) for phase in columns)]
        for fault in (*WRITE_FAULTS, *READ_FAULTS)
    ]
    return _rows(rows)


def _rules(result: Result, say: Say) -> str:
    rows = [[say(word) for word in ("rule", "seen", "promise")]]
    for name, one in result.catches.items():
        promise = one.said.split(":")[0] if one.said[:1] == "I" and one.said[1:2].isdigit() else "I14"
        rows.append([say(name), str(one.histories), promise if one.said else "-"])
    return _rows(rows)


def _rows(rows: list[list[str]]) -> str:
    head, *rest = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rest])


if __name__ == "__main__":
    sys.exit(main())
