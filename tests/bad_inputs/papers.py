"""Papers as candidates send them, and as an attacker would: made here, byte by byte, and committed nowhere."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/package/2006/relationships"
O = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"  # noqa: E741 - as short as the other two
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>{more}</Types>'
)
MAIN = f'<Relationships xmlns="{R}"><Relationship Id="r" Type="{O}/officeDocument" Target="word/document.xml"/></Relationships>'


def paragraph(text: str) -> str:
    """`w:p` with the text in two runs, as Word cuts it."""
    half = len(text) // 2
    runs = "".join(
        f'<w:r><w:t xml:space="preserve">{escape(part)}</w:t></w:r>' for part in (text[:half], text[half:])
    )
    return f"<w:p>{runs}</w:p>"


def table(rows: Sequence[Sequence[str]]) -> str:
    """`w:tbl`."""
    cells = ("".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def word(
    *blocks: str, more: Mapping[str, bytes | str] | None = None, types: str = "", head: str = ""
) -> bytes:
    """A Word file of these blocks (`paragraph`, `table`, or XML) with more parts."""
    body = f'{head}<w:document xmlns:w="{W}"><w:body>{"".join(blocks)}</w:body></w:document>'
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": TYPES.format(more=types), "_rels/.rels": MAIN, "word/document.xml": body, **(more or {}),
    }  # fmt: skip
    return packed(parts)


def packed(parts: Mapping[str, bytes | str]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def elsewhere(kind: str, target: str) -> dict[str, str]:
    """The part of a Word file that names something outside of it."""
    relation = f'<Relationship Id="x" Type="{O}/{kind}" Target="{target}" TargetMode="External"/>'
    return {"word/_rels/document.xml.rels": f'<Relationships xmlns="{R}">{relation}</Relationships>'}


def declaring(content: bytes, name: str, size: int) -> bytes:
    """The archive, in whose list that entry says another size than it has."""
    at = content.index(b"PK\x01\x02")
    while True:
        length, extra, comment = struct.unpack_from("<HHH", content, at + 28)
        if content[at + 46 : at + 46 + length] == name.encode():
            return content[: at + 24] + struct.pack("<I", size) + content[at + 28 :]
        at += 46 + length + extra + comment


def renamed(old: str, new: str) -> bytes:
    """An archive with one entry, under a name that no tool would give it."""
    assert len(old) == len(new)
    return packed({old: "text"}).replace(old.encode(), new.encode())


def linked() -> bytes:
    """An archive with a link to a file of the machine."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        info = zipfile.ZipInfo("answers.txt")
        info.external_attr = 0o120777 << 16
        made.writestr(info, "/etc/passwd")
    return out.getvalue()


def nested(depth: int) -> bytes:
    """An archive in an archive in an archive …"""
    content = packed({"answers.txt": "text"})
    for _ in range(depth):
        content = packed({"more.zip": content})
    return content


def pdf(objects: Mapping[int, bytes], root: bytes = b"/Root 1 0 R") -> bytes:
    """A PDF of these objects by number."""
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), {}
    for number, content in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start, most = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % most
    out += b"".join(b"%010d 00000 n \n" % places.get(number, 0) for number in range(1, most))
    return bytes(out + b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (most, root, start))


def stream(content: bytes, more: bytes = b"") -> bytes:
    """A packed stream."""
    data = zlib.compress(content)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(data), more, data)


def written(lines: Sequence[str], root: bytes = b"", page: bytes = b"", **more: bytes) -> bytes:
    """A PDF of one page with these Latin lines; `root` and `page` go into the catalogue and the page, `_9` is object 9."""
    shown = b" ".join(b"(%s) Tj T*" % line.encode("latin-1") for line in lines)
    return pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % root,
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F 5 0 R >> >> %s >>" % page,
            4: stream(b"BT /F 12 Tf 14 TL 72 770 Td %s ET" % shown),
            5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            **{int(name.removeprefix("_")): content for name, content in more.items()},
        }
    )


def scanned() -> bytes:
    """A PDF whose page is a picture."""
    picture = stream(
        bytes(64),
        b"/Type /XObject /Subtype /Image /Width 8 /Height 8 /BitsPerComponent 8 /ColorSpace /DeviceGray",
    )
    return pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /XObject << /I 5 0 R >> >> >>",
            4: stream(b"q 595 0 0 842 0 0 cm /I Do Q"),
            5: picture,
        }
    )


def many_pages(count: int) -> bytes:
    """A PDF with so many pages, all the same one of a few bytes."""
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 3 + count))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    return pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count),
            **dict.fromkeys(range(3, 3 + count), page),
        }
    )


def looping() -> bytes:
    """A PDF whose pages lead back to themselves."""
    return pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>",
        }
    )
