"""What is said of a suspect: its cause in a sentence, what speaks against it, what would settle it."""

from __future__ import annotations

from worker.analysis.blame import surging
from worker.analysis.changes import Comparison, WeighedChange
from worker.analysis.deviation import Deviation
from worker.analysis.ranking import GUILTY_CHANGE, Suspect, kind_of
from worker.analysis.study import Case
from worker.domain.report import Candidate, CauseKind
from worker.domain.telemetry import ErrorType
from worker.findings import Citations, of
from worker.writing.figures import before_onset, clock, listed, number, percent, times

SIGNAL_METRIC = {
    "carbon": "carbon",
    "carbon_per_demand": "carbon per request",
    "errors": "error rate",
    "retries": "retry rate",
    "latency": "latency",
    "cpu": "cpu",
    "memory": "memory",
    "traffic": "requests",
    "silence": "log lines",
}


def candidates(case: Case, cite: Citations) -> list[Candidate]:
    """The suspects as ranked candidates; those that show nothing and have no change nearby are left out."""
    shown = [one for one in case.suspects if one.score >= 0.02 or (one.change and one.change.weight > 0.02)]
    return [_candidate(rank, one, case, cite) for rank, one in enumerate(shown[:8], start=1)]


def _candidate(rank: int, one: Suspect, case: Case, cite: Citations) -> Candidate:
    kind = kind_of(one, case.scope)
    change = one.change.change if one.change and kind is CauseKind.DEPLOYMENT else None
    error = main_error(one, case)
    return Candidate(
        rank=rank,
        kind=kind,
        service=one.scope.service,
        region=one.scope.region,
        deployment_id=change.deployment_id if change else None,
        version=change.version if change else None,
        error_type=error.name or None if error and "errors" in one.effects else None,
        metric="traffic" if one.is_demand else one.leading_signal,
        onset=case.onset if one.scope == case.scope else one.onset,
        score=round(one.score, 4),
        confidence=round(one.confidence, 3),
        evidence=evidence_of(one, case, cite),
        reason=reason(one, case),
        against=against(one, case),
        check=check(one, kind),
    )


def evidence_of(one: Suspect, case: Case, cite: Citations) -> list[str]:
    scope = one.scope
    own = ("metrics", "logs") if scope == case.scope else (of("own", scope),)
    named = [of("errors", other.scope) for other in case.suspects if other.scope.service in one.named_by]
    return cite.ids(*own, of("errors", scope), of("split", scope), *named, *(("changes",) if one.change else ()))


def main_error(one: Suspect, case: Case) -> ErrorType | None:
    """The type that most of the additional errors are of."""
    if one.detail is None:
        return None
    return max(surging(one.detail.errors, case.window_to_baseline), key=lambda error: error.in_window, default=None)


def reason(one: Suspect, case: Case) -> str:
    parts = [symptom(found, one.scope == case.scope) for name in one.effects if (found := one.deviation(name))]
    if one.is_demand and (traffic := one.deviation("traffic")):
        parts.append(f"{times(traffic.ratio)} the usual requests at the usual cost, error rate and latency")
    for caller, share in sorted(one.named_by.items(), key=lambda item: -item[1])[:3]:
        parts.append(f"named by {percent(share)} of {caller}'s new errors")
    if one.change:
        parts.append(change_sentence(one.change))
    return "; ".join(parts) if parts else "shows no deviation of its own"


def symptom(found: Deviation, own: bool = True) -> str:
    """What a deviation means, with the usual value beside it."""
    usual, now = found.expected, found.actual
    return {
        "errors": lambda: f"{percent(now)} of {'its ' if own else ''}requests fail (usually {percent(usual)})",
        "retries": lambda: f"{percent(now)} of its requests are retries (usually {percent(usual)})",
        "latency": lambda: f"latency {number(now)} ms on average (usually {number(usual)} ms)",
        "carbon": lambda: f"{times(found.ratio)} its usual CO₂ ({number(now)} against {number(usual)} g/min)",
        "carbon_per_demand": lambda: f"{times(found.ratio)} the CO₂ its requests usually take",
        "cpu": lambda: f"CPU at {number(now)} % (usually {number(usual)} % at this traffic)",
        "memory": lambda: f"memory at {number(now)} % (usually {number(usual)} %)",
        "traffic": lambda: f"{times(found.ratio)} its usual requests ({number(now)} against {number(usual)} a minute)",
        "silence": lambda: f"hardly logs any more ({number(-now)} lines a minute, usually {number(-usual)})",
    }[found.signal]()


def change_sentence(weighed: WeighedChange) -> str:
    change = weighed.change
    version = f" (version {change.version})" if change.version else ""
    what = "configuration change" if change.status == "config" else "deployment"
    return f"{what} {change.deployment_id}{version} {before_onset(weighed.minutes_before_onset)}{comparison(weighed.comparison)}"


def comparison(found: Comparison) -> str:
    if found.verdict == "unknown":
        return ", its own documents cannot be told from the others'"
    where = "in the same minutes" if found.side_by_side else "after it, against before,"
    errors = f"{percent(found.error_share_new)} of its documents fail, {percent(found.error_share_old)} of the others'"
    if found.verdict == "same":
        return f", but {where} it is no worse: {errors}"
    if found.latency_new_ms and found.latency_old_ms and found.latency_new_ms >= 1.3 * found.latency_old_ms:
        errors += f", at {number(found.latency_new_ms)} against {number(found.latency_old_ms)} ms"
    return f"; {where} {errors}"


def against(one: Suspect, case: Case) -> str | None:
    """What speaks against it, if anything that was read does."""
    factors = one.factors
    said = []
    if not one.effects and not one.is_demand:
        said.append("it shows no deviation of its own")
    if factors.get("victim", 1.0) < 0.7:
        said.append(f"its new errors name {listed(sorted(one.names))}, so it rather suffers")
    if factors.get("order", 1.0) < 1 and one.onset and case.onset:
        said.append(f"it deviates only from {clock(one.onset)} on, later than {case.scope}")
    if factors.get("far_end", 1.0) < 0.7:
        said.append("its new errors tell of another end that they do not name")
    if one.change and one.change.comparison.verdict == "same":
        said.append("its deployment is no worse than the one before")
    if factors.get("place", 1.0) < 1 and one.effects:
        said.append(f"nothing that was read connects it with {case.scope}")
    return "; ".join(said) or None


def check(one: Suspect, kind: CauseKind) -> str:
    """What would confirm or exclude it."""
    service = one.scope.service or "the service"
    return {
        CauseKind.DEPLOYMENT: lambda: (
            f"Roll back {one.change.change.deployment_id}: within minutes {service} is as before, or it was not this."
            if one.change
            else ""
        ),
        CauseKind.DEPENDENCY: lambda: (
            f"{service}'s own dashboard and its instances since {clock(one.onset) if one.onset else 'the onset'}."
        ),
        CauseKind.RESOURCE: lambda: f"A CPU profile of one {service} instance: which code runs that did not before.",
        CauseKind.TRAFFIC: lambda: "The sources of the additional requests: a campaign, a crawler, a client's loop.",
        CauseKind.ERROR: lambda: f"The first of these errors in {service}'s log, with its stack trace.",
        CauseKind.UNKNOWN: lambda: f"A trace of one slow request through {service}.",
    }[kind]()


def guilty_change(one: Suspect) -> WeighedChange | None:
    return one.change if one.change and one.change.weight >= GUILTY_CHANGE else None
