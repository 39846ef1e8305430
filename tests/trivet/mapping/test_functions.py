"""What JSONata lacks: half-up rounding, named zones, plain dates."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.errors import DocumentRefused
from trivet.mapping.functions import days_after, half_up, local_date


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        (2.5, 0, 3),
        (3.5, 0, 4),
        (8.25, 1, 8.3),
        (8.75, 1, 8.8),
        (1.005, 2, 1.01),
        (-2.5, 0, -3),
        (-0.04, 1, 0.0),
    ],
)
def test_halves_go_up(value, digits, rounded):
    """On the decimals that a person sees, not on the binary fraction behind them."""
    made = half_up(value, digits)
    assert repr(made) == repr(rounded)


@given(st.decimals(-1000, 1000, places=4), st.integers(0, 3))
def test_rounding_agrees_with_decimal_arithmetic(value, digits):
    """Whatever the number."""
    exact = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    assert Decimal(repr(half_up(float(value), digits))) == exact


@pytest.mark.parametrize("value", ["8.5", "8５", True, [8.5], {}])
def test_what_is_no_number_is_refused(value):
    """Nothing is coerced."""
    with pytest.raises(DocumentRefused) as refused:
        half_up(value, 1)
    assert refused.value.code == "SCORE_TYPE"


def test_missing_stays_missing():
    """No helper invents a value."""
    assert half_up(None, 1) is None
    assert local_date(None) is None
    assert days_after(None, 3) is None


@pytest.mark.parametrize(
    ("value", "zone", "form", "made"),
    [
        ("2026-11-19T17:05:00Z", "Asia/Shanghai", "yyyy-MM-dd", "2026-11-20"),
        ("2026-11-19T17:05:00Z", "Asia/Shanghai", "yyyyMMdd HH:mm:ss", "20261120 01:05:00"),
        ("1988-07-01T15:30:00Z", "Asia/Shanghai", "yyyy-MM-dd HH:mm", "1988-07-02 00:30"),
        ("2026-07-01T12:00:00+08:00", "Europe/Berlin", "HH:mm", "06:00"),
        (1795104000000, "UTC", "yyyy-MM-dd", "2026-11-19"),
        ("2026-11-20", "America/New_York", "yyyy-MM-dd", "2026-11-20"),
        ("2026-11-20", "UTC", "100% dd", "100% 20"),
    ],
)
def test_a_time_is_a_date_of_its_zone(value, zone, form, made):
    """Summer time is known (Shanghai had it in 1988); a plain date is no instant and never moves."""
    assert local_date(value, zone, form) == made


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-02-30", "DATE_INVALID"), ("0000-00-00", "DATE_INVALID"), ("2026-W01-1", "DATE_INVALID"),
        ("soon", "DATE_INVALID"), ("2026-02-30T00:00:00Z", "DATE_INVALID"), (10**20, "DATE_INVALID"), (True, "DATE_INVALID"),
        ("9999-12-31T23:59:59-12:00", "DATE_INVALID"), ("2026-11-20T01:00:00", "DATE_TZ_MISSING"),
    ],
)  # fmt: skip
def test_a_bad_date_is_refused_by_its_code(value, code):
    """An impossible date and a time without zone are told apart."""
    with pytest.raises(DocumentRefused) as refused:
        local_date(value, "Asia/Shanghai")
    assert refused.value.code == code


@pytest.mark.parametrize("zone", ["Asia/Shangai", "+0800", "../etc/passwd", "/etc/passwd"])
def test_a_zone_that_does_not_exist_is_refused(zone):
    """Also one that is a path."""
    with pytest.raises(DocumentRefused) as refused:
        local_date("2026-11-20T01:00:00Z", zone)
    assert refused.value.code == "DATE_ZONE"


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-1000, 1000))
def test_days_are_counted_on_the_calendar(day, days):
    """Leap days included."""
    assert days_after(day.isoformat(), days) == (day + timedelta(days=days)).isoformat()


@pytest.mark.parametrize("value", ["2026-11-19T17:05:00Z", "2026-02-30", "20261120", "9999-12-31"])
def test_days_are_counted_from_plain_dates_only(value):
    """A time has no date before its zone is known."""
    with pytest.raises(DocumentRefused) as refused:
        days_after(value, 1)
    assert refused.value.code == "DATE_INVALID"


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)))
def test_milliseconds_and_text_are_the_same_moment(moment):
    """Both notations give one date."""
    at = moment.replace(microsecond=0, tzinfo=UTC)
    assert local_date(int(at.timestamp() * 1000), "Asia/Shanghai") == local_date(
        at.isoformat(), "Asia/Shanghai"
    )
