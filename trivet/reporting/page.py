"""Reports as one HTML file each: nothing is fetched, nothing runs, and no word of a stranger is markup."""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape

from trivet.reporting.candidate import Feedback, Point
from trivet.reporting.content import Judgement, Maker, Passage, Quote, Report, Score
from trivet.reporting.letters import letters
from trivet.reporting.style import CSS
from trivet.reporting.words import Language

_TURNING = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
"""Scripts that are written from right to left."""
_HEAD = (
    '<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src {styles}; font-src data:; '
    "base-uri 'none'; form-action 'none'\">\n"
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
    '<meta name="format-detection" content="telephone=no">\n'
    "<title>{title}</title>\n{sheets}\n</head>\n<body>\n<main>\n"
)
_TAIL = "</main>\n</body>\n</html>\n"


def report_page(report: Report, *, carried: bool = True) -> str:
    """The page for recruiters and interviewers; carrying its Chinese letters, unless the reader's machine has them."""
    parts = [
        _header(report),
        _scores(report),
        _points(report.say("strengths"), report.strengths, "points", report.say("none")),
        _points(report.say("to_improve"), report.to_improve, "points work", report.say("none")),
        _flags(report),
        _missing(report),
        _terms(report),
        _judgements(report),
        _excerpt(report),
        _made(report),
    ]
    return _whole(report.language, report.say("title"), parts, report.reference, carried=carried)


def candidate_page(feedback: Feedback) -> str:
    """The page for the candidate."""
    say = feedback.say
    well = "".join(_point(point) for point in feedback.well) or f"<li>{_text(say('c_nothing'))}</li>"
    parts = [
        f'<header><p class="eyebrow">{_text(say("c_title"))}</p><h1>{_text(feedback.hello)}</h1>'
        f"<p>{_text(feedback.thanks)}</p></header>\n",
        _section(say("c_well"), f'<ul class="points">{well}</ul>'),
    ]
    if feedback.work:
        work = "".join(_point(point) for point in feedback.work)
        parts.append(_section(say("c_work"), f'<ul class="points work">{work}</ul>'))
    told = (
        (say("c_unheard"), feedback.unheard),
        (say("c_how"), feedback.how),
        (say("c_review"), feedback.rights),
    )
    parts += [_section(title, f"<p>{_text(text)}</p>") for title, text in told if text]
    return _whole(feedback.language, feedback.title, parts, feedback.reference)


def _whole(
    language: Language, title: str, parts: Iterable[str], reference: str, *, carried: bool = True
) -> str:
    lang = "zh-CN" if language == "zh" else "en"
    body = f"{''.join(parts)}<footer>{escape(reference)}</footer>\n{_TAIL}"
    sheets = [sheet for sheet in (letters(body) if carried else "", CSS) if sheet]
    # the person's name is no title: it would stand in tabs, histories and the names of saved files
    return (
        _HEAD.format(
            language=lang,
            styles=" ".join(
                f"'sha256-{b64encode(sha256(sheet.encode()).digest()).decode()}'" for sheet in sheets
            ),
            title=escape(f"{title} {reference}"),
            sheets="".join(f"<style>{sheet}</style>" for sheet in sheets),
        )
        + body
    )


def _header(report: Report) -> str:
    facts = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in report.facts
    )
    return (
        f'<header><p class="eyebrow">{_text(report.say("title"))}</p><h1>{_text(report.person)}</h1>'
        f'<dl class="facts">{facts}</dl><p class="decides" role="note">{_text(report.say("decides"))}</p></header>\n'
    )


def _scores(report: Report) -> str:
    chart = "".join(_bar(report, score) for score in report.scores)
    each = "".join(_score(report, score) for score in report.scores)
    body = f'<p class="note">{_text(report.say("scale"))}</p><div class="chart">{chart}</div>{each}'
    return _section(report.say("scores"), body if report.scores else _nothing(report))


def _bar(report: Report, score: Score) -> str:
    said = f"{score.name}: {score.value:.1f}"
    mark = ""
    if score.required is not None:
        said += f", {report.say('required')} {score.required:.1f}"
        mark = f'<rect class="mark" x="{min(score.required * 10, 99.4):.1f}" y="0" width="0.6" height="16"/>'
    shade = "low" if score.gap else "bar"
    return (
        f'<span class="what">{_text(score.name)}</span>'
        f'<svg viewBox="0 0 100 16" preserveAspectRatio="none" role="img" aria-label="{escape(said)}">'
        f'<rect class="track" x="0" y="4" width="100" height="8"/>'
        f'<rect class="{shade}" x="0" y="4" width="{score.value * 10:.1f}" height="8"/>{mark}</svg>'
        f'<span class="n">{score.value:.1f}</span>'
    )


def _score(report: Report, score: Score) -> str:
    notes = []
    if score.required is not None:
        verdict = report.say("below", gap=f"{score.gap:.1f}") if score.gap else report.say("meets")
        shade = ' class="gap"' if score.gap else ""
        notes.append(
            f"{_text(report.say('required'))} {score.required:.1f} · <span{shade}>{_text(verdict)}</span>"
        )
    if score.confidence is not None:
        notes.append(f"{_text(report.say('confidence'))} {score.confidence:.0%}")
    quotes = "".join(_quote(report, quote) for quote in score.evidence)
    return (
        f'<div class="score"><h3>{_text(score.name)} {score.value:.1f}</h3><p>{" · ".join(notes)}</p>'
        f'<ul class="quotes">{quotes}</ul></div>'
    )


def _quote(report: Report, quote: Quote) -> str:
    at = quote.at if quote.passage is None else f'<a href="#t{quote.passage}">{quote.at}</a>'
    tags = f'<span class="tag">{_text(quote.indicator)}</span>' if quote.indicator else ""
    if quote.against:
        tags += f'<span class="tag against">{_text(report.say("against"))}</span>'
    return f'<li><span class="time">{at}</span><span>{_text(quote.text)}{tags}</span></li>'


def _flags(report: Report) -> str:
    if not report.flags:
        return ""
    items = "".join(
        f'<li><span class="time">{flag.at}</span><span>{_text(flag.text)}'
        f'<span class="tag against">{_text(flag.why)}</span></span></li>'
        for flag in report.flags
    )
    note = f'<p class="note">{_text(report.say("flags_note"))}</p>'
    return _section(report.say("flags"), f'{note}<ul class="quotes">{items}</ul>')


def _points(title: str, lines: Iterable[str], style: str, none: str) -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return _section(
        title, f'<ul class="{style}">{items}</ul>' if items else f'<p class="note">{_text(none)}</p>'
    )


def _point(point: Point) -> str:
    return f"<li><h3>{_text(point.name)}</h3>{_text(point.text)}</li>"


def _missing(report: Report) -> str:
    if not report.missing:
        return ""
    names = "".join(f"<li>{_text(name)}</li>" for name in report.missing)
    note = f'<p class="note">{_text(report.say("missing_note"))}</p>'
    return _section(report.say("missing"), f'{note}<ul class="chips">{names}</ul>')


def _terms(report: Report) -> str:
    if not report.terms:
        return ""
    heads = [("term", ""), ("count", " num"), ("per_1000", " num"), ("first_at", " num")]
    head = "".join(f'<th class="{style.strip()}">{_text(report.say(word))}</th>' for word, style in heads)
    rows = "".join(
        "<tr>"
        + "".join(f'<td class="{"num" if n else ""}">{_text(cell)}</td>' for n, cell in enumerate(row))
        + "</tr>"
        for row in report.terms
    )
    return _section(
        report.say("terms"), f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _judgements(report: Report) -> str:
    if not report.judgements:
        return ""
    return _section(report.say("judgements"), "".join(_judgement(said) for said in report.judgements))


def _judgement(said: Judgement) -> str:
    scores = "".join(f"<li>{_text(name)} {_text(value)}</li>" for name, value in said.scores)
    remarks = f"<div>{_text(said.remarks)}</div>" if said.remarks else ""
    return (
        f'<div class="score"><h3>{_text(said.by)}</h3><p>{_text(said.when)}</p>'
        f'<ul class="chips">{scores}</ul>{remarks}</div>'
    )


def _excerpt(report: Report) -> str:
    if not report.excerpt:
        return ""
    lines = "".join(_passage(n, passage) for n, passage in enumerate(report.excerpt))
    note = f'<p class="note">{_text(report.say("excerpt_note"))}</p>'
    return _section(report.say("excerpt"), f'{note}<ol class="talk">{lines}</ol>')


def _passage(number: int, passage: Passage) -> str:
    style = " ".join(("counted",) * passage.counted + ("cut",) * (not passage.follows))
    return (
        f'<li id="t{number}" class="{style}"><span class="time">{passage.at}</span>'
        f"<span>{_text(passage.text)}</span></li>"
    )


def _made(report: Report) -> str:
    method = f'<p class="note">{_text(report.method)}</p>' if report.method else ""
    return _section(report.say("made"), method + "".join(_maker(maker) for maker in report.makers))


def _maker(maker: Maker) -> str:
    facts = "".join(_fact(name, value) for name, value in maker.facts)
    return f"<details><summary>{_text(maker.name)}</summary><dl>{facts}</dl></details>"


def _fact(name: str, value: str) -> str:
    return f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>"


def _nothing(report: Report) -> str:
    return f'<p class="note">{_text(report.say("none"))}</p>'


def _section(title: str, body: str) -> str:
    return f"<section><h2>{_text(title)}</h2>{body}</section>\n"


def _text(value: str) -> str:
    # isolated: a name written from right to left leaves its neighbours where they are
    said = escape(value)
    return f"<bdi>{said}</bdi>" if _TURNING.search(value) else said
