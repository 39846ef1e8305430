"""A letter is claimed by one process, and what became of it stays."""

from concurrent.futures import ThreadPoolExecutor

from trivet.ledger import Ledger, mailings

REPORT, VERSION = "hr/interview/7/assessment", "v1"


def wanted(ledger: Ledger, *addresses: str, version: str = VERSION) -> list[str]:
    """These are to get the report; their rows."""
    with ledger.begin() as tx:
        mailings.want(tx, "t", REPORT, version, "p1", addresses)
        return [mailings.mailing_id(tx, "t", REPORT, version, one) for one in addresses]


def states(ledger: Ledger) -> list[str]:
    """Of all letters about the report."""
    with ledger.read() as tx:
        return sorted(row.state for row in mailings.of_reports(tx, "t", [REPORT]))


def test_one_of_two_processes_gets_a_letter(ledger: Ledger) -> None:
    """However close they come."""
    ids = wanted(ledger, *(f"p{n}@b.example" for n in range(20)))

    def claim(_: int) -> set[str]:
        with ledger.begin() as tx:
            return mailings.claim(tx, ids)

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(claim, range(4)))
    assert sum(map(len, got)) == 20
    assert set().union(*got) == set(ids)


def test_who_was_noted_is_not_noted_again(ledger: Ledger) -> None:
    """The same address in another spelling of its letters is the same; another version is another letter."""
    (name,) = wanted(ledger, "Ann@b.example")
    with ledger.begin() as tx:
        mailings.claim(tx, [name])
        mailings.settle(tx, [name], "sent")
    assert wanted(ledger, "ann@b.example") == [name]
    assert states(ledger) == ["sent"]
    wanted(ledger, "ann@b.example", version="v2")
    assert states(ledger) == ["due", "sent"]


def test_what_is_unknown_stays_so_until_a_person_says(ledger: Ledger) -> None:
    """Sent letters are not sent again, not even then."""
    first, second = wanted(ledger, "a@b.example", "c@b.example")
    with ledger.begin() as tx:
        mailings.claim(tx, [first, second])
        mailings.settle(tx, [first], "unknown", "LOST")
        mailings.settle(tx, [second], "sent")
        assert mailings.claim(tx, [first, second]) == set()
        assert mailings.again(tx, "t", REPORT) == 1
        assert mailings.claim(tx, [first, second]) == {first}


def test_an_older_version_that_waits_is_forgotten(ledger: Ledger) -> None:
    """Nobody wants yesterday's scores today."""
    wanted(ledger, "a@b.example", version="v1")
    wanted(ledger, "a@b.example", version="v2")
    with ledger.begin() as tx:
        mailings.forget_due(tx, "t", REPORT, "v2")
    assert states(ledger) == ["due"]
    with ledger.begin() as tx:
        mailings.forget_due(tx, "t", REPORT)
    assert states(ledger) == []


def test_no_row_tells_an_address(ledger: Ledger) -> None:
    """Hashes only."""
    wanted(ledger, "ann@b.example")
    with ledger.read() as tx:
        (row,) = mailings.of_reports(tx, "t", [REPORT])
    assert "ann" not in str(row)
