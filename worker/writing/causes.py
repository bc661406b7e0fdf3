"""What is said of a suspect: its cause in a sentence, what speaks against it, what would settle it."""

from __future__ import annotations

from worker.analysis.attribution import alone, attribute_slices
from worker.analysis.blame import surging
from worker.analysis.changes import WORSE_LATENCY, Comparison, WeighedChange
from worker.analysis.deviation import Deviation
from worker.analysis.ranking import Suspect, kind_of
from worker.analysis.study import Case
from worker.analysis.system.weighing import Account
from worker.domain.report import Candidate, CauseKind
from worker.domain.telemetry import ErrorType
from worker.findings import Citations, of
from worker.writing import roles
from worker.writing.figures import before_onset, clock, listed, number, percent, possessive, times

# Below this nothing points at a suspect but a change nearby.
LEAST_SCORE = 0.02
SYMPTOMS = {
    "errors": "{now} of {whose}requests fail (usually {usual})",
    "retries": "{now} of its requests are retries (usually {usual})",
    "latency": "latency {now} ms on average (usually {usual} ms)",
    "carbon": "{times} its usual CO₂ ({now} against {usual} g/min)",
    "carbon_per_demand": "{times} the CO₂ its requests usually take",
    "cpu": "CPU at {now} % (usually {usual} % at this traffic)",
    "memory": "memory at {now} % (usually {usual} %)",
    "traffic": "{times} its usual requests ({now} against {usual} a minute)",
}


def candidates(case: Case, cite: Citations) -> list[Candidate]:
    """The suspects as ranked candidates; those that show nothing and have no change nearby are left out."""
    shown = [one for one in case.suspects if one.score >= LEAST_SCORE or (one.change and one.change.weight > 0.02)]
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
        metric=_metric(one),
        onset=case.onset if one.scope == case.scope else one.onset,
        score=round(one.score, 4),
        confidence=round(one.confidence, 3),
        evidence=evidence_of(one, case, cite),
        reason=reason(one, case),
        against=against(one, case),
        check=check(one, kind),
    )


def _metric(one: Suspect) -> str | None:
    """The signal it shows most, by the name that people use."""
    name = "traffic" if one.is_demand else one.main_signal
    return {"carbon_per_demand": "carbon", "silence": "log lines"}.get(name, name) if name else None


def evidence_of(one: Suspect, case: Case, cite: Citations) -> list[str]:
    scope = one.scope
    own: tuple[str, ...] = ("metrics", "logs") if scope == case.scope else (of("own", scope),)
    named = [of("errors", other.scope) for other in case.suspects if other.scope.service in one.named_by]
    if one.account:
        own += tuple(topic for topic, strength in evidence_topics(one.account) if strength > 0)
    return cite.ids(*own, of("errors", scope), of("split", scope), *named, *(("changes",) if one.change else ()))


def evidence_topics(account: Account) -> list[tuple[str, float]]:
    """Topic of the evidence → how much of the account rests on it."""
    calls = (account.calls.strength if account.calls else 0.0) + account.behaviour
    return [("calls", calls), ("patterns", account.logs)]


def main_error(one: Suspect, case: Case) -> ErrorType | None:
    """The type that most of the additional errors are of."""
    if one.detail is None:
        return None
    return max(surging(one.detail.errors, case.window_to_baseline), key=lambda error: error.in_window, default=None)


def reason(one: Suspect, case: Case) -> str:
    if one.account:
        said = [*roles.reasons(one.account), *_for_an_instance(one), *_for_a_change(one)]
        return "; ".join(said) or "shows no deviation of its own"
    parts = [symptom(found, one.scope == case.scope) for name in one.effects if (found := one.deviation(name))]
    if one.is_demand and (traffic := one.deviation("traffic")):
        parts.append(f"{times(traffic.ratio)} the usual requests at the usual cost, error rate and latency")
    for caller, share in sorted(one.named_by.items(), key=lambda item: -item[1])[:3]:
        parts.append(f"named by {percent(share)} of {possessive(caller)} new errors")
    parts += _for_a_change(one)
    return "; ".join(parts) if parts else "shows no deviation of its own"


def _for_an_instance(one: Suspect) -> list[str]:
    parts = attribute_slices(one.detail.instances, one.leading_signal) if one.detail and one.leading_signal else []
    found = alone(parts)
    return [f"only its instance {found.name} shows it, of {len(parts)}"] if found else []


def _for_a_change(one: Suspect) -> list[str]:
    return [change_sentence(one.change)] if one.change else []


def symptom(found: Deviation, own: bool = True) -> str:
    """What a deviation means, with the usual value beside it."""
    if found.metric:
        return roles.symptom(found)
    if found.signal == "silence":
        return f"hardly any log lines ({number(-found.actual)} a minute, usually {number(-found.expected)})"
    as_figure = percent if found.signal in ("errors", "retries") else number
    return SYMPTOMS[found.signal].format(
        whose="its " if own else "",
        now=as_figure(found.actual),
        usual=as_figure(found.expected),
        times=times(found.ratio),
    )


def leading_symptom(one: Suspect) -> str:
    if one.account:
        return next(iter(roles.reasons(one.account)), "")
    found = one.deviation(one.main_signal) if one.main_signal else None
    return symptom(found) if found else ""


def change_sentence(weighed: WeighedChange, of: str = "", *, is_brief: bool = False) -> str:
    """`deployment deploy-7 of cart (version 2.1), 4 min before the onset; …`; `of` only where it is not plain."""
    change = weighed.change
    version = f" (version {change.version})" if change.version and change.version != change.deployment_id else ""
    what = "configuration change" if change.status == "config" else change.kind
    whose = f" of {of}" if of else ""
    when = before_onset(weighed.minutes_before_onset)
    return f"{what} {change.deployment_id}{whose}{version}, {when}{comparison(weighed.comparison, is_brief=is_brief)}"


def comparison(found: Comparison, *, is_brief: bool = False) -> str:
    if found.verdict == "unknown":
        return "" if is_brief else "; too few log lines of it to compare"
    now, then = percent(found.error_share_new), percent(found.error_share_old)
    if found.side_by_side:
        text = f"in the same minutes {now} of its log lines are errors, of the others {then}"
    else:
        text = f"since then {now} of the log lines are errors, before {then}"
    slower = (
        found.latency_new_ms and found.latency_old_ms and found.latency_new_ms >= WORSE_LATENCY * found.latency_old_ms
    )
    if slower and not is_brief:
        text += f", at {number(found.latency_new_ms or 0)} against {number(found.latency_old_ms or 0)} ms"
    return f"; {text}" + (": no worse" if found.verdict == "same" else "")


def against(one: Suspect, case: Case) -> str | None:
    """What speaks against it, if anything that was read does."""
    if one.account:
        return roles.against(one.account)
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
    if one.score < LEAST_SCORE:
        return f"Nothing, unless {service} begins to deviate."
    if kind is CauseKind.DEPLOYMENT and one.change:
        return (
            f"Roll back {one.change.change.deployment_id}: within minutes {service} is as before, or it was not this."
        )
    onset = clock(one.onset) if one.onset else "the onset"
    return {
        CauseKind.DEPENDENCY: f"The health of {possessive(service)} instances since {onset}.",
        CauseKind.RESOURCE: f"A CPU profile of one {service} instance: which code runs that did not before.",
        CauseKind.TRAFFIC: "The sources of the additional requests: a campaign, a crawler, a client's loop.",
        CauseKind.ERROR: f"The first of these errors in {possessive(service)} log, with its stack trace.",
    }.get(kind, f"A trace of one slow request through {service}.")
