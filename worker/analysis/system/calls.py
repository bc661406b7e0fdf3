"""What the calls between services tell: which take longer, which are no longer made, and at whose end the cause is.

A service that is slow makes the calls to it slow, and only those; one that is starved makes the calls it makes slow as
well; a slow network shows between the two ends' clocks. So a service is suspected by how much of all the excess lies
on its own edges (coverage) and how many of its edges show it (purity), less what its callees keep it waiting for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log2, sqrt
from typing import Literal

from scipy import stats

from worker.analysis.system.anomaly import Z95, Z99
from worker.analysis.system.topology import Topology
from worker.domain.telemetry import CallHistory, Calls, CallSpan, Edge, Quantiles

# Longer by fewer standard deviations than these is no news.
SLOWER_Z = 3.0
MOST_BITS = 6.0
# A baseline of fewer samples than these tells its median and not its spread.
ENOUGH_SAMPLES = 8
LEAST_SECONDS, LEAST_SECONDS_OF_FEW = 0.002, 0.003
STEADY_SHARE, UNSTEADY_SHARE = 0.1, 0.5
# An edge must have been seen at so many moments before, and could have been at so many within, to be missed.
KNOWN_MOMENTS, FEWEST_MOMENTS = 10, 2
FEWEST_CALLS = 5
# Where chance explains a change within so many bits (1 in 16), it is none.
CHANCE_BITS = 4.0
MOST_CHANCE = 1e-12
# What a service is asked for varies, and with it how many calls it makes: that many bits are no change yet.
MIX_BITS = 8.0
# Calls vary more than independent ones would: their variance beyond Poisson's, per squared mean.
OVERDISPERSION = 0.02

Basis = Literal["duration", "callee_duration", "gap"]


@dataclass(frozen=True)
class Slower:
    """Calls of one edge that take longer: seconds within and before, on the basis that shows it best.

    `gap` is the time between the two ends' clocks: duration as the caller saw it less the callee's own.
    """

    edge: Edge
    basis: Basis
    z: float
    actual: float
    usual: float
    rise: float


@dataclass(frozen=True)
class CallShare:
    """A service's part in the excess, `strength` in weighted bits; `slower` are its own edges, the clearest first."""

    service: str
    strength: float
    slower: list[Slower]


@dataclass(frozen=True)
class FewerCalls:
    """A service that still is called and makes fewer calls itself: `missing` are callees it hardly calls any more."""

    service: str
    bits: float
    missing: tuple[str, ...]


def slower_edges(calls: Calls) -> dict[Edge, Slower]:
    found = {}
    for edge in calls.edges:
        histories = [history[edge] for history in calls.sources.values() if edge in history]
        if (worst := _worst(edge, histories)) and worst.z >= SLOWER_Z:
            found[edge] = worst
    return found


def _worst(edge: Edge, histories: list[CallHistory]) -> Slower | None:
    known = [one for history in histories for one in _deviations(edge, history)]
    durations = [one for one in known if one.basis == "duration"]
    if not durations:
        return None
    worst = max(known, key=lambda one: one.z)
    rise = max(durations, key=lambda one: one.z).rise
    return Slower(edge, worst.basis, worst.z, worst.actual, worst.usual, max(rise, 1e-9))


def _deviations(edge: Edge, history: CallHistory) -> list[Slower]:
    before, within = history.before, history.within
    if before is None or within is None:
        return []
    found = [
        _deviation(edge, "duration", before, within, before.duration, within.duration),
        _deviation(edge, "callee_duration", before, within, before.callee_duration, within.callee_duration),
        _deviation(edge, "gap", before, within, _gap(before), _gap(within)),
    ]
    return [one for one in found if one]


def _gap(span: CallSpan) -> Quantiles | None:
    """Quantiles of a difference are not the differences of quantiles, but its median is near theirs."""
    if span.duration is None or span.callee_duration is None:
        return None
    whole, inner = span.duration, span.callee_duration.median
    return Quantiles(
        whole.count,
        low=whole.low - inner,
        least=whole.least - inner,
        median=whole.median - inner,
        most=whole.most - inner,
        high=whole.high - inner,
    )


def _deviation(
    edge: Edge, basis: Basis, before: CallSpan, within: CallSpan, usual: Quantiles | None, actual: Quantiles | None
) -> Slower | None:
    if usual is None or actual is None:
        return None
    rise = actual.median - usual.median
    return Slower(edge, basis, rise / _spread(usual, before, within), actual.median, usual.median, rise)


def _spread(usual: Quantiles, before: CallSpan, within: CallSpan) -> float:
    median = usual.median
    if usual.count >= ENOUGH_SAMPLES:
        tails = ((usual.most - median) / Z95, (usual.high - median) / Z99)
        return max(*tails, STEADY_SHARE * median, LEAST_SECONDS)
    doubt = 1 + 2 / sqrt(before.calls or usual.count) + 1 / sqrt(within.calls or within.moments)
    return max(UNSTEADY_SHARE * abs(median), LEAST_SECONDS_OF_FEW) * doubt


def share_the_excess(calls: Calls, slower: Mapping[Edge, Slower], topology: Topology) -> dict[str, CallShare]:
    """Service → its part in the excess of all slower edges."""
    weights = {edge: _weight(one, slower, calls, topology) for edge, one in slower.items()}
    total = sum(weights.values())
    if not total:
        return {}
    measured = _edges_by_service(calls.edges)
    incident = _edges_by_service(edge for edge, weight in weights.items() if weight > 0)
    return {
        service: CallShare(
            service,
            _strength([weights[edge] for edge in edges], total, len(measured[service])),
            sorted((slower[edge] for edge in edges), key=lambda one: (-weights[one.edge], one.edge)),
        )
        for service, edges in incident.items()
    }


def _strength(own: list[float], total: float, edges: int) -> float:
    purity = sum(weight > 0.5 for weight in own) / max(edges, 1)
    return max(own) * (sum(own) / total) * min(purity, 1.0)


def _weight(one: Slower, slower: Mapping[Edge, Slower], calls: Calls, topology: Topology) -> float:
    """Bits of the excess, less the share that the callee itself waits for others."""
    caller, callee = one.edge
    waits = sum(
        slower[(callee, other)].rise * _calls_each(calls, (callee, other), one.edge)
        for other in topology.called_by(callee)
        if other != caller and (callee, other) in slower
    )
    return min(log2(1 + one.z / 2), MOST_BITS) * max(0.0, 1 - waits / one.rise)


def _calls_each(calls: Calls, inner: Edge, outer: Edge) -> float:
    """Calls on `inner` for each on `outer`; one where they are not counted."""
    for history in calls.sources.values():
        counts = [span.calls for edge in (inner, outer) if edge in history and (span := history[edge].within)]
        if len(counts) == 2 and counts[0] and counts[1]:
            return counts[0] / counts[1]
    return 1.0


def _edges_by_service(edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        for service in dict.fromkeys(edge):
            found[service].append(edge)
    return found


def fewer_calls(calls: Calls) -> dict[str, FewerCalls]:
    """Services that stopped passing on what they are asked, by counted calls and by edges that fell silent."""
    found: dict[str, FewerCalls] = {}
    for source, histories in calls.sources.items():
        for one in [*_fallen(histories), *_silent(histories, calls.moments[source])]:
            known = found.get(one.service)
            missing = tuple(dict.fromkeys([*(known.missing if known else ()), *one.missing]))
            found[one.service] = FewerCalls(one.service, one.bits + (known.bits if known else 0.0), missing)
    return found


def _fallen(histories: Mapping[Edge, CallHistory]) -> list[FewerCalls]:
    """Fewer calls made for each one received, beyond chance."""
    received, made = _sums(histories, by=1), _sums(histories, by=0)
    found = []
    for service, (before, within) in made.items():
        was, now = received.get(service, (0.0, 0.0))
        if was < FEWEST_CALLS or now < FEWEST_CALLS / 2:
            continue
        bits = surprise(within, before * now / was, OVERDISPERSION) if within < before * now / was else 0.0
        if bits > MIX_BITS:
            found.append(FewerCalls(service, bits - MIX_BITS, ()))
    return found


def _sums(histories: Mapping[Edge, CallHistory], by: int) -> dict[str, tuple[float, float]]:
    sums: dict[str, tuple[float, float]] = {}
    for edge, history in histories.items():
        before, within = sums.get(edge[by], (0.0, 0.0))
        counts = [(span.calls or 0.0) if span else 0.0 for span in (history.before, history.within)]
        sums[edge[by]] = (before + counts[0], within + counts[1])
    return sums


def _silent(histories: Mapping[Edge, CallHistory], moments: tuple[int, int]) -> list[FewerCalls]:
    """Edges that were seen at nearly every moment and are hardly seen any more, while their caller is called."""
    known, possible = moments
    if known < KNOWN_MOMENTS or possible < FEWEST_MOMENTS:
        return []
    found = []
    for (caller, callee), history in histories.items():
        seen = history.within.moments if history.within else 0
        usual = ((history.before.moments if history.before else 0) + 0.5) / (known + 1)
        if seen >= possible or not _is_called(caller, histories, possible):
            continue
        chance = stats.binom.sf(possible - seen - 1, possible, max(1 - usual, OVERDISPERSION))
        bits = -log2(max(float(chance), MOST_CHANCE))
        if bits > CHANCE_BITS:
            found.append(FewerCalls(caller, bits - CHANCE_BITS, (callee,)))
    return found


def _is_called(service: str, histories: Mapping[Edge, CallHistory], possible: int) -> bool:
    seen = [one.within.moments if one.within else 0 for (_, callee), one in histories.items() if callee == service]
    return not seen or max(seen) >= possible / 2


def surprise(count: float, expected: float, overdispersion: float) -> float:
    """Bits of surprise at so many where `expected` were: a negative binomial's tail, towards the side it is on."""
    mean = expected + 0.5
    size = max(mean / (1 + overdispersion * mean), 0.5)
    chance = size / (size + mean)
    tail = stats.nbinom.sf(count - 1, size, chance) if count > expected else stats.nbinom.cdf(count, size, chance)
    return -log2(max(float(tail), MOST_CHANCE))
