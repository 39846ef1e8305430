"""Finds words in bytes, whatever they were written as: raw, escaped, encoded, compressed."""

import base64
import contextlib
import gzip
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

import ahocorasick

SHORTEST = 6
"""Bytes; a shorter form would be found by chance."""
DEPTH = 3
"""How often something packed may lie in something packed."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){20,}")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


def forms(text: str) -> set[bytes]:
    """The ways in which the text may stand somewhere, in small letters."""
    raw = text.encode()
    escaped = json.dumps(text)[1:-1]
    found = {
        raw, text.encode("utf-16-le"), text.encode("utf-16-be"), raw.hex().encode(), html.escape(text).encode(),
        text.encode("ascii", "xmlcharrefreplace"), escaped.encode(), json.dumps(escaped)[1:-1].encode(),
        quote(text).encode(), quote(text, safe="").encode(), quote_plus(text).encode(), quote(quote(text)).encode(),
        repr(raw)[2:-1].encode(), raw.replace(b" ", b"").replace(b"@", b"=40"),
    }  # fmt: skip
    with contextlib.suppress(UnicodeEncodeError):
        found.add(text.encode("gbk"))
    # where the text begins in a group of three is not known: what its neighbours change is left out
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw)
        cut = whole[(0, 2, 3)[before] : len(whole) - (4 if (before + len(raw)) % 3 else 0)]
        found |= {cut, cut.replace(b"+", b"-").replace(b"/", b"_")}
    return {form.lower() for form in found if len(form) >= SHORTEST}


class Finder:
    """Knows words by name and finds them."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = dict(words)
        self._numbers = {text for text in words.values() if text.isdigit()}
        self._known = ahocorasick.Automaton()
        for name, text in self.words.items():
            for form in forms(text):
                key = form.decode("latin-1")
                named = self._known.get(key, (len(key), frozenset()))[1]
                self._known.add_word(key, (len(key), named | {name}))
        self._known.make_automaton()

    def find(self, data: bytes) -> set[str]:
        """The names of the words that stand in there, unpacked as far as that goes."""
        found = set(self._plain(data))
        for inner in unpacked(data, DEPTH):
            found |= set(self._plain(inner))
        return found

    def _plain(self, data: bytes) -> Iterator[str]:
        text = data.lower().decode("latin-1")
        for end, (length, names) in self._known.iter(text):
            start = end - length + 1
            # digits inside other digits are another number
            whole = not (text[start - 1 : start].isdigit() or text[end + 1 : end + 2].isdigit())
            if whole or text[start : end + 1] not in self._numbers:
                yield from names


def unpacked(data: bytes, depth: int) -> Iterator[bytes]:
    """What lies in there as gzip, deflate, zip, base64 or hex, and what lies in that."""
    if not depth:
        return
    for inner in (*_compressed(data), *_zipped(data), *_encoded(data)):
        yield inner
        yield from unpacked(inner, depth - 1)


def _compressed(data: bytes) -> Iterator[bytes]:
    for match in _ZLIB.finditer(data):
        opener = zlib.decompressobj(zlib.MAX_WBITS | 32)
        with contextlib.suppress(zlib.error):
            if content := opener.decompress(data[match.start() :], 16 * 1024 * 1024):
                yield content


def _zipped(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"PK\x03\x04"):
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)


def _encoded(data: bytes) -> Iterator[bytes]:
    for match in _BASE64.finditer(data):
        run = match[0].rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        with contextlib.suppress(ValueError):
            yield base64.b64decode(run + b"=" * (-len(run) % 4))
    for match in _HEX.finditer(data):
        yield bytes.fromhex(match[0].decode())


DISGUISES = {
    "raw": lambda text: text.encode(),
    "in another case": lambda text: text.upper().encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "JSON": lambda text: json.dumps({"x": text}).encode(),
    "JSON in JSON": lambda text: json.dumps({"x": json.dumps({"y": text})}).encode(),
    "address": lambda text: quote(f"?q={text}&").encode(),
    "form": lambda text: quote_plus(text).encode(),
    "HTML": lambda text: f"<p>{html.escape(text)}".encode(),
    "base64": lambda text: base64.b64encode(f'{{"x": "{text}"}}'.encode()),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(f"12{text}34".encode()),
    "hex": lambda text: f"x{text}y".encode().hex().encode(),
    "gzip": lambda text: b"before" + gzip.compress(f"line\n{text}\n".encode()) + b"after",
    "deflate in base64": lambda text: base64.b64encode(zlib.compress(f"{text} {text}".encode() * 3)),
    "bytes as Python shows them": lambda text: repr(text.encode()).encode(),
    "an account and a password": lambda text: base64.b64encode(f"trivet:{text}".encode()),
}
"""Ways of writing, for the proof that each is found."""
