"""Things a person can do now: the reversible one first, each with its object, effect and proof."""

from __future__ import annotations

from worker.analysis.study import Case
from worker.domain.report import Candidate, CauseKind, Impact, Verdict
from worker.writing import pauses, roles
from worker.writing.figures import clock, grams_range, percent, possessive

MOST = 4
MATERIAL_RETRIES = 0.05
PROOFS = {"errors": "error rate", "latency": "latency"}

QUIET = "Nothing to do. If this rule often fires like this, let it compare with the signal's own past."


def recommend(case: Case, verdict: Verdict, candidates: list[Candidate], impact: Impact) -> list[str]:
    if verdict is Verdict.NOT_CONFIRMED:
        return [_for_pause(case), QUIET] if case.caught_up else [QUIET]
    if verdict is Verdict.INCONCLUSIVE:
        return [*_for_open(case, candidates), *_for_retries(case)][:MOST]
    return [*_for_cause(case, candidates[0], _effect(case, impact)), *_for_retries(case)][:MOST]


def _for_pause(case: Case) -> str:
    return f"See why no metrics came {pauses.between(case.caught_up)} (collector, agent, network)."


def _for_open(case: Case, candidates: list[Candidate]) -> list[str]:
    if case.doubt:
        return [
            f"Look at the newest requests of {case.scope} themselves; the evidence below opens the query.",
            "If the logs are sampled, keep more of them, or let the rule ask for more lines before it fires.",
        ]
    if not case.confirmed:
        reach = f"See that telemetry of {case.scope} reaches the indices that the profile names (`spiketrace doctor`)"
        return [f"{reach}, then replay the alert."]
    since = f" from {clock(case.onset)} on" if case.onset else ""
    read = f"Read the errors of {case.scope}{since}, the newest type first: the evidence below opens the query."
    return [*(f"{one.service or case.scope}: {one.check}" for one in candidates[:2]), read]


def _for_cause(case: Case, first: Candidate, effect: str) -> list[str]:
    place = f"{first.service}{f' in {first.region}' if first.region else ''}" if first.service else str(case.scope)
    onset = clock(first.onset) if first.onset else "the onset"
    match first.kind:
        case CauseKind.DEPLOYMENT:
            return [f"Roll back {first.deployment_id} ({place}){_previous(case, first)}{effect}"]
        case CauseKind.DEPENDENCY:
            return _for_dependency(case, first, place, effect)
        case CauseKind.RESOURCE:
            return _for_resource(first, place, onset, effect)
        case CauseKind.TRAFFIC:
            return [f"Nothing to repair. See that {place} has room for this demand; scale out if latency rises."]
        case CauseKind.ERROR:
            error = first.error_type or "error"
            return [f"Open the first {error} of {place} after {onset}: it names what {first.service} lacks{effect}"]
        case _:
            return [f"Trace one slow request through {place}{effect}"]


def _for_dependency(case: Case, first: Candidate, place: str, effect: str) -> list[str]:
    callers = case.scope.service if case.scope.service not in (None, first.service) else "its callers"
    fail_fast = f"let {callers} fail fast on {first.service} (open the circuit breaker) instead of waiting for it"
    return [
        f"Take {place} in hand first, not its callers: restart or fail over what is unhealthy{effect}",
        f"Until it is back, {fail_fast}.",
    ]


def _for_resource(first: Candidate, place: str, onset: str, effect: str) -> list[str]:
    stop = f"stop the work that began at {onset} (a job, a hot loop, a lost cache)"
    cap = f"cap the CPU of {place} or pause its background work"
    return [
        f"Profile one instance of {place} and {stop}{effect}",
        f"Until then {cap}; right-size {first.service} once its load is usual again.",
    ]


def _effect(case: Case, impact: Impact) -> str:
    """What a remedy saves, and how to see that it worked."""
    name = next((words for signal, words in PROOFS.items() if signal in case.confirmed), "CO₂")
    if case.look:
        name = roles.title(case.survey.metrics[case.confirmed[0]]) if case.confirmed else (case.signal or "traffic")
    whose = possessive(case.scope.service) if case.scope.service else f"the {name} of"
    measured = f"{whose} {name}" if case.scope.service else f"{whose} {case.scope}"
    return f"{_saving(case, impact)}; done when {measured} is back at its usual value."


def _saving(case: Case, impact: Impact) -> str:
    excess = impact.carbon.excess_co2_grams
    if excess is None or excess.low <= 0:
        return ""
    return f"; saves about {grams_range(excess.times(60 / case.window.minutes))} an hour, estimated"


def _previous(case: Case, first: Candidate) -> str:
    wanted = (first.deployment_id, first.service)
    same = [one for one in case.near_changes if (one.deployment_id, one.service) == wanted]
    version = same[0].previous_version if same else None
    return f" to version {version}" if version and version != first.version else ""


def _for_retries(case: Case) -> list[str]:
    retries = case.deviation("retries")
    if retries is None or "retries" not in case.confirmed or retries.rise < MATERIAL_RETRIES:
        return []
    whose = f"against {case.scope.service}" if case.scope.service else "between the services"
    shares = f"{percent(retries.actual)} of its requests are retries, usually {percent(retries.expected)}"
    return [f"Cap the retries {whose} (two at most, exponential backoff with jitter, a retry budget): {shares}."]
