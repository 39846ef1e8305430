"""What vendors call files, made fit to be shown and offered as a name; nothing of ours is ever stored under it."""

import logging
import re
import unicodedata

CODE = "FILE_NAME_SANITISED"
MOST = 120
"""Characters that are kept; file systems take 255 bytes, and a Chinese character has three of them."""
log = logging.getLogger(__name__)
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")


def file_name(said: object, otherwise: str = "file") -> str:
    """A plain name of at most `MOST` characters that no system takes for a path, a device or something to obey."""
    text = said if isinstance(said, str) else ""
    # windows and unix both: the vendor's system may have been either
    text = text.replace("\\", "/").rpartition("/")[2]
    text = "".join(" " if c.isspace() else c for c in text if c.isspace() or _shown(c))
    text = _FORBIDDEN.sub("-", " ".join(text.split())).strip(". ")
    if _DEVICES.fullmatch(text):
        text = f"_{text}"
    return _short(text) or otherwise


def sanitised(said: object, otherwise: str, item: str) -> str:
    """As `file_name`; a notice with the code in the log, of the item and not of the name, where it was another."""
    name = file_name(said, otherwise)
    if isinstance(said, str) and said and name != said:
        log.warning("%s: the vendor's file name is not used as it is [%s]", item, CODE)
    return name


def _shown(character: str) -> bool:
    # controls, marks that turn the direction of writing, halves of characters, what nobody has defined
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _short(text: str) -> str:
    if len(text) <= MOST:
        return text
    stem, dot, ending = text.rpartition(".")
    kept = f"{dot}{ending}" if dot and len(ending) <= 8 else ""
    return (stem if kept else text)[: MOST - len(kept)].rstrip(". ") + kept
