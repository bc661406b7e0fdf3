"""Traps: each is named, left out of the figures, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.analysis.baseline import Mask
from worker.analysis.sampling import LEAST_GAP_MINUTES
from worker.domain.telemetry import Floats
from worker.impact.plausibility import Samples, examine, pauses

COUNT = 240
INSIDE: Mask = np.arange(COUNT) >= COUNT - 20
BEFORE: Mask = ~INSIDE
PAST = np.full(336, 5.0)


def some_grams(seed: int = 1, usual: float = 5.0) -> Floats:
    return usual * np.random.default_rng(seed).lognormal(0, 0.05, COUNT)


def elapsed(grams: Floats) -> Floats:
    known = np.flatnonzero(np.isfinite(grams))
    minutes = np.full(COUNT, np.nan)
    minutes[known[1:]] = np.diff(known)
    return minutes


def examined(grams: Floats, past: Floats = PAST) -> Samples:
    return examine(grams, elapsed(grams), past, INSIDE, BEFORE)


def reasons(samples: Samples) -> str:
    return " | ".join(finding.reason for finding in samples.findings)


def test_ordinary_samples_are_believed_as_they_are() -> None:
    grams = some_grams()
    found = examined(grams)
    assert found.findings == []
    assert not found.are_lost
    np.testing.assert_array_equal(found.grams, grams)


def test_an_incident_is_no_trap() -> None:
    grams = some_grams()
    grams[INSIDE] *= 9
    assert examined(grams).findings == []


def test_negative_samples_are_left_out() -> None:
    grams = some_grams()
    grams[[50, 230]] = -4.0
    found = examined(grams)
    assert "2 samples of the last hours are negative" in reasons(found)
    assert "reset" not in reasons(found)
    assert np.isnan(found.grams[[50, 230]]).all()
    assert found.is_usable


def test_far_below_zero_is_a_counter_that_was_reset() -> None:
    grams = some_grams()
    grams[225] = -8000.0
    assert "1 sample of the last hours is negative, which emissions cannot be: a counter was reset" in reasons(
        examined(grams)
    )


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_a_slip_of_the_unit_in_some_samples_is_left_out(factor: float) -> None:
    grams = some_grams()
    grams[222:228] *= factor
    found = examined(grams)
    assert "6 samples of the last hours (6 of them in the window) are a thousand times off the others" in reasons(found)
    assert np.isnan(found.grams[222:228]).all()
    assert found.is_usable


def test_a_window_in_another_unit_has_no_figure() -> None:
    grams = some_grams()
    grams[INSIDE] /= 1000
    found = examined(grams)
    assert "slip of the unit (kg for g)" in reasons(found)
    assert not found.is_usable


def test_hours_in_another_unit_than_the_days_before_have_no_figure() -> None:
    found = examined(some_grams(usual=0.005))
    assert "its last hours are about a thousand times off" in reasons(found)
    assert not found.is_usable


def test_a_single_sample_far_above_its_neighbours_is_a_reset() -> None:
    grams = some_grams()
    grams[228] = 5 * 60.0
    found = examined(grams)
    assert "a single sample holds" in reasons(found)
    assert np.isnan(found.grams[228])
    assert found.is_usable


def test_a_running_total_has_no_figure() -> None:
    totals = np.cumsum(some_grams())
    totals[100:] -= totals[100] - 3
    found = examined(totals)
    assert "only ever grow" in reasons(found)
    assert not found.is_usable


def test_a_morning_that_only_grows_is_no_running_total() -> None:
    assert examined(np.linspace(3, 9, COUNT)).is_usable


def test_what_a_pause_held_back_comes_with_the_next_sample() -> None:
    grams = some_grams()
    for place in (40, 90, 140, 200):
        grams[place + 3] += grams[place : place + 3].sum()
        grams[place : place + 3] = np.nan
    found = examined(grams)
    assert not found.are_lost
    assert found.minutes[43] == 4
    assert found.rate[43] == pytest.approx(5, rel=0.2)


def test_what_was_never_sent_is_known_by_samples_that_hold_no_more() -> None:
    grams = some_grams()
    for place in (40, 90, 140, 200):
        grams[place : place + 3] = np.nan
    found = examined(grams)
    assert found.are_lost
    assert found.minutes[43] == 1
    assert found.held_share == pytest.approx(1 - 12 / 219, abs=0.01)


def test_pauses_are_counted_in_the_window_only() -> None:
    grams = some_grams()
    grams[100:120] = np.nan
    grams[225:235] = np.nan
    assert pauses(elapsed(grams), INSIDE & np.isfinite(grams), lead=0.0, tail=0.0) == 10
    assert pauses(elapsed(grams), INSIDE & np.isfinite(grams), lead=0.0, tail=8.0) == 18


@given(st.integers(200, 219), st.integers(221, 230))
def test_a_pause_that_began_before_the_window_has_no_more_minutes_than_are_in_it(began: int, ended: int) -> None:
    grams, window = some_grams(), np.arange(COUNT) >= 220
    grams[began:ended] = np.nan
    missing = pauses(elapsed(grams), window & np.isfinite(grams), lead=220.0 - began, tail=0.0)
    assert missing == (max(0, ended - 220) if ended - began + 1 > LEAST_GAP_MINUTES else 0)


value = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.just(0.0)


@given(st.lists(value, min_size=6, max_size=6), st.integers(1, 40))
def test_whatever_samples_hold_what_is_believed_is_no_less_than_nothing(values: list[float], each: int) -> None:
    found = examined(np.resize(np.repeat(values, each), COUNT))
    believed = found.grams[np.isfinite(found.grams)]
    assert (believed >= 0).all()
    assert all(finding.reason and finding.effect for finding in found.findings)
