"""How scores fall on groups of people: the tables of New York City's Local Law 144.

The rule is 6 RCNY § 5-300 and following (Department of Consumer and Worker Protection, final rule of April 2023):

    § 5-300        scoring rate: the share of a category whose score is above the median of the sample; impact ratio: a category's
                   rate, divided by that of the category with the highest
    § 5-301 (c)    the median is that of the full sample; sex, race/ethnicity, and both together, each apart; how many people are
                   of unknown category
    § 5-301 (d)    a category of less than 2 % of the data may be left out, its count and rate are still told

The mark below four fifths is not of that rule but of the Uniform Guidelines (29 CFR 1607.4 D). Groups are read from a file when
they are needed, held in memory and forgotten: nothing here writes to the ledger.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from trivet import statistics
from trivet.errors import DocumentRefused, LedgerError
from trivet.flow.hub import Hub
from trivet.flow.judging import assessed
from trivet.ledger import documents
from trivet.ledger.documents import StoredDocument
from trivet.model import Document
from trivet.spreadsheet import read_rows

Row = dict[str, Any]
SEX, RACE, BOTH = "sex", "race/ethnicity", "sex and race/ethnicity"
COLUMNS = (
    "table", "category", "count", "share", "above_median", "scoring_rate", "impact_ratio", "may_be_left_out",
    "below_four_fifths",
)  # fmt: skip
UNKNOWN = "(unknown)"
SMALL, FOUR_FIFTHS = Fraction(2, 100), Fraction(4, 5)
"""Exact: a ratio of four fifths is not below it."""
_IDS = ("application_id", "candidate_id")
_RACES = ("race_ethnicity", "race/ethnicity", "race", "ethnicity")
_NOT_SAID = frozenset(
    {
        "",
        "-",
        "?",
        "unknown",
        "n/a",
        "na",
        "none",
        "not disclosed",
        "prefer not to say",
        "decline to state",
        "未知",
        "不愿透露",
    }
)
_SEXES = {"m": "Male", "male": "Male", "男": "Male", "f": "Female", "female": "Female", "女": "Female"}


@dataclass(frozen=True, slots=True)
class Group:
    """What somebody said of herself; None where it is not known."""

    sex: str | None = None
    race: str | None = None

    def category(self, table: str) -> str | None:
        """Where she belongs in this table; None where that is not known."""
        if table == SEX:
            return self.sex
        if table == RACE:
            return self.race
        return f"{self.race} / {self.sex}" if self.sex and self.race else None


@dataclass(slots=True)
class Impact:
    """The tables, and what they are made of."""

    rows: list[Row]
    sample: Row
    """`of`, `people`, `median`, `without_score`, `unknown` by table, `not_found` lines of the file, `versions` of scorers."""


@dataclass(slots=True)
class _Sample:
    scores: dict[str, float] = field(default_factory=dict)
    """By application."""
    candidates: dict[str, str] = field(default_factory=dict)
    silent: int = 0
    versions: set[str] = field(default_factory=set)


def impact(
    hub: Hub, groups: Path, *, competency: str | None = None, flow: str | None = None, since: str | None = None,
    leave_out_small: bool = False,
) -> Impact:  # fmt: skip
    """The tables of one competency, or of the mean of all, over each application's newest assessment.

    `DocumentRefused` where the file of groups cannot be used, `LedgerError` SAMPLE_EMPTY where nobody has such a score.
    """
    sample = _sample(hub, competency, flow, since)
    if not sample.scores:
        raise LedgerError(
            "nobody has such a score", code="SAMPLE_EMPTY",
            cure="look at competency, flow and day; `trivet agreement` and `trivet person` show what is scored",
        )  # fmt: skip
    known, not_found = _groups(groups, sample)
    middle = statistics.median(list(sample.scores.values()))
    rows, unknown = [], {}
    for table in (SEX, RACE, BOTH):
        people = {name: known.get(name, Group()).category(table) for name in sample.scores}
        rows += _table(table, people, sample.scores, middle, leave_out_small=leave_out_small)
        unknown[table] = sum(category is None for category in people.values())
    said = {
        "of": competency or assessed.OVERALL, "people": len(sample.scores), "median": round(middle, 3),
        "without_score": sample.silent, "unknown": unknown, "not_found": not_found,
        "versions": sorted(sample.versions),
    }  # fmt: skip
    return Impact(rows, said)


def _sample(hub: Hub, competency: str | None, flow_name: str | None, since: str | None) -> _Sample:
    flow = hub.flow(flow_name) if flow_name else None
    begin = assessed.day(since)
    newest: dict[str, Document] = {}
    with hub.ledger.read() as tx:
        for tenant in [flow.tenant] if flow else documents.tenants(tx, assessed.ASSESSMENT):
            for entry in documents.of_kind(tx, tenant, assessed.ASSESSMENT):
                if assessed.of_flow(flow, entry.document) and assessed.after(
                    entry.document["scored_at"], begin
                ):
                    _keep_newest(newest, entry)
    sample = _Sample()
    for application, document in newest.items():
        score = assessed.scores(document).get(competency) if competency else assessed.overall(document)
        if score is None:
            sample.silent += 1
            continue
        sample.scores[application] = score
        sample.candidates[application] = document["candidate_id"]
        sample.versions.add(assessed.made_by(document))
    return sample


def _keep_newest(newest: dict[str, Document], entry: StoredDocument) -> None:
    application, document = entry.document["application_id"], entry.document
    known = newest.get(application)
    if known is None or (document["scored_at"], document["id"]) > (known["scored_at"], known["id"]):
        newest[application] = document


def _groups(file: Path, sample: _Sample) -> tuple[dict[str, Group], int]:
    """Each application's group, and how many lines of the file name nobody of the sample."""
    names = {"application_id": {n: [n] for n in sample.scores}, "candidate_id": _by_candidate(sample)}
    short = {kind: _shortened(full) for kind, full in names.items()}
    found: dict[str, Group] = {}
    spelt: dict[str, str] = {}
    not_found = 0
    for line, cells in read_rows(file):
        place = f"{file}:{line}"
        kind = next((name for name in _IDS if name in cells), None)
        race = next((name for name in _RACES if name in cells), None)
        if kind is None or race is None or SEX not in cells:
            raise _refused(
                "the columns are application_id or candidate_id, sex, and race_ethnicity",
                "GROUPS_HEAD",
                f"{file}:1",
            )
        said = cells[kind]
        theirs = names[kind].get(said) or short[kind].get(said, [])
        if len({sample.candidates[name] for name in theirs}) > 1:
            raise _refused(f"more than one {kind} ends with this id", "GROUPS_AMBIGUOUS", place)
        group = Group(_sex(cells[SEX], spelt), _spelt(cells[race], spelt))
        not_found += not theirs
        for application in theirs:
            if found.setdefault(application, group) != group:
                raise _refused("the same person has another group further up", "GROUPS_TWICE", place)
    return found, not_found


def _by_candidate(sample: _Sample) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for application, candidate in sample.candidates.items():
        found.setdefault(candidate, []).append(application)
    return found


def _shortened(full: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """By the HR system's own id, the last part of ours."""
    found: dict[str, list[str]] = {}
    for name, applications in full.items():
        found.setdefault(name.rpartition("/")[2], []).extend(applications)
    return found


def _sex(said: str, spelt: dict[str, str]) -> str | None:
    return _SEXES.get(said.casefold()) or _spelt(said, spelt)


def _spelt(said: str, spelt: dict[str, str]) -> str | None:
    """The category as it was first spelt; None where it is not said."""
    plain = " ".join(said.split())
    return None if plain.casefold() in _NOT_SAID else spelt.setdefault(plain.casefold(), plain)


def _table(
    table: str, people: Mapping[str, str | None], scores: Mapping[str, float], middle: float, *,
    leave_out_small: bool,
) -> list[Row]:  # fmt: skip
    counts = Counter(category for category in people.values() if category is not None)
    above = Counter(c for name, c in people.items() if c is not None and scores[name] > middle)
    total = sum(counts.values())
    small = {category for category, count in counts.items() if count < SMALL * total}
    left_out = small if leave_out_small else set()
    rates = {category: Fraction(above[category], count) for category, count in counts.items()}
    best = max((rate for category, rate in rates.items() if category not in left_out), default=Fraction(0))
    rows = []
    for category, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        ratio = rates[category] / best if best and category not in left_out else None
        rows.append(
            {
                "table": table, "category": category, "count": count, "share": round(count / total, 4),
                "above_median": above[category], "scoring_rate": round(float(rates[category]), 4),
                "impact_ratio": None if ratio is None else round(float(ratio), 3), "may_be_left_out": category in small,
                "below_four_fifths": None if ratio is None else ratio < FOUR_FIFTHS,
            }
        )  # fmt: skip
    unknown = sum(category is None for category in people.values())
    return [*rows, {**dict.fromkeys(COLUMNS), "table": table, "category": UNKNOWN, "count": unknown}]


def notes(sample: Row) -> Sequence[str]:
    """What a reader of the tables has to know, in sentences."""
    unknown = ", ".join(f"{table} {count}" for table, count in sample["unknown"].items())
    lines = [
        f"{sample['of']}: {sample['people']} applications, median {sample['median']}; not in the tables, for their category is "
        f"not known: {unknown}",
    ]
    if sample["without_score"]:
        lines.append(f"{sample['without_score']} applications have no such score, for there was no evidence")
    if sample["not_found"]:
        lines.append(f"{sample['not_found']} lines of the file name nobody who is scored here")
    if len(sample["versions"]) > 1:
        lines.append(
            f"{len(sample['versions'])} versions of scorers are in one sample: {', '.join(sample['versions'])}"
        )
    return lines


def for_people(rows: Iterable[Row]) -> list[Row]:
    """The rows with shares as percentages and marks as words."""
    return [
        {
            **row,
            "share": _percent(row["share"]),
            "scoring_rate": _percent(row["scoring_rate"]),
            "note": ", ".join(
                word
                for name, word in (
                    ("may_be_left_out", "below 2 %"),
                    ("below_four_fifths", "below four fifths"),
                )
                if row[name]
            ),
        }
        for row in rows
    ]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _refused(message: str, code: str, place: str) -> DocumentRefused:
    return DocumentRefused(message, code=code, place=place)
