"""Samples that hold what was emitted before the window."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from tests.analysis.builders import AS_OF, CHECKOUT, FINE, FINE_MINUTES, a_survey, last_minutes
from worker.analysis.sampling import Pause, caught_up
from worker.domain.telemetry import Floats, Scope, Series

EUROPE = Scope("checkout", "europe-west1")
WINDOW = last_minutes(10)


def sampled(*, pause: slice, held: float | None = None) -> Series:
    """2 g a minute; of a pause the next sample holds `held` grams, all of them unless given."""
    grams, minutes = np.full(FINE_MINUTES, 2.0), np.ones(FINE_MINUTES)
    minutes[pause.stop] += pause.stop - pause.start
    grams[pause.stop] = 2 * minutes[pause.stop] if held is None else held
    grams[pause], minutes[pause] = np.nan, np.nan
    return series(grams, minutes)


def series(grams: Floats, minutes: Floats) -> Series:
    return Series({"carbon_grams": grams, "carbon_minutes": minutes})


def ago(minutes: int) -> slice:
    """A pause of twelve minutes that ended so long before the end."""
    return slice(FINE_MINUTES - minutes - 12, FINE_MINUTES - minutes)


def test_the_first_sample_of_the_window_holds_the_pause_before_it() -> None:
    survey = a_survey({CHECKOUT: sampled(pause=ago(6)), EUROPE: sampled(pause=ago(40))})
    found = Pause(CHECKOUT, AS_OF - timedelta(minutes=19), AS_OF - timedelta(minutes=6))
    assert caught_up(survey, Scope("checkout", None), WINDOW) == [found]
    assert caught_up(survey, EUROPE, WINDOW) == []
    assert FINE.index(found.until) == FINE_MINUTES - 6


@pytest.mark.parametrize(
    ("pause", "held"),
    [
        (ago(6), 2.0),
        (slice(FINE_MINUTES - 8, FINE_MINUTES - 7), None),
        (slice(FINE_MINUTES - 9, FINE_MINUTES - 1), None),
        (slice(0, FINE_MINUTES - 5), None),
    ],
    ids=["what it emitted was never sent", "a single sample is late", "within the window", "no sample before it"],
)
def test_what_holds_nothing_of_before_is_no_matter(pause: slice, held: float | None) -> None:
    survey = a_survey({CHECKOUT: sampled(pause=pause, held=held)})
    assert caught_up(survey, CHECKOUT, WINDOW) == []


def test_where_no_mass_is_measured_none_is_held() -> None:
    assert caught_up(a_survey({CHECKOUT: Series({"cpu": np.ones(FINE_MINUTES)})}), CHECKOUT, WINDOW) == []
