"""Competency archive, indicator scores, and the results of performance."""

from typing import Any

from ..server import Answer, Request
from ..store import Json, Store

MOST_ITEMS = 100
SCHEMES = ("2026四季度考核",)
INDICATORS = tuple(f"d4f3aa7068af478cb7b317737b562b{i}" for i in range(31, 38))
"""One for each competency of the company."""
_NEEDED = ("bizUniqueKey", "totalScore", "bizActivityName", "bizActivityUniqueKey", "bizDateTime")


class Talent:
    """Calls that answer as a whole."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def job_match(self, request: Request) -> Answer:
        """胜任力档案同步: all items or none; the code is a number."""
        items = request.json().get("syncItems")
        if not isinstance(items, list) or not 0 < len(items) <= MOST_ITEMS:
            return _refused(999, f"syncItems 1-{MOST_ITEMS}")
        wrong = next((said for item in items if (said := self._wrong(item))), "")
        if wrong:
            return _refused(999, wrong)
        for item in items:
            self.store.put("cptArchive", str(item["bizUniqueKey"]), item)
        return Answer({"code": 200, "message": "操作成功", "traceId": "aa5276192d752b29"})

    def _wrong(self, item: Json) -> str:
        missing = [name for name in _NEEDED if item.get(name) in (None, "")]
        if missing:
            return f"{missing[0]}不能为空"
        if not _number(item["totalScore"]):
            return "totalScore不是有效的数值"
        at = item["bizDateTime"]
        if not isinstance(at, int) or len(str(at)) != 13:
            return "bizDateTime不是毫秒时间戳"
        if not self._known(item.get("staffCode")):
            return "staffCode员工不存在"
        details = item.get("archiveSyncDetailList")
        if not isinstance(details, list) or not details:
            return "archiveSyncDetailList不能为空"
        fine = all(d.get("entryCode") and d.get("entryName") and _number(d.get("evalScore")) for d in details)
        return "" if fine else "archiveSyncDetailList词条不完整"

    def save_score(self, request: Request) -> Answer:
        """指标得分: all rows or none; the code is text."""
        rows = request.json().get("collectdata")
        if not isinstance(rows, list) or not rows:
            return _refused("999", "collectdata不能为空")
        for row in rows:
            if not row.get("schemeid") and not row.get("schemename"):
                return _refused("999", "方案名称和方案id不能同时为空", "123-001-665071")
            if row.get("schemename") not in SCHEMES:
                return _refused("999", "schemename方案不存在", "123-001-665072")
            if not self._known(row.get("staffcode")):
                return _refused("999", "staffcode人员不存在", "123-001-665073")
            if row.get("indicatorid") not in INDICATORS:
                return _refused("999", "indicatorid指标不存在", "123-001-665074")
            columns = row.get("column")
            if not columns or any(not c.get("columncode") or "columnvalue" not in c for c in columns):
                return _refused("999", "column栏目不完整", "123-001-665075")
        for row in rows:
            name = f"{row['schemename']}/{row['staffcode']}/{row['indicatorid']}"
            self.store.put("indicatorScore", name, row)
        return Answer({"code": "200", "message": "操作成功!", "displayCode": "123-001-665070"})

    def results(self, request: Request) -> Answer:
        """员工绩效结果查询: numbers of staff are left empty in the answer, the ids are not."""
        asked = request.json()
        periods = asked.get("periodcode")
        if not periods or not asked.get("evaobj"):
            return _refused("999", "期间信息不存在", "123-001-661163")
        told = []
        for one in asked["evaobj"]:
            staff = next(iter(self.store.owned("staff", "code", str(one.get("staffcode")))), None)
            mine = self.store.owned("score", "staff", str(one.get("staffcode"))) if staff else []
            scores = [
                {n: v for n, v in s.items() if n not in ("staff", "id")}
                for s in mine
                if s["periodcode"] in periods
            ]
            if staff and scores:
                told.append(
                    {"staffid": staff["id"], "staffcode": "", "deptid": "", "deptcode": "", "score": scores}
                )
        return Answer({"code": "200", "message": "操作成功!", "data": told, "displayCode": "123-001-661162"})

    def _known(self, code: Any) -> bool:
        return bool(code) and bool(self.store.owned("staff", "code", str(code)))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused(code: int | str, message: str, display: str = "") -> Answer:
    return Answer({"code": code, "message": message, **({"displayCode": display} if display else {})})
