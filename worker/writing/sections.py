"""The report's six sections, written from the findings alone. No sentence without a figure or a name behind it."""

from __future__ import annotations

from dataclasses import dataclass

from worker.analysis.ranking import CONFIDENT, Suspect, kind_of
from worker.analysis.study import Case
from worker.domain.report import Candidate, CauseKind, Impact, Quantity, Sections, Verdict
from worker.findings import Citations, of
from worker.impact.carbon import has_retries
from worker.impact.users import Totals
from worker.writing import causes
from worker.writing.figures import (
    clock,
    count,
    dollars,
    duration,
    grams_range,
    listed,
    number,
    percent,
    quantity,
    times,
)
from worker.writing.recommendations import recommend

MOST_SYMPTOMS = 2


@dataclass(frozen=True)
class Story:
    """Everything the text is written from."""

    case: Case
    verdict: Verdict
    candidates: list[Candidate]
    impact: Impact
    requests: Totals | None
    cite: Citations
    threshold: str
    unread: tuple[str, ...]

    @property
    def first(self) -> Suspect | None:
        return self.case.suspects[0] if self.case.suspects else None


def write(story: Story) -> tuple[str, Sections]:
    """(headline, sections)."""
    overview = {
        Verdict.ROOT_CAUSE: _overview_found,
        Verdict.INCONCLUSIVE: _overview_open,
        Verdict.NOT_CONFIRMED: _overview_quiet,
    }[story.verdict](story)
    sections = Sections(
        overview=overview,
        user_impact=_users(story),
        carbon_compute_impact=_carbon(story),
        business_impact=_business(story),
        deployment_correlation=_deployments(story),
        recommendations=recommend(story.case, story.verdict, story.candidates, story.impact),
    )
    return _headline(overview), sections


def _headline(overview: str) -> str:
    """The first two sentences, without evidence ids."""
    words = [word for word in overview.replace(" [", "\x00[").split("\x00")]
    plain = words[0] + "".join(part.partition("]")[2] for part in words[1:])
    sentences = plain.split(". ")
    return ". ".join(sentences[:2]).rstrip(".") + "."


def symptoms(case: Case) -> list[str]:
    """The confirmed deviations in words, the alerted one first; carbon is said once."""
    names = [name for name in case.confirmed if not (name == "carbon_per_demand" and "carbon" in case.confirmed)]
    if case.is_demand:
        names = [name for name in names if name in ("traffic", "carbon")]
    return [causes.symptom(found) for name in names if (found := case.deviation(name))]


def _what(case: Case, most: int = MOST_SYMPTOMS) -> str:
    return listed(symptoms(case)[:most])


def _own_topics(case: Case) -> tuple[str, ...]:
    logs = {"errors", "retries", "latency", "silence"}
    used = [name for name in case.confirmed if name != "carbon_per_demand"][:MOST_SYMPTOMS]
    return tuple(dict.fromkeys("logs" if name in logs else "metrics" for name in used))


def _since(case: Case) -> str:
    return f" since {clock(case.onset)}" if case.onset else ""


def _overview_found(story: Story) -> str:
    case, first = story.case, story.first
    text = f"{case.scope}: {_what(case)}{_since(case)}{story.cite(*_own_topics(case))}."
    if first is None:
        return text
    text += f" Cause: {_cause(story, first)}; confidence {first.confidence:.2f}{_cited(story.candidates[0])}."
    if runner_up := _runner_up(story):
        text += f" {runner_up}"
    return text


def _cited(candidate: Candidate) -> str:
    return f" [{' '.join(candidate.evidence)}]" if candidate.evidence else ""


def _cause(story: Story, first: Suspect) -> str:
    kind = kind_of(first, story.case.scope)
    service = first.scope.service
    where = "" if first.scope.service == story.case.scope.service else f" of {service}"
    error = causes.main_error(first, story.case)
    own = listed([causes.symptom(found) for name in list(first.effects)[:1] if (found := first.deviation(name))])
    if kind is CauseKind.DEPLOYMENT and first.change:
        return (
            causes.change_sentence(first.change).replace(" (version", f"{where} (version", 1)
            if where
            else causes.change_sentence(first.change)
        )
    if kind is CauseKind.DEPENDENCY:
        named = [
            f"{percent(share)} of {caller}'s new errors name it"
            for caller, share in sorted(first.named_by.items(), key=lambda item: -item[1])
        ]
        return "; ".join([f"{service}, where {own}" if own else f"{service}", *named[:2]])
    if kind is CauseKind.TRAFFIC:
        return "more demand, served at the usual cost, error rate and latency; nothing is broken"
    if kind is CauseKind.ERROR and error:
        return f"{service} itself fails with {error.name or 'errors'} ({error.in_window} lines since the onset, {error.in_baseline} in the hours before); no change explains it"
    if kind is CauseKind.RESOURCE:
        return f"{service} itself does more work for the same requests ({own}); no change explains it"
    return f"{service} itself{f' ({own})' if own else ''}; no change explains it"


def _runner_up(story: Story) -> str | None:
    second = story.candidates[1] if len(story.candidates) > 1 else None
    if second is None or second.confidence < 0.1:
        return None
    return f"Second: {second.service} ({second.confidence:.2f}): {second.against or second.reason}."


def _overview_open(story: Story) -> str:
    case = story.case
    if not case.confirmed:
        return f"No verdict on {case.scope}: {listed(list(story.unread)) or 'its telemetry'} could not be read or holds nothing of it, so a spike is neither confirmed nor excluded."
    text = f"Something is wrong in {case.scope}, and the data does not say what. {_upper(_what(case))}{_since(case)}{story.cite(*_own_topics(case))}."
    if not case.near_changes and "changes" in case.survey.asked and "changes" not in case.survey.unread:
        text += f" No deployment in the two hours before{story.cite('changes')}."
    if story.first and story.first.score > 0.1:
        best = story.candidates[0]
        text += f" Nearest explanation: {best.service} ({best.confidence:.2f}): {best.reason}"
        text += f", but {best.against}." if best.against else "."
    return text


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _overview_quiet(story: Story) -> str:
    case = story.case
    name = {"carbon_per_demand": "carbon"}.get(case.leading or "", case.leading or "carbon")
    found = case.deviation(name)
    if found is None:
        return f"Not an incident: no signal of {case.scope} deviates{story.cite('metrics', 'logs')}."
    unit, label = {
        "carbon": (" g/min", "CO₂"),
        "latency": (" ms", "latency"),
        "cpu": (" %", "CPU"),
        "memory": (" %", "memory"),
        "traffic": (" requests/min", "traffic"),
    }.get(name, ("", name))
    topic = "logs" if name in ("errors", "latency", "retries", "silence") else "metrics"
    if name in ("errors", "retries"):
        text = f"Not an incident: {percent(found.actual)} of the requests of {case.scope} are {name}, usually {percent(found.expected)}{story.cite(topic)}."
    else:
        text = f"Not an incident: {label} of {case.scope} is {number(found.actual)}{unit}; {number(found.expected)}{unit} is usual at this hour{_days(case, name)}{story.cite(topic)}."
    intensity = case.deviation("carbon_per_demand")
    if name == "carbon" and intensity and intensity.expected:
        text += f" A request takes {_compared(intensity.ratio)}."
    return f"{text}{story.threshold}"


def _compared(ratio: float) -> str:
    return "the CO₂ it usually takes" if abs(ratio - 1) < 0.05 else f"{times(ratio)} the CO₂ it usually takes"


def _days(case: Case, name: str) -> str:
    expectation = case.reading.expectations.get(name) if case.reading else None
    if expectation is None:
        return ""
    return (
        f" ({expectation.days} earlier day{'s' if expectation.days > 1 else ''})"
        if expectation.days
        else " by the hours before"
    )


def _users(story: Story) -> str:
    case, users, requests = story.case, story.impact.users, story.requests
    if requests is None or users.requests_failed is None:
        return f"Not known: no log lines of {case.scope} in the window."
    errors = case.deviation("errors")
    usual = f" (usually {percent(errors.expected)})" if errors else ""
    failing = f"{percent(requests.failed_share)}{usual}{story.cite('logs')}"
    if requests.is_sampled:
        text = f"{quantity(users.requests_failed)} of about {number(requests.total)} requests failed (estimated from the sampled log): {failing}."
    else:
        text = f"{count(requests.failed)} of {count(requests.total)} requests failed: {failing}."
    return f"{text}{_slowness(story)} Users affected: not measured; the telemetry has no user or session field."


def _slowness(story: Story) -> str:
    detail = story.first.detail if story.first and story.first.scope == story.case.scope else None
    detail = detail or next((one.detail for one in story.case.suspects if one.scope == story.case.scope), None)
    if detail is None or not detail.latency_ms:
        return ""
    now, usual = detail.latency_ms["window"].get("p95"), detail.latency_ms["baseline"].get("p95")
    if now is None or usual is None:
        return ""
    slowed = story.impact.users.requests_slowed
    text = f" p95 latency {number(now)} ms, before {number(usual)} ms{story.cite('latency')}"
    if slowed and slowed.low > 0 and now > 1.1 * usual:
        text += f"; {quantity(slowed)} more requests than usual were slower than that"
    return f"{text}."


def _carbon(story: Story) -> str:
    carbon, compute = story.impact.carbon, story.impact.compute
    if not (carbon.actual_co2_grams and carbon.expected_co2_grams and carbon.excess_co2_grams):
        return f"Not known: no emissions of {story.case.scope} were measured in the window."
    span = duration(story.case.window.length)
    text = f"{grams_range(carbon.actual_co2_grams)} measured in {span}; without the incident {grams_range(carbon.expected_co2_grams)} would be expected{_basis(story)}."
    if story.verdict is Verdict.NOT_CONFIRMED or _holds_zero(carbon.excess_co2_grams):
        text = f"{grams_range(carbon.actual_co2_grams)} measured in {span}; {grams_range(carbon.expected_co2_grams)} expected{_basis(story)}."
        return (
            f"{text} The difference is within the expectation's range{story.cite('metrics')}."
            if _holds_zero(carbon.excess_co2_grams)
            else f"{text[:-1]}{story.cite('metrics')}."
        )
    text += f" Excess: {grams_range(carbon.excess_co2_grams)}{story.cite('metrics')}."
    if compute.excess_vcpu_hours and compute.excess_cost_usd:
        text += f" That stands for {quantity(compute.excess_vcpu_hours, 'vCPU-hours')} and {dollars(compute.excess_cost_usd)} (estimated from grid intensity and list prices)."
    return text


def _holds_zero(excess: Quantity) -> bool:
    return excess.low <= 0 <= excess.high


def _basis(story: Story) -> str:
    reading = story.case.reading
    if reading is None or reading.traffic_model is None:
        return ""
    if has_retries(reading):
        return (
            " at the requests usual for this hour (the additional ones came with retries and are not counted as demand)"
        )
    return " at the requests that came"


def _business(story: Story) -> str:
    business = story.impact.business
    if story.verdict is Verdict.NOT_CONFIRMED:
        return "None: the spike was not confirmed."
    parts = []
    if business.orders_affected:
        parts.append(f"{quantity(business.orders_affected)} orders affected")
    if business.revenue_lost_usd:
        parts.append(f"{dollars(business.revenue_lost_usd)} of revenue lost")
    if not parts:
        return "Orders and revenue: not measured; nothing is recorded for this scope and window, and there are too few past incidents to estimate from."
    if business.source == "recorded":
        return f"{_upper(listed(parts))}, as recorded in the incidents index{story.cite('history')}."
    return f"Estimated: {listed(parts)}, if {business.assumption}{story.cite('history')}."


def _deployments(story: Story) -> str:
    case = story.case
    if "changes" in case.survey.unread:
        return f"Deployments could not be read ({case.survey.unread['changes']}), so a bad deployment is not excluded."
    reference = "the onset" if case.onset else "the alert"
    if not case.near_changes:
        return f"No deployment or other change was recorded in the two hours before {reference}{story.cite('changes')}."
    said = [_said_of(one, story) for one in case.suspects if one.change]
    others = _others(story)
    if others:
        said.append(f"Also in the two hours before: {others}{story.cite('changes')}.")
    return " ".join(said[:4])


def _said_of(one: Suspect, story: Story) -> str:
    assert one.change is not None
    guilty = one is story.first and kind_of(one, story.case.scope) is CauseKind.DEPLOYMENT
    text = _upper(causes.change_sentence(one.change))
    place = f" of {one.scope}" if one.scope != story.case.scope else ""
    text = text.replace(one.change.change.deployment_id, f"{one.change.change.deployment_id}{place}", 1)
    if not guilty and not one.effects and one.change.comparison.verdict == "unknown":
        text += f"; {one.scope.service} itself shows no deviation"
    return f"{text}{story.cite(of('split', one.scope), 'changes')}."


def _others(story: Story) -> str:
    told = {one.change.change.deployment_id for one in story.case.suspects if one.change}
    rest = [change for change in story.case.near_changes if change.deployment_id not in told]
    return listed(
        [f"{change.deployment_id} ({change.service or 'all services'}, {clock(change.at)})" for change in rest[:3]]
    )


def is_confident(candidates: list[Candidate]) -> bool:
    return bool(candidates) and candidates[0].confidence >= CONFIDENT
