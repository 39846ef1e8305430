"""Face expression: off, refused where it is not decided, never in the EU, and never a score."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trivet_sandbox
from conftest import ROOT
from pydantic import ValidationError
from trivet_connectors.baidu_expression import SCORER
from trivet_connectors.baidu_expression.regions import FORBIDDEN

from trivet.conformance.promises import SECRET, error_is_clear
from trivet.conformance.scorer import ScorerSuite
from trivet.contract import Services
from trivet.errors import AuthFailed, ConfigError, RateLimited, Rejected, Retryable
from trivet.model import ScoringRequest

NAME = "baidu_face"
FILM = ROOT / "sandbox" / "world" / "recordings" / "ae2.mp4"
SOUND = ROOT / "sandbox" / "world" / "recordings" / "ae1.ogg"
REQUEST = ScoringRequest("key-1", "zh", audio=FILM, requisition={"region": "CN"})
DECIDED: dict[str, Any] = {
    "enabled": True, "purpose": "Training of our interviewers, never of candidates.", "regions": ["CN", "US-DE"], "pictures": 3,
}  # fmt: skip


class Vendor:
    """The stand-in, asked for a company that has decided everything."""

    home, request = ROOT, REQUEST

    def __init__(self, sandbox: Any, folder: Path) -> None:
        self.sandbox, self.vendor = sandbox, sandbox[NAME]
        self.unscorable = {"no film": replace(REQUEST, audio=SOUND)}
        for name, content in {
            "nothing": b"",
            "noise": bytes(range(256)) * 20,
            "a playlist": b"#EXTM3U\n",
        }.items():
            file = folder / name
            file.write_bytes(content)
            self.unscorable[name] = replace(REQUEST, audio=file)

    def config(self, **changed: Any) -> Any:
        stored = self.sandbox.connections()[NAME]
        values = {k: v for k, v in stored["extra"].items() if k != "environment"}
        values |= {"base_url": stored["host"], "api_key": stored["login"], "secret_key": stored["password"]}
        return SCORER.config.model_validate({**values, **DECIDED, **changed})

    def others(self) -> list[Any]:
        return [self.config(pictures=4), self.config(purpose="Something else.")]

    def alike(self) -> list[Any]:
        return [self.config(max_minutes=60), self.config(regions=["CN"])]

    def broken(self) -> list[Any]:
        return [self.config(enabled=False)]


@pytest.fixture
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    """A fresh stand-in."""
    with trivet_sandbox.start([NAME]) as sandbox:
        yield Vendor(sandbox, tmp_path_factory.mktemp("media"))


def services(folder: Path) -> Services:
    """A deployment."""
    return Services("test", ROOT, folder, lambda: datetime.now(UTC))


@pytest.fixture
def scorer(vendor: Vendor, tmp_path: Path) -> Iterator[Any]:
    """The connector at the stand-in."""
    with SCORER.build(vendor.config(), services(tmp_path)) as built:
        yield built


class TestBaiduExpression(ScorerSuite):
    """A film of the demo company."""

    connector = SCORER

    @pytest.fixture
    def far_end(self, vendor: Vendor) -> Vendor:
        """The stand-in."""
        return vendor


def test_it_says_what_was_seen_and_scores_nobody(scorer: Any, vendor: Vendor) -> None:
    """Pictures with their times, what for, and no score; emotion is not asked for."""
    said = scorer.score(REQUEST)
    pictures = said.document["expression"]["pictures"]
    assert len(pictures) == 3
    assert [one["at"] for one in pictures] == sorted(one["at"] for one in pictures)
    assert {one["type"] for one in pictures} <= {"none", "smile", "laugh"}
    assert not {"scores", "insufficient_evidence", "terms"} & set(said.document)
    assert said.document["expression"]["purpose"] == DECIDED["purpose"]
    assert said.cost == pytest.approx(0.03)
    asked = vendor.vendor.state()["picture"].values()
    assert {one["face_field"] for one in asked} == {"expression"}
    assert SCORER.traits.infers_from == "face"


def test_it_is_off_as_it_comes(vendor: Vendor, tmp_path: Path) -> None:
    """Nothing is asked, not even for a token."""
    config = vendor.config(enabled=False)
    assert SCORER.config(api_key="a", secret_key="b").enabled is False
    with SCORER.build(config, services(tmp_path)) as built, pytest.raises(Rejected) as caught:
        built.score(REQUEST)
    assert caught.value.vendor_code == "EXPRESSION_OFF"
    assert not vendor.vendor.log


@pytest.mark.parametrize("region", [*sorted(FORBIDDEN), "de-BY", "fr", "DE-BE", "eu-central-1", "cn-de-site"])
def test_no_region_of_the_eu_can_be_configured(vendor: Vendor, region: str) -> None:
    """Nor of the EEA, nor of a member's territories; whatever else is on the list."""
    with pytest.raises(ValidationError, match="EU or the EEA"):
        vendor.config(regions=["CN", region])


@pytest.mark.parametrize(
    "changed", [{"purpose": " "}, {"regions": []}, {"regions": ["global"]}, {"regions": ["*"]}]
)
def test_undecided_is_refused(vendor: Vendor, changed: dict[str, Any]) -> None:
    """No purpose, no list, or a list of everything."""
    with pytest.raises(ValidationError):
        vendor.config(**changed)


NOWHERE: list[dict[str, Any]] = [
    {}, {"region": None}, {"region": ""}, {"region": "DE"}, {"region": "de"}, {"region": "JP"}, {"region": "US"},
    {"region": "CN", "country": "FR"}, {"region": ["CN", "IT"]}, {"region": "EU"}, {"country": "NO"}, {"region": False},
    {"region": "global"}, {"region": "DE-BY"}, {"region": "CNX"},
]  # fmt: skip


@pytest.mark.parametrize("requisition", NOWHERE, ids=str)
def test_a_position_whose_region_does_not_allow_it_is_refused(
    scorer: Any, vendor: Vendor, requisition: dict[str, Any]
) -> None:
    """Unknown, not listed, or of the EU: before a picture is taken or a call made."""
    with pytest.raises(Rejected) as caught:
        scorer.score(replace(REQUEST, requisition=requisition))
    assert caught.value.vendor_code == "EXPRESSION_FORBIDDEN"
    assert not vendor.vendor.log


@pytest.mark.parametrize("region", ["CN", "cn", "CN-31", "US-DE"])
def test_a_position_whose_region_is_listed_may_be_looked_at(scorer: Any, region: str) -> None:
    """A subdivision too; US-DE is Delaware."""
    assert scorer.score(replace(REQUEST, requisition={"region": region})).document["expression"]


def test_a_picture_without_a_face_is_said_to_have_none(scorer: Any, vendor: Vendor) -> None:
    """It is nobody's expression."""
    vendor.vendor.change({"codes": [222202]})
    said = scorer.score(REQUEST).document["expression"]
    assert said["pictures"][0]["faces"] == 0
    assert "type" not in said["pictures"][0]
    assert said["counts"]["no face"] == 1


def test_an_ended_token_is_renewed(scorer: Any, vendor: Vendor) -> None:
    """In the middle of a night."""
    before = scorer.score(REQUEST).document
    vendor.vendor.change({"expire": True})
    assert scorer.score(REQUEST).document == before


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ([17], RateLimited),
        ([6], AuthFailed),
        ([222203], Rejected),
        ([282000] * 3, Retryable),
        ([999999], Rejected),
    ],
)
def test_refusals_within_200_are_named(
    scorer: Any, vendor: Vendor, codes: list[int], kind: type[Exception]
) -> None:
    """By what comes next."""
    vendor.vendor.change({"codes": codes})
    with pytest.raises(kind) as caught:
        scorer.score(REQUEST)
    error_is_clear(caught.value, SCORER.name)  # type: ignore[arg-type]


def test_a_wrong_secret_stops_the_connection(vendor: Vendor, tmp_path: Path) -> None:
    """Without a word of it."""
    config = vendor.config(secret_key=SECRET)
    with SCORER.build(config, services(tmp_path)) as built, pytest.raises(AuthFailed) as caught:
        built.score(REQUEST)
    error_is_clear(caught.value, SCORER.name)
    with SCORER.build(config, services(tmp_path)) as built, pytest.raises(AuthFailed):
        built.check()


def test_switched_off_is_told_by_check(vendor: Vendor, tmp_path: Path) -> None:
    """With the cure."""
    with SCORER.build(vendor.config(enabled=False), services(tmp_path)) as built, pytest.raises(ConfigError):
        built.check()


@pytest.mark.parametrize("what", ["nothing", "noise", "a playlist", "no film"])
def test_what_is_no_film_is_refused_by_a_code(scorer: Any, vendor: Vendor, what: str) -> None:
    """And costs nothing."""
    codes = {
        "nothing": "MEDIA_EMPTY", "noise": "MEDIA_DECODE_FAILED", "a playlist": "MEDIA_FORMAT_NOT_ALLOWED",
        "no film": "MEDIA_NO_PICTURE",
    }  # fmt: skip
    with pytest.raises(Rejected) as caught:
        scorer.score(vendor.unscorable[what])
    assert caught.value.vendor_code == codes[what]
    assert not vendor.vendor.log
