"""When samples speak of what: a sample of emissions holds what was emitted since the scope's previous sample."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from worker.domain.telemetry import Floats, Grid
from worker.domain.window import Window

Places = NDArray[np.intp]

# A longer pause between two samples is a gap, of which the next sample does not say when in it anything happened.
LONGEST_SAMPLE = 2.5
LEAST_GAP_MINUTES = 3.0


def usual_buckets(known: Places) -> float:
    """Buckets between two samples, as they usually are; `known` are the places of samples on a grid."""
    return float(np.median(np.diff(known))) if known.size > 1 else 1.0


def start_of_sample(values: Floats, fine: Grid, moment: datetime) -> datetime:
    """The start of the sample that the bucket of `moment` is told by: just after the sample before.

    `moment` itself where there is no sample before it, or none within the usual time.
    """
    known = np.flatnonzero(np.isfinite(values))
    earlier = known[known < fine.index(moment)]
    longest = max(LEAST_GAP_MINUTES * 60 / fine.step_seconds, LONGEST_SAMPLE * usual_buckets(known))
    if not earlier.size or fine.index(moment) - earlier[-1] > longest:
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
