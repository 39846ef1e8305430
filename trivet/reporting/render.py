"""One door to every form of a report."""

from typing import Literal

from trivet.reporting.candidate import feedback
from trivet.reporting.content import Report
from trivet.reporting.page import candidate_page, report_page
from trivet.reporting.sheet import candidate_sheet, report_sheet

Form = Literal["html", "pdf"]
Audience = Literal["recruiter", "candidate"]


def rendered(
    report: Report, form: Form, audience: Audience = "recruiter", contact: str | None = None
) -> bytes:
    """The file; `ConfigError` REPORT_EXTRA where a PDF is wanted and the extra is not installed."""
    if audience == "candidate":
        told = feedback(report, contact)
        return candidate_page(told).encode() if form == "html" else candidate_sheet(told, report)
    return report_page(report).encode() if form == "html" else report_sheet(report)
