"""Reports a second: a full page and a full sheet of one interview, one process, CPU seconds.

    python -m benchmarks.reports

Peers: Jinja2 with autoescape filling a page of the same size, what most report makers stand on.
"""

import resource
import sys
import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment

from tests.reported import evidence, sources
from trivet.reporting.content import report
from trivet.reporting.render import rendered

WANTED = 20
"""HTML reports a second that are promised."""
SECONDS = 3.0


def main() -> int:
    """0 where the promise holds."""
    given = sources(**long_interview())
    zone = ZoneInfo("Asia/Shanghai")
    made = report(given, "zh", zone)
    page = rendered(made, "html")
    sheet = rendered(made, "pdf")
    html = rate(lambda: rendered(report(given, "zh", zone), "html"))
    candidate = rate(lambda: rendered(report(given, "zh", zone), "html", "candidate"))
    pdf = rate(lambda: rendered(report(given, "zh", zone), "pdf"))
    peer = rate(jinja(made))
    print(
        f"45 minutes, {len(made.scores)} competencies, {len(made.excerpt)} sentences shown, {len(made.terms)} terms"
    )
    for name, value, size in (
        ("HTML", html, len(page)),
        ("HTML, the candidate's", candidate, None),
        ("PDF, font subset in it", pdf, len(sheet)),
        ("Jinja2, a page of these rows", peer, None),
    ):
        print(f"  {name:<30}{value:>10.1f} /s{f'{size / 1024:>10.0f} KB' if size else ''}")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    return 0 if html >= WANTED else 1


def long_interview() -> dict[str, Any]:
    """Seven competencies with six quotes each out of 600 sentences, 40 terms."""
    said = tuple(f"第{n}句：我们先一起检查设备，再把结果告诉客户，并且记录下来。" for n in range(600))
    names = (
        "service_orientation",
        "teamwork",
        "risk_awareness",
        "leadership",
        "learning_ability",
        "communication",
        "technical_ability",
    )
    scores = [
        {
            "competency": name, "score": 5.5 + place / 2, "required": 7,
            "evidence": [evidence(said, 80 * place + 11 * n, "indicator") for n in range(6)],
        }
        for place, name in enumerate(names)
    ]  # fmt: skip
    terms = [
        {"term": f"术语{n}", "count": n + 1, "per_1000_words": 1.5, "first_at": 7.0 * n} for n in range(40)
    ]
    segments = [{"start": 7.0 * n, "end": 7.0 * n + 6, "text": text} for n, text in enumerate(said)]
    assessment = sources().assessment | {
        "competency_scores": scores,
        "term_counts": terms,
        "speech": {"duration": 2700.0},
    }
    return {"assessment": assessment, "transcript": {"segments": segments}}


def rate(make: Callable[[], Any]) -> float:
    """Times a CPU second, after one to warm up."""
    make()
    began, n = time.process_time(), 0
    while time.process_time() - began < SECONDS:
        make()
        n += 1
    return n / (time.process_time() - began)


def jinja(made: Any) -> Callable[[], str]:
    """The same rows through Airflow's own template engine."""
    template = Environment(autoescape=True).from_string(
        "<h1>{{ r.person }}</h1>{% for s in r.scores %}<h3>{{ s.name }} {{ s.value }}</h3>{% for q in s.evidence %}<p>{{ q.at }} "
        "{{ q.text }} {{ q.indicator }}</p>{% endfor %}{% endfor %}{% for t in r.terms %}<tr>{% for c in t %}<td>{{ c }}</td>"
        "{% endfor %}</tr>{% endfor %}{% for p in r.excerpt %}<li>{{ p.at }} {{ p.text }}</li>{% endfor %}"
    )
    return lambda: template.render(r=made)


if __name__ == "__main__":
    sys.exit(main())
