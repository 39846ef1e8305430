"""HTML that is one file, asks nobody for anything, and holds no stranger's markup."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from reported import EVIL, hostile, sample

from trivet.reporting.letters import letters
from trivet.reporting.render import rendered

TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "p", "h1", "h2", "h3", "div", "span",
    "dl", "dt", "dd", "ul", "ol", "li", "a", "svg", "rect", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
    "bdi",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "role", "aria-label", "viewbox",
    "preserveaspectratio", "x", "y", "width", "height",
}  # fmt: skip


class Page(HTMLParser):
    """What a browser would find."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("audience", ["recruiter", "candidate"])
def test_no_text_of_a_stranger_is_markup(evil: str, audience: Any) -> None:
    """Names, titles, quotes, terms, remarks, models: shown, never obeyed."""
    page = Page(rendered(sample(**hostile(evil)), "html", audience, evil).decode())
    clean = Page(rendered(sample(), "html", audience, "x").decode())
    assert {tag for tag, _ in page.tags} <= TAGS
    assert {name for _, attributes in page.tags for name in attributes} <= ATTRIBUTES
    assert [tag for tag, _ in page.tags if tag != "bdi"].count("script") == 0
    assert len([tag for tag, _ in page.tags if tag == "meta"]) == len(
        [tag for tag, _ in clean.tags if tag == "meta"]
    )
    assert not {"\u202e", "\x00"} & set(page.text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_asks_nobody_for_anything(language: Any) -> None:
    """No address in it but its own anchors; a policy that allows one style sheet and nothing else."""
    for audience in ("recruiter", "candidate"):
        text = rendered(sample(language), "html", audience).decode()  # type: ignore[arg-type]
        page = Page(text)
        bare = re.sub(r"url\(data:font/otf;base64,[\w+/=]+\)", "", text)
        assert not re.search(r"https?:|//|url\(|@import", bare)
        links = [attributes["href"] for tag, attributes in page.tags if "href" in attributes]
        assert all(link and link.startswith("#t") for link in links)
        policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert policy is not None
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert page.tags[0][1]["lang"] == ("zh-CN" if language == "zh" else "en")


def test_the_styles_are_those_that_the_policy_names() -> None:
    """Else a browser would show a bare page, or boxes."""
    text = rendered(sample("zh"), "html").decode()
    policy = text.split("style-src ")[1].split(";")[0].split()
    styles = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    assert policy == [f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" for style in styles]


def test_the_page_carries_its_chinese_letters() -> None:
    """Each that it shows is in the font inside; a page without any carries none."""
    text = rendered(sample("zh", candidate={"id": "c", "name": "龘𠮷"}), "html").decode()
    data = re.search(r"font/otf;base64,([\w+/=]+)", text)
    assert data
    known = TTFont(BytesIO(b64decode(data[1]))).getBestCmap()
    shown = {letter for letter in text if "\u3000" <= letter <= "\uffff"}
    assert len(shown) > 60
    assert shown <= {chr(point) for point in known}
    assert letters("Résumé — “score” 9.5") == ""


def test_every_time_stamp_leads_to_its_sentence() -> None:
    """Anchors resolve, once each."""
    page = Page(rendered(sample(), "html").decode())
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    links = [str(attributes["href"])[1:] for _, attributes in page.tags if "href" in attributes]
    assert links
    assert len(names) == len(set(names))
    assert set(links) <= set(names)


def test_the_persons_name_is_no_title() -> None:
    """Titles stand in tabs, histories and the names of saved files."""
    assert "Jingyi" not in rendered(sample(), "html").decode().split("<body>")[0]


def test_a_name_from_right_to_left_stays_by_itself() -> None:
    """Its neighbours keep their places."""
    text = rendered(sample(candidate={"id": "c", "name": "محمد (8)"}), "html").decode()
    assert "<bdi>محمد (8)</bdi>" in text


def test_a_chart_says_in_words_what_it_shows() -> None:
    """For those who hear pages."""
    labels = [a["aria-label"] for t, a in Page(rendered(sample("en"), "html").decode()).tags if t == "svg"]
    assert labels[0] == "Service orientation: 9.0, required 8.0"
