"""Who did it: suspects, what speaks for and against each, and an order.

A suspect's score is what it shows itself or is named for by others, less what it only suffers, times how well it is
placed and timed, raised by a change that fits. Ranking by own anomaly and discounting what an anomalous callee
explains follows Hardt et al. (PetShop, CLeaR 2024).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import exp, prod

from worker.analysis.blame import surging
from worker.analysis.changes import WeighedChange
from worker.analysis.deviation import Deviation
from worker.analysis.signals import Reading
from worker.analysis.system.weighing import Account
from worker.domain.report import CauseKind
from worker.domain.telemetry import ErrorType, Scope, ScopeDetail

# A deviation smaller than these is not weighed, however certain it is.
SURE_Z = 5.0
# Once a spike is confirmed, what deviates beside it needs less to be believed.
SUSPECT_Z = 4.0
# Own effect from which a service counts as deviating.
DEVIATES = 0.15
# The weight of "something that nothing here shows", against which every score stands.
UNSEEN = 0.3
CONFIDENT = 0.5
# A service whose own telemetry shows nothing is blamed by others this much less.
WELL = 0.4
ENOUGH_LINES = 20
LATE = timedelta(minutes=4)
GUILTY_CHANGE = 0.3
# Failing requests say more of the kind of a cause than whatever deviates beside them.
FAILS = 0.3
# Errors of these words tell of the other end of a connection, not of the service that logs them.
OTHER_END = (
    "timeout",
    "timed",
    "connection",
    "unavailable",
    "refused",
    "reset",
    "upstream",
    "gateway",
    "unreachable",
    "dns",
    "network",
)


@dataclass
class Suspect:
    """`effects` 0–1 by signal; `named_by` caller → share of its new errors that name this service."""

    scope: Scope
    reading: Reading | None
    detail: ScopeDetail | None
    effects: dict[str, float] = field(default_factory=dict)
    named_by: dict[str, float] = field(default_factory=dict)
    names: dict[str, float] = field(default_factory=dict)
    change: WeighedChange | None = None
    onset: datetime | None = None
    is_demand: bool = False
    score: float = 0.0
    confidence: float = 0.0
    factors: dict[str, float] = field(default_factory=dict)
    account: Account | None = None

    @property
    def own(self) -> float:
        return _any(self.effects.values())

    @property
    def leading_signal(self) -> str | None:
        return max(self.effects, key=lambda name: self.effects[name]) if self.effects else None

    @property
    def main_signal(self) -> str | None:
        """What to call it by: failing requests before whatever deviates beside them."""
        return "errors" if self.effects.get("errors", 0.0) >= FAILS else self.leading_signal

    def deviation(self, name: str) -> Deviation | None:
        return self.reading.deviations.get(name) if self.reading else None


def _any(shares: Iterable[float]) -> float:
    """Probability that one of independent things holds."""
    return 1 - prod(1 - share for share in shares)


def _grows(amount: float, scale: float) -> float:
    return 1 - exp(-max(amount, 0.0) / scale)


# signal → (is it material, effect 0–1)
EFFECTS: Mapping[str, tuple[Callable[[Deviation], bool], Callable[[Deviation], float]]] = {
    "errors": (lambda d: d.rise >= 0.01 and d.ratio >= 1.5, lambda d: _grows(d.rise, 0.06)),
    "retries": (lambda d: d.rise >= 0.05 and d.ratio >= 1.5, lambda d: 0.6 * _grows(d.rise, 0.1)),
    "latency": (lambda d: d.ratio >= 1.3, lambda d: _grows(d.ratio - 1, 1.0)),
    "carbon_per_demand": (lambda d: d.ratio >= 1.15, lambda d: _grows(d.ratio - 1, 0.4)),
    "cpu": (lambda d: d.ratio >= 1.15, lambda d: 0.9 * _grows(d.ratio - 1, 0.4)),
    "memory": (lambda d: d.ratio >= 1.3, lambda d: 0.7 * _grows(d.ratio - 1, 0.5)),
    "silence": (lambda d: d.actual >= 0.4 * d.expected, lambda _: 0.8),
}


def effects(reading: Reading) -> dict[str, float]:
    """What a scope shows itself: material and certain deviations only. Demand is not among them."""
    found = {}
    for name, (material, effect) in EFFECTS.items():
        deviation = reading.deviations.get(name)
        if deviation and deviation.z >= SUSPECT_Z and material(deviation):
            found[name] = effect(deviation)
    if "carbon_per_demand" not in reading.signals and (carbon := reading.deviations.get("carbon")):
        material, effect = EFFECTS["carbon_per_demand"]
        if carbon.z >= SUSPECT_Z and material(carbon):
            found["carbon"] = effect(carbon)
    return found


def earliest_onset(reading: Reading, names: Sequence[str]) -> datetime | None:
    """When the first of these signals left its baseline."""
    onsets = [found.onset for name in names if (found := reading.deviations.get(name)) and found.onset]
    return min(onsets, default=None)


def rank(
    suspects: Sequence[Suspect], alerted: Scope, onset: datetime | None, window_to_baseline: float
) -> list[Suspect]:
    """Suspects with score and confidence, the likeliest first."""
    by_service = {suspect.scope.service: suspect for suspect in suspects}
    for suspect in suspects:
        for caller, share in suspect.named_by.items():
            if caller in by_service:
                by_service[caller].names[suspect.scope.service or ""] = share
    reached = _reached(alerted, by_service)
    scored = [_score(suspect, alerted, onset, by_service, reached, window_to_baseline) for suspect in suspects]
    total = _rivals(scored) + UNSEEN
    ranked = [replace(suspect, confidence=suspect.score / total) for suspect in scored]
    return sorted(ranked, key=lambda suspect: -suspect.score)


def _rivals(scored: Sequence[Suspect]) -> float:
    """What the scores stand against each other with: those that were looked at closely one by one, the rest as one.

    In a wide outage only some of the many that suffer are read. Each of the others may be the cause, but they are no
    more likely to hold it together for being many: of what was read, they look like those that name the first.
    """
    read = [suspect.score for suspect in scored if suspect.detail]
    unread = [suspect.score for suspect in scored if not suspect.detail]
    return sum(read) + (max(unread, default=0.0) if read else sum(unread))


def _reached(alerted: Scope, by_service: Mapping[str | None, Suspect]) -> set[str]:
    """Services that the alerted ones name in their errors, and those that these name, and so on."""
    reached: set[str] = set()
    frontier = [one for one in by_service.values() if alerted.covers(one.scope)]
    while frontier:
        for name in frontier.pop().names:
            if name not in reached:
                reached.add(name)
                if name in by_service:
                    frontier.append(by_service[name])
    return reached


def _score(
    suspect: Suspect,
    alerted: Scope,
    onset: datetime | None,
    by_service: Mapping[str | None, Suspect],
    reached: set[str],
    window_to_baseline: float,
) -> Suspect:
    blame = _blame(suspect, by_service)
    evidence = 1 - (1 - suspect.own) * (1 - 0.8 * blame)
    change = suspect.change.weight if suspect.change and evidence > DEVIATES else 0.0
    factors = {
        "evidence": evidence,
        "place": 1.0 if alerted.covers(suspect.scope) or suspect.scope.service in reached else 0.35,
        "victim": 1 - 0.85 * _suffers(suspect, by_service) * (1 - change),
        "order": 0.5 if onset and suspect.onset and suspect.onset > onset + LATE else 1.0,
        "far_end": _far_end(suspect, window_to_baseline) if change < GUILTY_CHANGE else 1.0,
        "change": 1 + 0.8 * change,
    }
    if suspect.is_demand:
        factors["evidence"] = max(evidence, 0.8)
    return replace(suspect, score=prod(factors.values()), factors=factors)


def _blame(suspect: Suspect, by_service: Mapping[str | None, Suspect]) -> float:
    """How much others' errors point here: less where a caller's own change explains them, or it is seen to be well."""
    seen_well = WELL if suspect.own < DEVIATES and _is_seen(suspect) else 1.0
    callers = [(by_service[name], share) for name, share in suspect.named_by.items() if name in by_service]
    return seen_well * _any(
        share * one.own * (1 - (one.change.weight if one.change else 0.0)) for one, share in callers
    )


def _is_seen(suspect: Suspect) -> bool:
    """Whether it logs enough for its errors to show."""
    errors = suspect.deviation("errors")
    return errors is not None and errors.weight >= ENOUGH_LINES


def _suffers(suspect: Suspect, by_service: Mapping[str | None, Suspect]) -> float:
    """Share of its new errors that name a service which is itself in trouble, or is named by others, too."""
    return min(1.0, sum(share for name, share in suspect.names.items() if _in_trouble(by_service.get(name))))


def _in_trouble(named: Suspect | None) -> bool:
    return named is not None and (named.own >= DEVIATES or len(named.named_by) > 1)


def _far_end(suspect: Suspect, window_to_baseline: float) -> float:
    """Errors that tell of an unnamed other end leave the cause open, unless the service itself shows more."""
    if suspect.leading_signal not in ("errors", "retries") or suspect.detail is None or suspect.named_by:
        return 1.0
    types = surging(suspect.detail.errors, window_to_baseline)
    total = sum(one.in_window for one in types)
    if not total:
        return 1.0
    return 1 - 0.7 * sum(one.in_window for one in types if tells_of_other_end(one)) / total


def tells_of_other_end(error: ErrorType) -> bool:
    text = (error.name or " ".join(error.messages[:1])).lower()
    return any(word in text for word in OTHER_END)


def kind_of(suspect: Suspect, alerted: Scope) -> CauseKind:
    if suspect.is_demand:
        return CauseKind.TRAFFIC
    if suspect.change and suspect.change.weight >= GUILTY_CHANGE:
        return CauseKind.DEPLOYMENT
    if suspect.scope.service != alerted.service and (alerted.service or suspect.named_by):
        return CauseKind.DEPENDENCY
    return _kind_by_role(suspect.account) if suspect.account else _kind_by_effects(suspect)


def _kind_by_effects(suspect: Suspect) -> CauseKind:
    if suspect.main_signal in ("errors", "retries"):
        return CauseKind.ERROR
    if any(name in suspect.effects for name in ("cpu", "memory", "carbon_per_demand", "carbon")):
        return CauseKind.RESOURCE
    return CauseKind.UNKNOWN


def _kind_by_role(account: Account) -> CauseKind:
    """Of the alerted service itself: what it shows most."""
    strongest = max(account.anomalies, key=lambda one: one.strength, default=None)
    role = strongest.metric.role if strongest and strongest.strength > 0 else None
    if account.logs > (strongest.strength if strongest else 0.0) or role in ("errors", "availability"):
        return CauseKind.ERROR
    if role in ("saturation", "memory", "carbon"):
        return CauseKind.RESOURCE
    return CauseKind.TRAFFIC if role == "traffic" else CauseKind.UNKNOWN
