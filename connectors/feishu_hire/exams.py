"""Written tests as their provider sees them: the list of papers, the way to an exam, its result.

    papers     POST /eco_exam_papers                     {paper_list [{id, name, …}]}: the last list sent is the one that counts
    arranged   POST /eco_exams/:exam_id/login_info       {exam_id, result, msg, exam_login_info {exam_url, …}}
    result     POST /eco_exams/:exam_id/update_result    {exam_id, result, result_time, report_list, detail_list}

Each may be sent again and takes the place of what was sent before; a result is refused once the recruiter has marked the exam.
None of them can be read. After the models of `lark-oapi` 1.7.5 and the pages hire-v1/eco_exam, eco_exam_paper of open.feishu.cn.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected
from trivet.model import Confirmed, Found, Operation, Outcome

from .config import FeishuExamsConfig
from .wire import Wire

NAME = "feishu_exams"
PAPERS, EXAM = "papers", "exam_id"
CALLS = {"arranged": "login_info", "result": "update_result"}


class FeishuExamsTarget:
    """See `trivet.contract.Target`; the entities are `papers`, `arranged` and `result`."""

    def __init__(self, config: FeishuExamsConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services, name=NAME)

    def check(self) -> None:
        """Logs in: the vendor offers no call that reads an exam."""
        self.wire.http.log_in()

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        return [self._sent(operation) for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:  # noqa: ARG002
        """Nothing can be asked."""
        return {}

    def _sent(self, operation: Operation) -> Outcome:
        try:
            return self._told(operation)
        except (AuthFailed, RateLimited):
            raise
        except ConnectorError as error:
            return error

    def _told(self, operation: Operation) -> Outcome:
        if operation.kind == "delete" or operation.entity not in (PAPERS, *CALLS):
            raise _refused("ENTITY", f"no {operation.kind} of {operation.entity}")
        if operation.entity == PAPERS:
            body = {"account_id": self.config.account_id, **operation.document}
            self.wire.write("send papers", "POST", "/eco_exam_papers", body)
            return Confirmed(self.config.account_id)
        exam = operation.document.get(EXAM)
        # it becomes part of the address
        if not isinstance(exam, str) or not exam.isascii() or not exam.isalnum():
            raise _refused("FIELD_TYPE", "this is no id of an exam", EXAM)
        body = {name: value for name, value in operation.document.items() if name != EXAM}
        call = CALLS[operation.entity]
        self.wire.write(f"send {operation.entity}", "POST", f"/eco_exams/{exam}/{call}", body)
        return Confirmed(exam)


@contextmanager
def open_exams(config: FeishuExamsConfig, services: Services) -> Iterator[FeishuExamsTarget]:
    """The target, closed on leaving."""
    target = FeishuExamsTarget(config, services)
    with target.wire.http:
        yield target


def _refused(code: str, message: str, field: str | None = None) -> Rejected:
    return Rejected(message, connector=NAME, operation="send", vendor_code=code, field=field)
