"""When samples speak of what: a sample of emissions holds what was emitted since the scope's previous sample."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.domain.telemetry import Floats, Grid, Scope, Series, Survey
from worker.domain.window import Window

Places = NDArray[np.intp]

# A longer pause between two samples is a gap, of which the next sample does not say when in it anything happened.
LONGEST_SAMPLE = 2.5
LEAST_GAP_MINUTES = 3.0


class Pause(NamedTuple):
    """No sample came of `scope` between the two moments; the one that ended it holds all that was emitted since."""

    scope: Scope
    since: datetime
    until: datetime


def longest_sample(usual: float) -> float:
    """Minutes; what comes after more is the end of a gap. `usual` are the minutes between two samples."""
    return max(LEAST_GAP_MINUTES, LONGEST_SAMPLE * usual)


def usual_buckets(known: Places) -> float:
    """Buckets between two samples, as they usually are; `known` are the places of samples on a grid."""
    return float(np.median(np.diff(known))) if known.size > 1 else 1.0


def start_of_sample(values: Floats, fine: Grid, moment: datetime) -> datetime:
    """The start of the sample that the bucket of `moment` is told by: just after the sample before.

    `moment` itself where there is no sample before it, or none within the usual time.
    """
    known = np.flatnonzero(np.isfinite(values))
    earlier = known[known < fine.index(moment)]
    minutes = fine.step_seconds / 60
    longest = longest_sample(usual_buckets(known) * minutes)
    if not earlier.size or (fine.index(moment) - earlier[-1]) * minutes > longest:
        return moment
    return min(moment, fine.time(int(earlier[-1]) + 1))


def edges(inside: Places, known: Places, fine: Grid, window: Window) -> tuple[float, float]:
    """(minutes before the window that its first sample holds, minutes at its end that no sample holds yet).

    `inside` and `known` are the places of the window's samples and of all; times are known to the bucket, so
    up to one bucket at either edge is none.
    """
    earlier = known[known < inside[0]]
    first = (window.start - fine.start).total_seconds() / fine.step_seconds
    lead = first - earlier[-1] - 1 if earlier.size else 0.0
    tail = (window.end - fine.start).total_seconds() / fine.step_seconds - inside[-1] - 1
    minutes = fine.step_seconds / 60
    return max(0.0, float(lead)) * minutes, max(0.0, float(tail)) * minutes


def caught_up(survey: Survey, scope: Scope, window: Window) -> list[Pause]:
    """Pauses that began before the window and whose emissions its samples hold, by part of `scope`.

    A rule that adds up the samples of its window then counts more than the window's own minutes.
    """
    covered = ((part, series) for part, series in survey.recent.items() if scope.covers(part))
    found = (_caught_up(part, series, survey.fine, window) for part, series in covered)
    return [pause for pause in found if pause]


def _caught_up(part: Scope, series: Series, fine: Grid, window: Window) -> Pause | None:
    grams, minutes = series.get("carbon_grams"), series.get("carbon_minutes")
    if grams is None or minutes is None:
        return None
    known = np.flatnonzero(np.isfinite(grams))
    inside = np.flatnonzero(np.isfinite(grams) & fine.mask(window))
    if not inside.size or inside[0] == known[0]:
        return None
    first = int(inside[0])
    since = fine.time(int(known[known < first][-1]))
    usual = float(np.nanmedian(minutes))
    if minutes[first] <= longest_sample(usual) or not _holds_all(grams / minutes, first, usual / minutes[first]):
        return None
    return Pause(part, since, fine.time(first))


def _holds_all(rate: Floats, place: int, share: float) -> bool:
    """Whether a sample's rate is nearer to the usual than to that `share` of it, as if it held no pause."""
    usual = float(np.nanmedian(rate))
    return bool(usual > 0 and rate[place] > usual * np.sqrt(share))
