"""A4 sheets with an embedded font that knows Chinese: lines, bars and rows, from top to bottom.

The font (Noto Sans SC, SIL Open Font License) comes from the extra `report`; a file holds only the characters that it shows.
What the font does not know is shown as a question mark, never as a box.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from trivet.errors import ConfigError
from trivet.reporting.wrap import wrapped

INK, SOFT, LINE = (27, 36, 48), (90, 102, 117), (223, 228, 234)
MAIN, BAR, TRACK = (31, 111, 107), (47, 143, 137), (228, 233, 238)
WARN, WARN_BACK, HIT = (164, 72, 15), (253, 240, 230), (227, 243, 241)
MARGIN, WIDTH, HEIGHT = 18.0, 210.0, 297.0
INNER = WIDTH - 2 * MARGIN
BOTTOM = HEIGHT - 20.0
_FONT = "noto"
# the font's curly quotes are as wide as a Chinese character
_STRAIGHT = str.maketrans("“”‘’", "\"\"''")
Colour = tuple[int, int, int]


class Paper:
    """A file in the making; all lengths in millimetres, sizes of letters in points."""

    def __init__(self, title: str, language: str, made_at: datetime, footer: str) -> None:
        fpdf, font = _library()
        self._pdf = fpdf.FPDF(format="A4", unit="mm")
        self._pdf.set_auto_page_break(False)
        self._pdf.set_margins(MARGIN, MARGIN)
        self._pdf.c_margin = 0
        self._pdf.set_title(title)
        self._pdf.set_lang(language)
        self._pdf.set_producer("Trivet")
        # the same report is the same file
        self._pdf.set_creation_date(made_at)
        self._pdf.add_font(_FONT, "", font)
        self._known = self._pdf.fonts[_FONT].cmap
        self._straight = _STRAIGHT if language == "en" else {}
        self._footer = footer
        self._widths: dict[tuple[float, str], float] = {}
        self._turn()

    def bytes(self) -> bytes:
        """The file; the paper takes nothing more."""
        try:
            return bytes(self._pdf.output())
        finally:
            # the font's tables are read as they are needed, and the library leaves its file open
            self._pdf.fonts[_FONT].ttfont.close()

    @property
    def y(self) -> float:
        """How far down the sheet we are."""
        return float(self._pdf.get_y())

    def down(self, by: float) -> None:
        """Leaves some room."""
        self._pdf.set_y(self.y + by)

    def keep(self, height: float) -> None:
        """What follows, this high, stays on one sheet."""
        if self.y + height > BOTTOM:
            self._turn()

    def heading(self, text: str) -> None:
        """Begins a part."""
        self.keep(26)
        self.down(6)
        self._pdf.start_section(self.shown(text))
        self.text(text, size=13, bold=True)
        self.down(1)

    def text(
        self, text: str, *, x: float = MARGIN, width: float | None = None, size: float = 10, colour: Colour = INK,
        bold: bool = False, back: Colour | None = None,
    ) -> None:  # fmt: skip
        """A paragraph; it goes on the next sheet where this one ends."""
        height = size * 0.56
        room = MARGIN + INNER - x if width is None else width
        for line in self.lines(text, room, size):
            self.keep(height)
            if back is not None:
                self.box(x - 2, self.y, room + 4, height, back)
            with self._letters(size, colour, bold=bold):
                self._pdf.set_x(x)
                self._pdf.cell(room, height, line)
            self.down(height)

    def row(
        self, cells: Sequence[tuple[float, float, str, str]], *, size: float = 10, colour: Colour = INK
    ) -> None:
        """Cells of a table (x, width, text, `L` or `R`) beside each other."""
        columns = [(x, width, self.lines(text, width, size), align) for x, width, text, align in cells]
        height = size * 0.56
        tallest = max(len(lines) for _, _, lines, _ in columns)
        self.keep(tallest * height)
        top = self.y
        with self._letters(size, colour):
            for x, width, lines, align in columns:
                for n, line in enumerate(lines):
                    self._pdf.set_xy(x, top + n * height)
                    self._pdf.cell(width, height, line, align=align)
        self._pdf.set_y(top + tallest * height)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled rectangle."""
        if width > 0:
            self._pdf.set_fill_color(*colour)
            self._pdf.rect(x, y, width, height, style="F")

    def rule(self) -> None:
        """A line from side to side."""
        self.box(MARGIN, self.y, INNER, 0.25, LINE)
        self.down(2)

    def lines(self, text: str, width: float, size: float) -> list[str]:
        """The text as it will be broken."""
        return wrapped(self.shown(text), width, lambda piece: sum(self._width(one, size) for one in piece))

    def shown(self, text: str) -> str:
        """The text with a question mark for what the font does not know."""
        return "".join(one if ord(one) in self._known else "?" for one in text.translate(self._straight))

    def _width(self, letter: str, size: float) -> float:
        known = self._widths.get((size, letter))
        if known is None:
            self._pdf.set_font(_FONT, size=size)
            known = self._widths[size, letter] = float(self._pdf.get_string_width(letter))
        return known

    @contextmanager
    def _letters(self, size: float, colour: Colour, *, bold: bool = False) -> Iterator[None]:
        pdf: Any = self._pdf
        # the font has one weight: an outline makes it heavier
        heavy = {"text_mode": "FILL_STROKE", "line_width": size * 0.008, "draw_color": colour} if bold else {}
        with pdf.local_context(**heavy):
            pdf.set_font(_FONT, size=size)
            pdf.set_text_color(*colour)
            yield

    def _turn(self) -> None:
        self._pdf.add_page()
        self.box(0, 0, WIDTH, 3, MAIN)
        with self._letters(8, SOFT):
            self._pdf.set_xy(MARGIN, HEIGHT - 13)
            self._pdf.cell(INNER, 4, self.shown(self._footer.format(page=self._pdf.page_no())), align="C")
        self._pdf.set_xy(MARGIN, MARGIN)


def _library() -> tuple[Any, str]:
    try:
        import fpdf
        from pylopdf_fonts_zh_cn import sans_path
    except ImportError:
        raise ConfigError(
            "PDF reports need the extra `report`", code="REPORT_EXTRA",
            cure="pip install 'trivet[report]', or make HTML reports",
        ) from None  # fmt: skip
    return fpdf, str(sans_path())
