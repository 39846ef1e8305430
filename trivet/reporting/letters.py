"""The Chinese letters of a page, carried in the page: a machine without a Chinese font shows them, and no boxes.

A page holds only the letters that it shows (some 60 KB); the font is that of the sheets. HarfBuzz cuts it out, in a hundredth
of the time that a pure Python library takes.
"""

from base64 import b64encode
from functools import cache
from typing import Any

FAMILY = "Trivet Letters"
_FIRST_ONE = "\u2e80"
"""From here on there are letters that a machine may lack; what stands before is in every font."""
_PUNCTUATION = "\u2010"


def letters(text: str) -> str:
    """A style sheet with the letters that `text` shows; empty where it has none, or the extra `report` is not installed."""
    wanted = set(text)
    if max(wanted, default="") < _FIRST_ONE or (face := _face()) is None:
        return ""
    import uharfbuzz

    cut = uharfbuzz.SubsetInput()
    cut.flags = uharfbuzz.SubsetFlags.NO_HINTING
    cut.unicode_set.update(ord(letter) for letter in wanted if letter >= _PUNCTUATION)
    data = b64encode(uharfbuzz.subset(face, cut).blob.data).decode()
    return f'@font-face{{font-family:"{FAMILY}";src:url(data:font/otf;base64,{data})}}'


@cache
def _face() -> Any:
    try:
        import uharfbuzz
        from pylopdf_fonts_zh_cn import sans_path
    except ImportError:
        return None
    # made ready once, a cut takes a third of the time
    return uharfbuzz.subset_preprocess(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(sans_path()))))
