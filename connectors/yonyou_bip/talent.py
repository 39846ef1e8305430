"""The second target: assessments into the competency archive, scores into the data collection of performance.

    cptArchive       jobMatchSync, one item under our reference as `bizUniqueKey`; the same key again is the same item
    indicatorScore   saveIndiScore, one row of `collectdata`

Neither page documents a read of what was sent, a delete, or a guard against repeats, and both answer for the call as a
whole: one record a call, and an answer that is lost is a person's to clear up.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Confirmed, Document, Found, Operation, Outcome

from .config import BipTalentConfig
from .wire import Wire

NAME = "yonyou_bip_talent"
ARCHIVE = "/yonbip/hrcloud/yonbip-hr-cpt/cptArchive/jobMatchSync"
SCORES = "/yonbip/hrcloud/pmcore/saveIndiScore"


class BipTalentTarget:
    """See `trivet.contract.Target`. Documents carry the pages' own names."""

    def __init__(self, config: BipTalentConfig, services: Services) -> None:
        self.wire = Wire(NAME, config, services)

    def check(self) -> None:
        """Gets a token."""
        # neither page documents a read that could be made instead
        self.wire.http.log_in()

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        (operation,) = operations
        said = f"{operation.kind} {operation.entity}"
        if operation.kind == "delete":
            return [_refused(said, "BIP documents no way to take this back", "NOT_POSSIBLE")]
        if operation.entity == "cptArchive":
            self.wire.write(said, ARCHIVE, {"syncItems": [_item(operation)]})
        elif operation.entity == "indicatorScore":
            self.wire.write(said, SCORES, {"collectdata": [operation.document]})
        else:
            return [_refused(said, f"BIP has no entity {operation.entity} for us", "ENTITY")]
        # neither answer names what it made
        return [Confirmed(operation.reference)]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:  # noqa: ARG002
        """`Rejected`: see the module."""
        raise _refused(f"find {entity}", "BIP documents no way to ask for this", "NOT_POSSIBLE")


@contextmanager
def open_talent(config: BipTalentConfig, services: Services) -> Iterator[BipTalentTarget]:
    """The target, closed on leaving."""
    target = BipTalentTarget(config, services)
    with target.wire.http:
        yield target


def _item(operation: Operation) -> Document:
    return {"bizUniqueKey": operation.reference, **operation.document}


def _refused(operation: str, what: str, code: str) -> Rejected:
    return Rejected(what, connector=NAME, operation=operation, vendor_code=code)
