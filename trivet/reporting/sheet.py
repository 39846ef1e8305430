"""Reports as PDF files."""

from trivet.reporting.candidate import Feedback
from trivet.reporting.content import Judgement, Maker, Report, Score
from trivet.reporting.paper import (
    BAR,
    HIT,
    INNER,
    LINE,
    MAIN,
    MARGIN,
    SOFT,
    TRACK,
    WARN,
    WARN_BACK,
    Paper,
)

_TIME = 15.0
"""Width of a time stamp's column."""


def report_sheet(report: Report) -> bytes:
    """The file for recruiters and interviewers."""
    paper = _paper(report, report.say("title"))
    _top(paper, report)
    _scores(paper, report)
    _points(paper, report, "strengths", report.strengths)
    _points(paper, report, "to_improve", report.to_improve)
    _flags(paper, report)
    if report.missing:
        paper.heading(report.say("missing"))
        paper.text(report.say("missing_note"), size=9, colour=SOFT)
        paper.text(("、" if report.language == "zh" else ", ").join(report.missing))
    _terms(paper, report)
    if report.judgements:
        paper.heading(report.say("judgements"))
        for said in report.judgements:
            _judgement(paper, said)
    _excerpt(paper, report)
    _made(paper, report)
    return paper.bytes()


def candidate_sheet(feedback: Feedback, report: Report) -> bytes:
    """The file for the candidate."""
    say = feedback.say
    paper = _paper(report, feedback.title)
    paper.text(feedback.title, size=9, colour=MAIN, bold=True)
    paper.text(feedback.hello, size=18, bold=True)
    paper.down(2)
    paper.text(feedback.thanks, size=11)
    for word, points, colour in (("c_well", feedback.well, BAR), ("c_work", feedback.work, WARN)):
        if points or word == "c_well":
            paper.heading(say(word))
        for point in points:
            paper.keep(16)
            top = paper.y
            paper.text(point.name, x=MARGIN + 4, bold=True)
            paper.text(point.text, x=MARGIN + 4)
            if paper.y > top:
                paper.box(MARGIN, top, 0.8, paper.y - top, colour)
            paper.down(2)
    if not feedback.well:
        paper.text(say("c_nothing"))
    for word, text in (
        ("c_unheard", feedback.unheard),
        ("c_how", feedback.how),
        ("c_review", feedback.rights),
    ):
        if text:
            paper.heading(say(word))
            paper.text(text)
    return paper.bytes()


def _paper(report: Report, title: str) -> Paper:
    language = "zh-CN" if report.language == "zh" else "en"
    footer = f"{report.reference} · {report.say('page', page='{page}')}"
    return Paper(f"{title} {report.reference}", language, report.scored_at, footer)


def _top(paper: Paper, report: Report) -> None:
    paper.text(report.say("title"), size=9, colour=MAIN, bold=True)
    paper.text(report.person, size=20, bold=True)
    paper.down(2)
    half = INNER / 2
    for n in range(0, len(report.facts), 2):
        pair = report.facts[n : n + 2]
        places = [MARGIN + half * place for place in range(len(pair))]
        labels = [(x, 24.0, name, "L") for x, (name, _) in zip(places, pair, strict=True)]
        values = [(x + 24, half - 28, value, "L") for x, (_, value) in zip(places, pair, strict=True)]
        paper.row([cell for both in zip(labels, values, strict=True) for cell in both], size=9.5)
    paper.down(3)
    paper.text(report.say("decides"), x=MARGIN + 2, width=INNER - 4, size=9, colour=WARN, back=WARN_BACK)


def _scores(paper: Paper, report: Report) -> None:
    paper.heading(report.say("scores"))
    if not report.scores:
        paper.text(report.say("none"), colour=SOFT)
        return
    paper.text(report.say("scale"), size=9, colour=SOFT)
    paper.down(2)
    for score in report.scores:
        _bar(paper, score)
    paper.down(2)
    for score in report.scores:
        _score(paper, report, score)


def _bar(paper: Paper, score: Score) -> None:
    paper.keep(7)
    x, width, top = MARGIN + 48, INNER - 48 - 16, paper.y
    paper.box(x, top + 1.6, width, 2.6, TRACK)
    paper.box(x, top + 1.6, width * score.value / 10, 2.6, WARN if score.gap else BAR)
    if score.required is not None:
        paper.box(x + width * score.required / 10 - 0.3, top + 0.6, 0.6, 4.6, (27, 36, 48))
    name = (MARGIN, 46.0, score.name, "L")
    paper.row([name, (MARGIN + INNER - 14, 14.0, f"{score.value:.1f}", "R")])
    paper.down(0.8)


def _score(paper: Paper, report: Report, score: Score) -> None:
    notes = []
    if score.required is not None:
        verdict = report.say("below", gap=f"{score.gap:.1f}") if score.gap else report.say("meets")
        notes.append(f"{report.say('required')} {score.required:.1f} · {verdict}")
    if score.confidence is not None:
        notes.append(f"{report.say('confidence')} {score.confidence:.0%}")
    paper.keep(20)
    paper.rule()
    paper.text(f"{score.name} {score.value:.1f}", size=10.5, bold=True)
    if notes:
        paper.text(" · ".join(notes), size=9, colour=WARN if score.gap else SOFT)
    for quote in score.evidence:
        marks = [quote.indicator, report.say("against") if quote.against else ""]
        marked = " · ".join(mark for mark in marks if mark)
        _spoken(paper, quote.at, quote.text + (f"  [{marked}]" if marked else ""))
    paper.down(1.5)


def _spoken(paper: Paper, at: str, text: str, *, counted: bool = False) -> None:
    for n, line in enumerate(paper.lines(text, INNER - _TIME, 10)):
        paper.keep(5.6)
        if counted:
            paper.box(MARGIN - 2, paper.y, INNER + 4, 5.6, HIT)
        top = paper.y
        if n == 0:
            paper.text(at, size=9, colour=MAIN, width=_TIME)
            paper.down(top - paper.y)
        paper.text(line, x=MARGIN + _TIME, width=INNER)


def _points(paper: Paper, report: Report, word: str, lines: tuple[str, ...]) -> None:
    paper.heading(report.say(word))
    for line in lines:
        top = paper.y
        paper.text(line, x=MARGIN + 4)
        if paper.y > top:
            paper.box(MARGIN, top, 0.8, paper.y - top, BAR if word == "strengths" else WARN)
        paper.down(1.5)
    if not lines:
        paper.text(report.say("none"), colour=SOFT)


def _flags(paper: Paper, report: Report) -> None:
    if not report.flags:
        return
    paper.heading(report.say("flags"))
    paper.text(report.say("flags_note"), size=9, colour=SOFT)
    for flag in report.flags:
        _spoken(paper, flag.at, f"{flag.text}  [{flag.why}]")


def _terms(paper: Paper, report: Report) -> None:
    if not report.terms:
        return
    paper.heading(report.say("terms"))
    places = (
        (MARGIN, 80.0, "L"),
        (MARGIN + 80, 24.0, "R"),
        (MARGIN + 104, 40.0, "R"),
        (MARGIN + 144, 30.0, "R"),
    )
    heads = [report.say(word) for word in ("term", "count", "per_1000", "first_at")]
    paper.row([(x, w, head, a) for (x, w, a), head in zip(places, heads, strict=True)], size=8.5, colour=SOFT)
    for term in report.terms:
        paper.row([(x, w, cell, a) for (x, w, a), cell in zip(places, term, strict=True)])
        paper.box(MARGIN, paper.y, INNER, 0.2, LINE)
        paper.down(0.8)


def _judgement(paper: Paper, said: Judgement) -> None:
    paper.keep(18)
    paper.text(f"{said.by}  {said.when}".strip(), bold=True)
    if said.scores:
        paper.text(" · ".join(f"{name} {value}" for name, value in said.scores))
    if said.remarks:
        paper.text(said.remarks)
    paper.down(2)


def _excerpt(paper: Paper, report: Report) -> None:
    if not report.excerpt:
        return
    paper.heading(report.say("excerpt"))
    paper.text(report.say("excerpt_note"), size=9, colour=SOFT)
    paper.down(1)
    for passage in report.excerpt:
        if not passage.follows:
            paper.down(3)
        _spoken(paper, passage.at, passage.text, counted=passage.counted)


def _made(paper: Paper, report: Report) -> None:
    paper.heading(report.say("made"))
    if report.method:
        paper.text(report.method, size=9, colour=SOFT)
        paper.down(1)
    for maker in report.makers:
        _maker(paper, maker)


def _maker(paper: Paper, maker: Maker) -> None:
    paper.keep(14)
    paper.text(maker.name, size=9.5, bold=True)
    for name, value in maker.facts:
        paper.row([(MARGIN + 4, 20.0, name, "L"), (MARGIN + 24, INNER - 24, value, "L")], size=8, colour=SOFT)
    paper.down(2)
