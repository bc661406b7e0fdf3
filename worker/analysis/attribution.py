"""Whose rise it is: the exact split of a total's rise over the scopes it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from worker.analysis.signals import Reading
from worker.domain.telemetry import Scope, Slice

# One part owns the rise when it holds this share of it.
OWNER_SHARE = 0.6
MAIN_SHARE = 0.4
ALONE_SHARE = 0.8


@dataclass(frozen=True)
class Share:
    """`rise` in the signal's unit a minute (errors, slow milliseconds: in the window); `share` of all rises."""

    scope: Scope
    rise: float
    share: float
    z: float


def attribute(readings: Iterable[Reading], signal: str) -> list[Share]:
    """Parts by their rise, largest first. Falls are not set off against rises: they do not cause one."""
    rises = [(reading, _rise(reading, signal)) for reading in readings]
    total = sum(max(rise, 0.0) for _, rise in rises)
    shares = [
        Share(reading.scope, rise, max(rise, 0.0) / total if total else 0.0, reading.z(signal))
        for reading, rise in rises
    ]
    return sorted(shares, key=lambda share: -share.rise)


@dataclass(frozen=True)
class Part:
    """One instance's or deployment's part in the rise of a signal: value before and within, in the signal's unit.

    `share`: of all that rose; what fell has none. Of flows and masses the rises add up to the whole's.
    """

    name: str
    before: float
    within: float
    rise: float
    share: float


def attribute_slices(slices: Iterable[Slice], signal: str) -> list[Part]:
    """Parts by their rise, largest first. What was not there before, or is no longer, has a value of 0 there."""
    known = [one for one in slices if signal in one.before or signal in one.within]
    values = [(one.name, one.before.get(signal, 0.0), one.within.get(signal, 0.0)) for one in known]
    total = sum(max(within - before, 0.0) for _, before, within in values)
    parts = [
        Part(name, before, within, within - before, max(within - before, 0.0) / total if total else 0.0)
        for name, before, within in values
    ]
    return sorted(parts, key=lambda part: (-part.rise, part.name))


def alone(parts: Sequence[Part]) -> Part | None:
    """The one that owns the rise, where the others do not have it."""
    if len(parts) < 2 or parts[0].share < ALONE_SHARE:
        return None
    return parts[0]


def _rise(reading: Reading, signal: str) -> float:
    found = reading.deviations.get(signal)
    if found is None:
        return 0.0
    return found.rise * (found.weight if signal in ("errors", "latency", "retries") else 1.0)


def narrow(scope: Scope, shares: Sequence[Share]) -> Scope:
    """The part of `scope` that owns the rise: its service, its region, or both, where one stands out."""
    rises = [share for share in shares if scope.covers(share.scope)]
    service = scope.service or _owner(rises, lambda part: part.service, MAIN_SHARE)
    rises = [share for share in rises if service is None or share.scope.service == service]
    region = scope.region or _owner(rises, lambda part: part.region, OWNER_SHARE)
    return Scope(service, region)


def _owner(shares: Sequence[Share], name: Callable[[Scope], str | None], needed: float) -> str | None:
    totals: dict[str | None, float] = {}
    for share in shares:
        key = name(share.scope)
        totals[key] = totals.get(key, 0.0) + max(share.rise, 0.0)
    whole = sum(totals.values())
    if not whole:
        return next(iter(totals)) if len(totals) == 1 else None
    ordered = sorted(totals.items(), key=lambda item: -item[1])
    best, rise = ordered[0]
    runner_up = ordered[1][1] if len(ordered) > 1 else 0.0
    return best if rise >= needed * whole and rise >= 2 * runner_up else None
