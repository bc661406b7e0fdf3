"""What samples of emissions cannot be true: each is named, left out of the sums, and never turned into a figure.

| trap                 | how it shows                                                            |
|----------------------|-------------------------------------------------------------------------|
| negative emission    | below zero; far below zero: a counter that began anew                   |
| unit slip            | about a thousandth or a thousand times what the others say (kg for g)    |
| counter reset        | one sample far above both its neighbours; or a total that only ever grows |
| missing minutes      | a pause much longer than between samples usually                        |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from worker.analysis.baseline import Mask, median
from worker.analysis.sampling import longest_sample
from worker.domain.telemetry import Floats

# A slip of a thousand, with room for what the emissions themselves do meanwhile.
SLIP = (400.0, 2500.0)
JUMP = 20.0
NEIGHBOUR = 3.0
# A total that only ever grows, but for its resets.
GROWING_SHARE = 0.95
FEWEST_TOTALS = 40
MOST_RESETS = 3
RESET_TO = 0.2
FEWEST_PAUSES = 3
# Samples on either side that tell what one between them should hold.
NEAR = 3


class Finding(NamedTuple):
    """A gap about one scope's emissions; `is_fatal`: no figure can be given."""

    reason: str
    effect: str
    is_fatal: bool = False


@dataclass(frozen=True)
class Samples:
    """The believable samples of one scope: grams, and the minutes each holds (NaN: none, or not believed).

    `are_lost`: what a missing sample would have held is not in the next one, so its minutes are unknown;
    `held_share` is the share of the time that samples speak of.
    """

    grams: Floats
    minutes: Floats
    are_lost: bool = False
    held_share: float = 1.0
    findings: list[Finding] = field(default_factory=list)

    @property
    def rate(self) -> Floats:
        return self.grams / self.minutes

    @property
    def is_usable(self) -> bool:
        return not any(finding.is_fatal for finding in self.findings)


def examine(grams: Floats, elapsed: Floats, past_rate: Floats, inside: Mask, before: Mask) -> Samples:
    """`elapsed` are the minutes since the previous sample; `past_rate` g/min of earlier days' half hours."""
    findings: list[Finding] = []
    grams = _without_negatives(grams, findings)
    if _is_total(grams) or _is_total(past_rate):
        findings.append(
            Finding(
                "its samples only ever grow, as a running total does and emissions do not",
                "the field holds a counter, and no figure can be given: let the profile name emissions per sample",
                is_fatal=True,
            )
        )
    usual = usual_minutes(elapsed)
    minutes = np.where(np.isfinite(grams), covered_minutes(elapsed), np.nan)
    grams = _without_slips(grams, grams / minutes, past_rate, inside, before, findings)
    grams = _without_jumps(grams, grams / minutes, findings)
    minutes = np.where(np.isfinite(grams), minutes, np.nan)
    lost = _lost(grams, minutes, usual, before)
    held = np.where(lost, usual, minutes)
    share = float(np.nansum(held[before]) / np.nansum(minutes[before])) if lost[before].any() else 1.0
    return Samples(grams, held, bool(lost[inside].any() or lost[before].any()), share, findings)


def _without_negatives(grams: Floats, findings: list[Finding]) -> Floats:
    negative = grams < 0
    if not negative.any():
        return grams
    positive = grams[grams > 0]
    is_reset = positive.size and float(np.min(grams[negative])) < -JUMP * float(np.median(positive))
    because = ", which emissions cannot be" + (": a counter was reset" if is_reset else "")
    count = int(negative.sum())
    findings.append(
        Finding(
            f"{count} sample{'s' if count > 1 else ''} of the last hours {'are' if count > 1 else 'is'} "
            f"negative{because}",
            "carbon figures of this scope are without them and less sure",
        )
    )
    return np.where(negative, np.nan, grams)


def _is_total(values: Floats) -> bool:
    """Only ever grows, with at most a few falls to next to nothing, and such a fall or days of growth."""
    known = values[np.isfinite(values)]
    if known.size < FEWEST_TOTALS:
        return False
    steps = np.diff(known)
    falls = known[1:][steps < 0] <= RESET_TO * known[:-1][steps < 0]
    growing = float((steps > 0).mean())
    return bool(growing >= GROWING_SHARE and falls.all() and 0 < falls.size <= MOST_RESETS)


def _without_slips(
    grams: Floats, rate: Floats, past_rate: Floats, inside: Mask, before: Mask, findings: list[Finding]
) -> Floats:
    usual = median(rate[before & (rate > 0)])
    if is_slip(usual, median(past_rate)):
        findings.append(
            Finding(
                "its last hours are about a thousand times off what the days before were, which is a slip of the unit "
                "(kg for g) and not an emission",
                "no carbon figure can be given until the unit is known",
                is_fatal=True,
            )
        )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(rate > 0, np.maximum(rate / usual, usual / rate), np.nan)
    slipped = (ratio >= SLIP[0]) & (ratio <= SLIP[1])
    if not slipped.any():
        return grams
    count, within = int(slipped.sum()), int((slipped & inside).sum())
    findings.append(
        Finding(
            f"{count} samples of the last hours ({within} of them in the window) are a thousand times off the others, "
            "which is a slip of the unit (kg for g) and not an emission",
            "they are left out of every figure",
            is_fatal=within >= 0.5 * int((inside & np.isfinite(rate)).sum()),
        )
    )
    return np.where(slipped, np.nan, grams)


def is_slip(one: float, other: float) -> bool:
    """Whether two statements of the same are about a thousand times apart."""
    if not (one > 0 and other > 0):
        return False
    return SLIP[0] <= max(one / other, other / one) <= SLIP[1]


def _without_jumps(grams: Floats, rate: Floats, findings: list[Finding]) -> Floats:
    """A single sample far above both neighbours: a counter's reset, or a process's whole past in one sample."""
    known = np.flatnonzero(np.isfinite(rate) & (rate > 0))
    if known.size < FEWEST_PAUSES:
        return grams
    usual = float(np.median(rate[known]))
    middle, sides = rate[known[1:-1]], np.maximum(rate[known[:-2]], rate[known[2:]])
    jumps = known[1:-1][(middle > JUMP * usual) & (sides < NEIGHBOUR * usual)]
    if not jumps.size:
        return grams
    times = ", ".join(f"{rate[place] / usual:.0f}" for place in jumps[:3])
    findings.append(
        Finding(
            f"a single sample holds {times} times the usual and its neighbours do not: a counter reset, or a whole "
            "past sent at once",
            "it is left out of every figure",
        )
    )
    cleaned = grams.copy()
    cleaned[jumps] = np.nan
    return cleaned


def _is_pause(minutes: Floats, usual: float) -> Mask:
    """At least one sample is missing before this one."""
    return minutes > max(1.6 * usual, usual + 0.5)


def _lost(grams: Floats, minutes: Floats, usual: float, before: Mask) -> Mask:
    """The samples after a pause that hold no more than any other: what the pause emitted was never sent.

    A sender either adds up or does not, so the pauses before the incident decide for all; where there were too few,
    each is judged by its neighbours.
    """
    pause = (grams > 0) & _is_pause(minutes, usual)
    usual_rate = _neighbours(grams / minutes, (grams > 0) & ~pause, pause)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        as_one, as_whole = (np.abs(np.log(grams / (usual_rate * held))) for held in (usual, minutes))
    hold_no_more = pause & (as_one < as_whole)
    known = pause & before & np.isfinite(as_one)
    if known.sum() >= FEWEST_PAUSES:
        return pause if hold_no_more[known].mean() > 0.5 else np.zeros(grams.size, dtype=bool)
    return hold_no_more


def _neighbours(rate: Floats, known: Mask, wanted: Mask) -> Floats:
    """Around each wanted sample the median rate of the few known ones; NaN for the others."""
    places, asked = np.flatnonzero(known), np.flatnonzero(wanted)
    found = np.full(rate.size, np.nan)
    for place, nearest in zip(asked, np.searchsorted(places, asked), strict=True):
        found[place] = median(rate[places[max(0, nearest - NEAR) : nearest + NEAR]])
    return found


def usual_minutes(minutes: Floats) -> float:
    """Between two samples."""
    known = minutes[np.isfinite(minutes)]
    return float(np.median(known)) if known.size else 1.0


def covered_minutes(minutes: Floats) -> Floats:
    """The time each sample covers; of a first sample, whose start is unknown, the usual time between two."""
    return np.where(np.isfinite(minutes), minutes, usual_minutes(minutes))


def pauses(minutes: Floats, inside: Mask, lead: float, tail: float) -> float:
    """Minutes of the window that no sample of the usual length speaks of.

    Of the window's first sample `lead` minutes were before it; of its last `tail` minutes there is no sample yet.
    """
    usual = usual_minutes(minutes)
    longest = longest_sample(usual)
    within = minutes[inside & np.isfinite(minutes)]
    missing = np.where(within > longest, within - usual, 0.0)
    missing[:1] = np.maximum(missing[:1] - lead, 0.0)
    return float(missing.sum()) + (tail if tail > longest else 0.0)
