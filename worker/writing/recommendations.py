"""Things a person can do now: the reversible one first, each with its object, effect and proof."""

from __future__ import annotations

from worker.analysis.study import Case
from worker.domain.report import Candidate, CauseKind, Impact, Verdict
from worker.writing.figures import clock, grams, percent

MOST = 4
MATERIAL_RETRIES = 0.05


def recommend(case: Case, verdict: Verdict, candidates: list[Candidate], impact: Impact) -> list[str]:
    if verdict is Verdict.NOT_CONFIRMED:
        return _for_quiet(case)
    advice = _for_open(case, candidates) if verdict is Verdict.INCONCLUSIVE else _for_cause(case, candidates[0], impact)
    return (advice + _for_retries(case))[:MOST]


def _for_quiet(case: Case) -> list[str]:
    return [
        f"Compare this rule with the signal's own past instead of a fixed threshold: {case.scope} passes it while nothing is unusual."
    ]


def _for_open(case: Case, candidates: list[Candidate]) -> list[str]:
    advice = [f"{one.service}: {one.check}" for one in candidates[:2]]
    since = f" from {clock(case.onset)} on" if case.onset else ""
    if not case.confirmed:
        return [
            f"Check that telemetry of {case.scope} reaches the indices the profile names (`spiketrace doctor`), then replay the alert."
        ]
    return [
        *advice,
        f"Read the logs of {case.scope}{since}, newest error type first: the evidence below opens the query.",
    ]


def _for_cause(case: Case, first: Candidate, impact: Impact) -> list[str]:
    service = f"{first.service}{f' in {first.region}' if first.region else ''}"
    saving = _saving(case, impact)
    metric = "error rate" if "errors" in case.confirmed else "latency" if "latency" in case.confirmed else "CO₂"
    proof = f"it worked when {case.scope.service or 'the total'}'s {metric} is back at its usual value within minutes"
    advice = {
        CauseKind.DEPLOYMENT: [
            f"Roll back {first.deployment_id} ({service}){_previous(case, first)}{saving}; {proof}."
        ],
        CauseKind.DEPENDENCY: [
            f"Take {service} in hand first, not its callers: restart or fail over its unhealthy instances{saving}; {proof}.",
            f"Until it is back, let {case.scope.service or 'its callers'} fail fast on {first.service} (open the circuit breaker) instead of waiting for it.",
        ],
        CauseKind.RESOURCE: [
            f"Profile one instance of {service} and stop the work that began at {clock(first.onset) if first.onset else 'the onset'} (a job, a hot loop, a lost cache){saving}; {proof}.",
            f"Until then, cap {first.service}'s CPU or scale its background work to zero; right-size it once the usual load is back.",
        ],
        CauseKind.TRAFFIC: [
            f"Nothing to repair: check that {service} has room for this demand, and scale out if its latency rises.",
        ],
        CauseKind.ERROR: [
            f"Open the first {first.error_type or 'error'} of {service} after {clock(first.onset) if first.onset else 'the onset'}: it names what {first.service} lacks; {proof}.",
        ],
        CauseKind.UNKNOWN: [f"Trace one slow request through {service}; {proof}."],
    }[first.kind]
    return advice


def _saving(case: Case, impact: Impact) -> str:
    excess = impact.carbon.excess_co2_grams
    if excess is None or excess.low <= 0:
        return ""
    hourly = 60 / case.window.minutes
    return f": saves about {grams(excess.likely * hourly)} an hour (estimated, {grams(excess.low * hourly)} to {grams(excess.high * hourly)})"


def _previous(case: Case, first: Candidate) -> str:
    change = next(
        (one for one in case.near_changes if one.deployment_id == first.deployment_id and one.service == first.service),
        None,
    )
    if change is None or not change.previous_version or change.previous_version == first.version:
        return ""
    return f" to version {change.previous_version}"


def _for_retries(case: Case) -> list[str]:
    retries = case.deviation("retries")
    if retries is None or retries.rise < MATERIAL_RETRIES:
        return []
    return [
        f"Cap the retries against {case.scope.service or 'this scope'} (at most two, exponential backoff with jitter, a retry budget): "
        f"{percent(retries.actual)} of its requests are retries, usually {percent(retries.expected)}."
    ]
