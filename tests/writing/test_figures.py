"""Numbers as people read them: two significant digits, and never a number that only a machine would write."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.domain.report import Quantity
from worker.writing import figures
from worker.writing.figures import (
    before_onset,
    clock,
    count,
    dollars,
    duration,
    grams,
    grams_range,
    listed,
    number,
    percent,
    possessive,
    quantity,
    times,
)

# Magnitudes that telemetry can have; a report has no use for others.
measured = st.floats(1e-9, 1e15) | st.just(0.0)
signed = measured | measured.map(lambda value: -value)
anything = st.floats()


def as_number(text: str) -> float:
    return float(text.replace(",", ""))


def figure(low: float, likely: float, high: float) -> Quantity:
    return Quantity(low=low, likely=likely, high=high)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (0.000123, "0.00012"),
        (0.0996, "0.1"),
        (0.5, "0.5"),
        (1, "1"),
        (1.04, "1"),
        (1.06, "1.1"),
        (9.96, "10"),
        (41.2, "41"),
        (99.6, "100"),
        (412.4, "412"),
        (999.6, "1,000"),
        (1234.5, "1,230"),
        (1_234_567, "1,230,000"),
        (-3.14, "-3.1"),
        (-0.04, "-0.04"),
        (float("nan"), "unknown"),
        (float("inf"), "unknown"),
        (float("-inf"), "unknown"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


@given(signed)
def test_a_number_says_its_value_to_two_digits(value: float) -> None:
    assert as_number(number(value)) == pytest.approx(value, rel=0.051)


@given(signed)
def test_a_number_has_no_more_digits_than_it_is_known_to(value: float) -> None:
    digits = re.sub(r"[-,.]", "", number(value)).strip("0")
    assert len(digits) <= (2 if abs(value) < 99.5 else 3)


PLAIN = re.compile(r"-?(0|[1-9]\d{0,2}(,\d{3})*|0)(\.\d*[1-9])?")


@given(signed)
@example(0.09999)
@example(99.99999)
@example(1e15)
def test_a_number_is_written_plainly(value: float) -> None:
    """No exponent, no trailing zeros, no minus before nothing."""
    assert PLAIN.fullmatch(number(value))
    assert number(value) != "-0"


WRITERS: list[Callable[[float], str]] = [
    number,
    count,
    times,
    grams,
    lambda value: quantity(figure(value, value, value), "vCPU-hours"),
    lambda value: grams_range(figure(value, value, value)),
    lambda value: dollars(figure(value, value, value)),
]


@pytest.mark.parametrize("write", WRITERS)
@given(signed)
def test_nothing_a_person_would_not_write(write: Callable[[float], str], value: float) -> None:
    text = write(value)
    assert not re.search(r"nan|inf|-0(?![.\d])|e[+-]?\d", text), text


@pytest.mark.parametrize("write", [number, times, grams])
@given(anything)
def test_what_is_no_number_is_unknown(write: Callable[[float], str], value: float) -> None:
    assert not re.search(r"nan|inf|e[+-]\d", write(value))


@given(st.floats(0, 1))
@example(0.0999)
@example(0.0009999)
def test_a_share_is_written_in_percent(share: float) -> None:
    text = percent(share)
    if text == "below 0.1 %":
        assert 0 < share < 0.001
        return
    assert re.fullmatch(r"(\d{1,3}|\d\.[1-9]) %", text)
    assert as_number(text.removesuffix(" %")) / 100 == pytest.approx(share, abs=0.0051)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.0004, "below 0.1 %"), (0.004, "0.4 %"), (0.01, "1 %"), (0.314, "31 %"), (1, "100 %")],
)
def test_shares(share: float, text: str) -> None:
    assert percent(share) == text


@given(signed, signed)
def test_more_is_never_written_as_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert as_number(number(low)) <= as_number(number(high))


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (3, "3"), (9.4, "9.4"), (12.3, "12"), (1240.4, "1,240"), (1241, "1,241")]
)
def test_counts_are_exact(value: float, text: str) -> None:
    assert count(value) == text


@pytest.mark.parametrize(
    ("ratio", "text"), [(3.94, "3.9 times"), (1.25, "1.2 times"), (140, "far above"), (float("inf"), "far above")]
)
def test_ratios(ratio: float, text: str) -> None:
    assert times(ratio) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "250 mgCO₂e"),
        (41, "41 gCO₂e"),
        (999, "999 gCO₂e"),
        (1500, "1.5 kgCO₂e"),
        (2.5e6, "2.5 tCO₂e"),
        (-1500, "-1.5 kgCO₂e"),
    ],
)
def test_the_unit_of_a_mass_follows_its_size(value: float, text: str) -> None:
    assert grams(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (figure(350, 410, 470), "410 gCO₂e (350 to 470)"),
        (figure(900, 1500, 2100), "1.5 kgCO₂e (0.9 to 2.1)"),
        (figure(41, 41, 41), "41 gCO₂e"),
        (figure(-40, 10, 60), "10 gCO₂e (-40 to 60)"),
    ],
)
def test_a_range_of_mass_has_one_unit(value: Quantity, text: str) -> None:
    assert grams_range(value) == text


def test_ranges() -> None:
    assert quantity(figure(220, 377, 883), "vCPU-hours") == "377 vCPU-hours (220 to 883)"
    assert dollars(figure(7.36, 17.91, 42.9)) == "$18 ($7.4 to $43)"
    assert dollars(figure(1519, 1519, 1519)) == "$1,519"


def test_times_of_the_day_are_utc() -> None:
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    assert clock(datetime(2026, 2, 26, 10, 42, 59, tzinfo=UTC)) == "10:42 UTC"
    assert clock(datetime(2026, 2, 26, 3, 12, tzinfo=elsewhere)) == "21:42 UTC"


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 min"), (16, "16 min"), (119, "119 min"), (120, "2 h"), (125, "2 h 5 min")]
)
def test_durations(minutes: float, text: str) -> None:
    assert duration(timedelta(minutes=minutes)) == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (4.2, "4 min before the onset"),
        (0.3, "in the minute of the onset"),
        (-2, "2 min after the first deviating sample"),
        (151, "2 h 31 min before the onset"),
    ],
)
def test_a_moment_against_the_onset(minutes: float, text: str) -> None:
    assert before_onset(minutes) == text


def test_words() -> None:
    assert (possessive("checkout"), possessive("payments")) == ("checkout's", "payments'")
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_every_writer_of_the_module_is_tested_here() -> None:
    public = {
        name
        for name, one in vars(figures).items()
        if callable(one) and getattr(one, "__module__", "") == figures.__name__
    }
    assert {name for name in public if not name.startswith("_")} <= set(globals())
