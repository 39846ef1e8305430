"""Bad papers, read by the scorer of written answers in its own process: refused with their code, the worker lives on."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bad_inputs import papers
from bad_inputs.law import PERSON, lawful
from conftest import World, edit
from end_to_end.test_recordings_elsewhere import elsewhere
from fpdf import FPDF
from trivet_connectors.written_answers import SCORER

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.file_names import CODE, file_name
from trivet.flow import report
from trivet.ledger import documents, set_asides
from trivet.model import ScoringRequest

ME = papers.paragraph(PERSON)
BOMB = bytes(40 * 1024 * 1024)


def locked() -> bytes:
    """A PDF with a password, as a library makes it."""
    made = FPDF()
    made.set_encryption(owner_password="owner", user_password="user")
    made.add_page()
    made.set_font("Helvetica")
    made.cell(text=PERSON)
    return bytes(made.output())


def opening(action: bytes) -> bytes:
    """A PDF that does this when it is opened."""
    return papers.written([PERSON], root=b"/OpenAction << %s >>" % action)


PAPERS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "23-a bomb in a docx": ("ARCHIVE_RATIO_LIMIT", lambda: papers.word(ME, more={"word/media/a.bmp": BOMB})),
    "23-a bomb that lies": (
        "ARCHIVE_RATIO_LIMIT",
        lambda: papers.declaring(papers.word(" " * 40 * 1024 * 1024), "word/document.xml", 900),
    ),
    "23-many entries": ("ARCHIVE_RATIO_LIMIT", lambda: papers.packed({f"{n}.txt": "a" for n in range(1001)})),
    "24-five deep": ("ARCHIVE_NESTED", lambda: papers.nested(5)),
    "24-another kind": ("ARCHIVE_NESTED", lambda: papers.packed({"a.txt": b"\x1f\x8b\x08" + bytes(50)})),
    "25-upwards": ("ARCHIVE_UNSAFE_PATH", lambda: papers.packed({"../../evil.txt": PERSON})),
    "25-backslashes": ("ARCHIVE_UNSAFE_PATH", lambda: papers.packed({"..\\..\\evil.txt": PERSON})),
    "25-absolute": ("ARCHIVE_UNSAFE_PATH", lambda: papers.packed({"/etc/cron.d/evil": PERSON})),
    "25-a drive": ("ARCHIVE_UNSAFE_PATH", lambda: papers.packed({"C:evil.txt": PERSON})),
    "25-a link": ("ARCHIVE_UNSAFE_PATH", papers.linked),
    "25-NUL": ("ARCHIVE_UNSAFE_PATH", lambda: papers.renamed("evil.txt_.exe", "evil.txt\0.exe")),
    "26-JavaScript": ("DOC_ACTIVE_CONTENT", lambda: opening(b"/S /JavaScript /JS (app.alert(1))")),
    "26-a launch action": ("DOC_ACTIVE_CONTENT", lambda: opening(b"/S /Launch /F (calc.exe)")),
    "26-a launch action behind a link": (
        "DOC_ACTIVE_CONTENT",
        lambda: papers.written(
            [PERSON], page=b"/Annots [<< /Type /Annot /Subtype /Link /A 9 0 R >>]", _9=b"<< /S /Launch /F (calc.exe) >>"
        ),
    ),
    "26-a file within": (
        "DOC_ACTIVE_CONTENT",
        lambda: papers.written(
            [PERSON],
            root=b"/Names << /EmbeddedFiles << /Names [(a) 9 0 R] >> >>",
            _9=papers.stream(b"MZ", b"/Type /EmbeddedFile")
        ),
    ),
    "26-macros": ("DOC_ACTIVE_CONTENT", lambda: papers.word(ME, more={"word/vbaProject.bin": b"x"})),
    "26-an object": ("DOC_ACTIVE_CONTENT", lambda: papers.word(ME, more={"word/embeddings/oleObject1.bin": b"x"})),
    "26-a template from elsewhere": (
        "DOC_ACTIVE_CONTENT", lambda: papers.word(ME, more=papers.elsewhere("attachedTemplate", "http://attacker/a.dotm")),
    ),
    "26-a field that starts a program": (
        "DOC_ACTIVE_CONTENT",
        lambda: papers.word(
            '<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText> DDE</w:instrText></w:r><w:r><w:instrText>AUTO c:\\x'
            '</w:instrText><w:fldChar w:fldCharType="end"/></w:r></w:p>'
        ),
    ),
    "26-encrypted": ("DOC_ENCRYPTED", locked),
    "26-encrypted docx": (
        "DOC_ENCRYPTED", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
    ),
    "27-100,000 pages": ("DOC_LIMIT", lambda: papers.many_pages(100_000)),
    "27-pages that loop": ("DOC_LIMIT", papers.looping),
}  # fmt: skip
NAMES = {
    "28-upwards": ("../../etc/passwd", "passwd"),
    "28-backslashes": ("..\\..\\boot.ini", "boot.ini"),
    "28-a device": ("CON", "_CON"),
    "28-a device with an ending": ("aux.mp4", "_aux.mp4"),
    "28-300 characters": ("长" * 296 + ".mp4", "长" * 116 + ".mp4"),
    "28-turned around": ("interview-\u202e4pm.exe", "interview-4pm.exe"),
    "28-a line break": ("a\r\nSet-Cookie: b.mp4", "a Set-Cookie- b.mp4"),
    "28-nothing but dots": ("...", "recording"),
}
CASES = {name: code for name, (code, _) in PAPERS.items()} | dict.fromkeys(NAMES, CODE)
MORE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a scan": ("DOC_NO_TEXT", papers.scanned),
    "nothing": ("DOC_NO_TEXT", lambda: b""),
    "a form nobody filled in": ("DOC_NO_TEXT", lambda: papers.word("<w:p/>")),
    "a spreadsheet": ("DOC_FORMAT", lambda: papers.packed({"[Content_Types].xml": "<Types/>", "_rels/.rels": papers.MAIN})),
    "a program": ("DOC_FORMAT", lambda: b"MZ\x90\0" + bytes(range(256))),
    "a docx with entities": (
        "XML_ENTITIES_FORBIDDEN", lambda: papers.word(ME, head='<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'),
    ),
    "a docx 300 deep": ("XML_LIMIT", lambda: papers.word("<w:sdt>" * 300 + "</w:sdt>" * 300)),
    "a page that unpacks to 80 MB": (
        "DOC_LIMIT", lambda: papers.pdf({
            1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << >> >>",
            4: papers.stream(b" " * 80_000_000),
        }),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The scorer of written answers, with its usual limits."""
    folder = tmp_path_factory.mktemp("papers")
    with SCORER.build(SCORER.config(), Services("test", folder, folder, lambda: datetime.now(UTC))) as built:
        yield built


def refusal(reader: Any, folder: Path, content: bytes) -> Rejected:
    """Why it is not read: one line, nobody named, nothing left behind."""
    file = folder / "paper"
    file.write_bytes(content)
    with pytest.raises(Rejected) as caught:
        reader.score(ScoringRequest("k", None, paper=file))
    assert PERSON not in caught.value.explained()
    assert len(str(caught.value).splitlines()) == 1
    assert sorted(folder.iterdir()) == [file]
    return caught.value


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, reader: Any, tmp_path: Path) -> None:
    """The code of its row, and the reader reads the next one; a name is accepted, as one that can be shown and offered."""
    lawful(name, CASES[name])
    if name in NAMES:
        said, wanted = NAMES[name]
        assert file_name(said, "recording") == wanted
        assert file_name(wanted, "recording") == wanted
    else:
        assert refusal(reader, tmp_path, PAPERS[name][1]()).vendor_code == CASES[name]


@pytest.mark.parametrize("name", MORE)
def test_bad_input_of_other_kinds(name: str, reader: Any, tmp_path: Path) -> None:
    """A scan is no empty answer, and no other file is taken for one."""
    code, made = MORE[name]
    assert refusal(reader, tmp_path, made()).vendor_code == code


def test_an_ordinary_name_stays_as_it_is() -> None:
    """In Chinese too."""
    assert file_name("面试 录音(1) - 王.m4a") == "面试 录音(1) - 王.m4a"


def test_bad_input_28_in_a_night(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Recordings by such names arrive, lie under the hub's own ids, and the log has the code and not the name; beside them a
    paper, by whose name the flow knows who reads it."""
    connection = {"conn_type": "trivet_written_answers", "extra": {"environment": "sandbox"}}
    world.connect(written_answers=connection)
    world.edit_flow(lambda flow: flow["scoring"].update(papers={"connection": "written_answers"}))
    edit(
        world.home / "mappings" / "feishu_hire" / "recording.yaml",
        lambda m: m.update(each="interview_record_list.image_list"),
    )
    hers = papers.word(papers.paragraph("我先听客户把话说完。")).hex()
    world.change("feishu_hire", what="recording", candidate="wa1", file="答卷.docx", content_hex=hers)
    said = {
        "be1": "../../etc/passwd.ogg", "be2": "CON.ogg", "ae1": "x" * 296 + ".ogg", "ae2": f"{PERSON}\u202e.ogg",
        "rs1": "a\nb.ogg",
    }  # fmt: skip
    script = b"script:We helped.".hex()
    for candidate, name in said.items():
        world.change("feishu_hire", what="recording", candidate=candidate, file=name, content_hex=script)
    with caplog.at_level(logging.WARNING):
        batch_id = world.night()
    noticed = [record.getMessage() for record in caplog.records if CODE in record.getMessage()]
    assert len(noticed) == len(said)
    assert not any(name in line for line in noticed for name in (*said.values(), PERSON))
    assert {row["code"] for row in world.summary(batch_id)["set_aside"]} == {"CONSENT_MISSING"}
    with world.hub() as hub:
        lying = {file.name for file in Path(hub.settings.recordings).iterdir()}
        with hub.ledger.read() as tx:
            kept = [d.document["file_name"] for d in documents.of_kind(tx, "yunxiu", "recording")]
            places = [d.document.get("places") for d in documents.of_kind(tx, "yunxiu", "assessment")]
    assert places.count("paragraphs") == 1
    assert len(places) == 12
    assert all(len(name) == 40 and name.isalnum() for name in lying)
    assert {"passwd.ogg", "_CON.ogg", "x" * 116 + ".ogg", f"{PERSON}.ogg", "a b.ogg"} <= set(kept)


GOOD = {
    "be1": papers.word(
        papers.paragraph("We split the service and put a load balancer in front of it."),
        papers.table(
            [
                ["Question", "Answer"],
                ["Storage", "I chose Kubernetes because my team and I agreed on it together."],
            ]
        ),
    ),
    "be2": papers.written(["I listened to the customer first.", "Then we fixed the microservices together."]),
    "ae1": "我先听客户把话说完，再和同事一起想办法。\n我们用会员管理系统跟进。".encode("gb18030"),
}


@pytest.fixture
def graded(world: World) -> World:
    """A night of written answers: somebody put the papers into a folder, under the interviews' numbers."""
    folder = world.home.parent / "share" / "interviews"
    folder.mkdir(parents=True)
    elsewhere(world, "folder")
    settings = {"environment": "sandbox"}
    world.connect(
        folder={"conn_type": "trivet_folder", "host": f"file://{folder.parent}", "extra": settings},
        written_answers={"conn_type": "trivet_written_answers", "extra": settings},
    )
    world.edit_flow(lambda flow: flow["scoring"].update(transcriber={"connection": "written_answers"}))
    return world


def handed_in(world: World, given: dict[str, bytes]) -> dict[str, str]:
    """The interview's id of each candidate, whose paper lies in the folder now."""
    known = {key: ids["interview"] for key, ids in world.sandbox["greenhouse"].store.all("_key")}
    then = time.time() - 3600
    for key, content in given.items():
        ending = {b"PK": ".docx", b"%P": ".pdf"}.get(content[:2], ".txt")
        file = world.home.parent / "share" / "interviews" / f"{known[key]}{ending}"
        file.write_bytes(content)
        os.utime(file, (then, then))
    return {f"greenhouse/interview/{number}": key for key, number in known.items()}


def test_bad_input_in_a_night(graded: World) -> None:
    """Written answers become assessments with terms and evidence by paragraph; each hostile one is set aside with its code."""
    bad = {
        "be3": "23-a bomb in a docx", "ae2": "24-five deep", "ae3": "25-upwards", "rs1": "26-JavaScript", "rs2": "26-encrypted",
        "rs3": "27-100,000 pages",
    }  # fmt: skip
    mine = {key: PAPERS[name][1]() for key, name in bad.items()}
    people = handed_in(graded, {**GOOD, **mine, "wa1": papers.scanned(), "wa2": b"OggS" + bytes(2000)})
    batch_id = graded.night()
    with graded.hub() as hub, hub.ledger.read() as tx:
        aside = {people[a.item]: a.code for a in set_asides.find(tx, tenant="yunxiu") if a.stage == "score"}
    wanted = {key: PAPERS[name][0] for key, name in bad.items()} | {
        "wa1": "DOC_NO_TEXT",
        "wa2": "MEDIA_TYPE_MISMATCH",
    }
    assert {key: code for key, code in aside.items() if code != "RECORDING_MISSING"} == wanted
    with graded.hub() as hub, hub.ledger.read() as tx:
        found = {
            people[d.document["interview_id"]]: d.document
            for d in documents.of_kind(tx, "yunxiu", "assessment")
        }
    assert found.keys() == GOOD.keys()
    assert all(one["places"] == "paragraphs" and "speech" not in one for one in found.values())
    terms = {term["term"]: term for term in found["be1"]["term_counts"]}
    assert terms["Kubernetes"]["first_at"] == 3
    assert {one["language"] for one in found.values()} == {"en", "zh"}
    evidence = [e for score in found["ae1"]["competency_scores"] for e in score["evidence"]]
    assert {e["start"] for e in evidence} <= {1, 2}
    assert evidence
    with graded.hub() as hub:
        assert report.progress(hub, batch_id)["audio_seconds"] == 0
