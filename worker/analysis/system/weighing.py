"""What speaks for each service, fused from metrics, calls, logs and behaviour, and their order.

The hypothesis "the fault is in this service" is weighed by what the service shows itself, less what its callees
explain of that, plus a part of what its callers suffer (after the graph traversal of Hardt et al., CLeaR 2024, and the
propagation of Kim et al., MonitorRank 2013). All of it is in weighted bits of surprise, so that the parts may be added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from worker.analysis.system.anomaly import SHARES, Anomaly
from worker.analysis.system.calls import CallShare, FewerCalls, Slower
from worker.analysis.system.patterns import PatternChange
from worker.analysis.system.topology import Topology
from worker.domain.telemetry import Edge

# A callee that explains less of its caller's delay than this has nothing to do with it.
LEAST_EXPLAINED = 0.1


@dataclass(frozen=True)
class Weights:
    """How much each kind of evidence counts; `docs/accuracy.md` shows how little the result depends on them."""

    calls: float = 1.0
    logs: float = 0.65
    gone_logs: float = 0.7
    behaviour: float = 0.35
    most_log_bits: float = 8.0
    most_behaviour: float = 6.0
    explained: float = 0.8
    suffering: float = 0.35
    suffering_decay: float = 0.6
    apart: float = 0.5


@dataclass
class Account:
    """One service's part in the story; figures in weighted bits but `explained` and `place`, which are 0–1.

    `explained_by`: the callee that explains most of what the service shows. `score` orders the hypotheses.
    """

    service: str
    anomalies: list[Anomaly] = field(default_factory=list)
    calls: CallShare | None = None
    fewer: FewerCalls | None = None
    patterns: list[PatternChange] = field(default_factory=list)
    shown: float = 0.0
    own: float = 0.0
    explained: float = 0.0
    explained_by: str | None = None
    logs: float = 0.0
    behaviour: float = 0.0
    suffering: float = 0.0
    place: float = 1.0
    score: float = 0.0

    def strongest(self, roles: Iterable[str]) -> Anomaly | None:
        wanted = set(roles)
        found = [one for one in self.anomalies if one.metric.role in wanted and one.strength > 0]
        return max(found, key=lambda one: one.strength, default=None)

    @property
    def onset(self) -> int | None:
        """The first deviating sample of any of its metrics, as a place in the grid."""
        return min((one.onset for one in self.anomalies if one.strength > 0), default=None)

    @property
    def specific(self) -> float:
        """What points at this service and at nobody else: its calls, its logs, its behaviour."""
        return (self.calls.strength if self.calls else 0.0) + self.logs + self.behaviour

    @property
    def direct(self) -> float:
        return self.own + self.specific


@dataclass(frozen=True)
class Findings:
    """What the parts of the analysis found, by service or edge. `alerted` None: the alert names no service."""

    anomalies: Mapping[str, Sequence[Anomaly]]
    slower: Mapping[Edge, Slower]
    shares: Mapping[str, CallShare]
    fewer: Mapping[str, FewerCalls]
    patterns: Sequence[PatternChange]
    topology: Topology
    alerted: str | None = None

    @property
    def services(self) -> list[str]:
        logged = (change.service for change in self.patterns)
        return sorted({*self.anomalies, *self.shares, *self.fewer, *logged, *self.topology.services})


def weigh(findings: Findings, weights: Weights | None = None) -> list[Account]:
    """Every service's account, the likeliest first."""
    weights = weights or Weights()
    accounts = {service: _account(service, findings, weights) for service in findings.services}
    for account in accounts.values():
        _subtract_explained(account, accounts, findings, weights)
    for account in accounts.values():
        _add_suffering(account, accounts, findings, weights)
        account.place = _place(account.service, findings, weights)
        account.score = (account.direct + account.suffering) * account.place
    # Of two alike the alerted one: it is what somebody watches.
    return sorted(
        accounts.values(), key=lambda one: (-round(one.score, 9), one.service != findings.alerted, one.service)
    )


def _account(service: str, findings: Findings, weights: Weights) -> Account:
    account = Account(service)
    account.anomalies = sorted(findings.anomalies.get(service, ()), key=lambda one: -one.strength)
    account.calls, account.fewer = findings.shares.get(service), findings.fewer.get(service)
    account.patterns = [change for change in findings.patterns if change.service == service]
    account.shown = sum(_by_role(account).values())
    account.logs = weights.logs * min(_log_bits(account.patterns, weights), weights.most_log_bits)
    if account.fewer:
        account.behaviour = min(weights.behaviour * account.fewer.bits, weights.most_behaviour)
    return account


def _by_role(account: Account) -> dict[str, float]:
    """The strongest anomaly of each role: p50, p90 and p99 of one latency are one finding."""
    found: dict[str, float] = {}
    for one in account.anomalies:
        found[one.metric.role] = max(one.strength, found.get(one.metric.role, 0.0))
    return found


def _log_bits(patterns: Sequence[PatternChange], weights: Weights) -> float:
    """Errors that name another service are that one's, or the way there: they say nothing of their logger."""
    errors = sum(change.bits for change in patterns if change.is_error and not change.names)
    gone = max((change.bits for change in patterns if change.trend == "gone"), default=0.0)
    return errors + weights.gone_logs * gone


def _subtract_explained(
    account: Account, accounts: Mapping[str, Account], findings: Findings, weights: Weights
) -> None:
    roles = _by_role(account)
    latency, failures = roles.get("latency", 0.0), max((roles.get(role, 0.0) for role in SHARES), default=0.0)
    callees = [accounts[name] for name in findings.topology.called_by(account.service) if name in accounts]
    slow, by_slow = _best(_explains_latency(account, callee, findings) for callee in callees)
    failing, by_failing = _best(_explains_failures(account, callee) for callee in callees)
    explained = weights.explained * (slow * latency + failing * failures)
    account.own = max(account.shown - explained, 0.0)
    account.explained = explained / account.shown if account.shown else 0.0
    account.explained_by = by_slow if slow * latency >= failing * failures else by_failing


def _best(shares: Iterable[tuple[float, str]]) -> tuple[float, str | None]:
    share, name = max(shares, default=(0.0, ""))
    return share, name or None


def _explains_latency(account: Account, callee: Account, findings: Findings) -> tuple[float, str]:
    """The share of the caller's additional seconds that it spends waiting for this callee."""
    mine = account.strongest(("latency",))
    if mine is None or mine.rise <= 0:
        return 0.0, callee.service
    theirs = callee.strongest(("latency",))
    seconds = max(theirs.rise, 0.0) if theirs else 0.0
    if (slower := findings.slower.get((account.service, callee.service))) and not _is_starved(account, callee):
        seconds = max(seconds, slower.rise)
    return min(1.0, seconds / mine.rise), callee.service


def _is_starved(account: Account, callee: Account) -> bool:
    """Whether the caller's own calls are slow because of itself: more of its edges show it than of its callee's."""
    if account.calls is None or len(account.calls.slower) < 2:
        return False
    return account.calls.strength > (callee.calls.strength if callee.calls else 0.0)


def _explains_failures(account: Account, callee: Account) -> tuple[float, str]:
    mine, theirs = account.strongest(SHARES), callee.strongest(SHARES)
    share = 0.0
    # What sets in later is no cause.
    if mine and theirs and theirs.onset <= mine.onset:
        share = min(1.0, theirs.strength / mine.strength)
    ahead = callee.specific - account.specific
    return max(share, 0.9 * ahead / (1 + ahead) if ahead > 0 else 0.0), callee.service


def _add_suffering(account: Account, accounts: Mapping[str, Account], findings: Findings, weights: Weights) -> None:
    """A part of what callers show, less with each call between; never more than twice what the service shows."""
    callers = findings.topology.suffering_from(account.service)
    suffered = sum(
        accounts[name].shown * weights.suffering_decay**distance
        for name, distance in callers.items()
        if name in accounts and _may_suffer(accounts[name], account, findings)
    )
    account.suffering = weights.suffering * min(suffered, 2 * account.direct)


def _may_suffer(caller: Account, account: Account, findings: Findings) -> bool:
    """Not from what sets in later, and not from a delay that is small beside its own."""
    if _sets_in_later(account, caller):
        return False
    slow, cause = caller.strongest(("latency",)), account.strongest(("latency",))
    if slow is None or cause is None or account.service not in findings.topology.called_by(caller.service):
        return True
    return _explains_latency(caller, account, findings)[0] >= LEAST_EXPLAINED


def _sets_in_later(account: Account, caller: Account) -> bool:
    onset, theirs = account.onset, caller.onset
    return onset is not None and theirs is not None and onset > theirs


def _place(service: str, findings: Findings, weights: Weights) -> float:
    """Less where no call leads from the alerted service there, as far as calls are known."""
    topology, alerted = findings.topology, findings.alerted
    if not topology.services:
        return 1.0
    if service not in topology.services:
        return weights.apart if service != alerted else 1.0
    if alerted is None or alerted == service or not topology.called_by(alerted):
        return 1.0
    return 1.0 if service in topology.reached_from(alerted) else weights.apart
