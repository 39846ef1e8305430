"""Papers in which candidates write everything about themselves: as Word and as PDF, and some that cannot be read."""

from bad_inputs import papers
from canary import planted
from conftest import World, edit
from trivet_sandbox.company import people

HR = "feishu_hire"
READ = {"wa1": ".docx", "wa2": ".pdf", "be2": ".pdf"}
"""Who hands in what."""
REFUSED = {"be3": ".docx", "rs3": ".pdf", "wa3": ".pdf"}
"""With entities, with a script, broken off in the middle."""


def hand_in(world: World) -> None:
    """The flow takes papers, and these candidates have handed theirs in, under names that say whose they are."""
    world.edit_flow(lambda flow: flow["scoring"].update(papers={"connection": "written_answers"}))
    edit(
        world.home / "mappings" / HR / "recording.yaml",
        lambda mapping: mapping.update(each="interview_record_list.image_list"),
    )
    known = {person.key: person for person in people()}
    for key, content in every().items():
        name = f"{known[key].name} {known[key].email}{(READ | REFUSED)[key]}"
        world.change(HR, what="recording", candidate=key, file=name, content_hex=content.hex())


def every() -> dict[str, bytes]:
    """Each paper, by candidate."""
    return {key: paper(key, ending) for key, ending in {**READ, **REFUSED}.items()}


def paper(key: str, ending: str) -> bytes:
    """What the candidate wrote, with the planted sentence."""
    (person,) = [one for one in people() if one.key == key]
    said = [person.name, person.email, person.phone, person.employee_number or "", planted.sentence(key)]
    if ending == ".docx":
        table = papers.table([["Who", "How"], [said[0], " ".join(said[1:4])]])
        refused = '<!DOCTYPE a [<!ENTITY b "c">]>' if key in REFUSED else ""
        return papers.word(table, *map(papers.paragraph, (*said, planted.script(key))), head=refused)
    # its font has no letters of Chinese
    lines = [line.encode("latin-1", "ignore").decode("latin-1") for line in said]
    if key == "rs3":
        return papers.written(lines, root=b"/OpenAction << /S /JavaScript /JS (%s) >>" % lines[1].encode())
    made = papers.written(lines)
    return made[: len(made) // 2] if key in REFUSED else made
