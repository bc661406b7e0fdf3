"""The report's six sections, written from the findings alone. No sentence without a figure or a name behind it."""

from __future__ import annotations

import re

from worker.analysis.ranking import Suspect
from worker.analysis.study import Case
from worker.domain import terms
from worker.domain.report import CarbonImpact, CauseKind, Quantity, Sections, Verdict
from worker.domain.telemetry import Change
from worker.findings import of
from worker.impact.carbon import requests_were_lost, retries_explain
from worker.impact.users import Totals
from worker.writing import causes, overview, roles
from worker.writing.figures import (
    clock,
    count,
    dollars,
    duration,
    grams,
    grams_range,
    listed,
    number,
    percent,
    quantity,
)
from worker.writing.recommendations import recommend
from worker.writing.story import Story

MOST_CHANGES = 3
CITATION = re.compile(r" \[e\d+(?: e\d+)*\]")
SLOWER = 1.1
LOOKS_WORSE = 1.5
# Roles of metrics that a service's users notice.
FELT = ("errors", "availability", "latency")


def write(story: Story) -> tuple[str, Sections]:
    """(headline, sections)."""
    opening = overview.sentences(story)
    sections = Sections(
        overview=" ".join(opening),
        user_impact=_users(story),
        carbon_compute_impact=_carbon(story),
        business_impact=_business(story),
        deployment_correlation=_deployments(story),
        recommendations=recommend(story.case, story.verdict, story.candidates, story.impact),
    )
    return CITATION.sub("", " ".join(opening[:2])), sections


def _users(story: Story) -> str:
    if measured := _of_metrics(story):
        return f"{measured}.{_objective(story)} {_audience(story)}"
    requests, failed = story.requests, story.impact.users.requests_failed
    if requests is None or failed is None:
        return f"Not known: {story.case.scope} logged nothing in the window."
    errors = story.case.deviation("errors")
    usual = f" (usually {percent(errors.expected)})" if errors else ""
    share = f"{percent(requests.failed_share)}{usual}{story.cite('logs')}"
    if "errors" not in story.case.confirmed and requests.is_sampled:
        failing = _unproven(story)
        share = f"{_sampled(requests)}{usual}{story.cite('logs')}"
    elif requests.is_sampled:
        failing = (
            f"{quantity(failed)} of about {number(requests.total)} requests failed, estimated from the sampled log"
        )
    else:
        failing = f"{count(requests.failed)} of {count(requests.total)} requests failed"
    return f"{failing}: {share}.{_slowness(story)}{_objective(story)} {_audience(story)}"


def _of_metrics(story: Story) -> str:
    """What users notice, in metrics that tell it by their role: log lines are no requests where metrics count them."""
    found = (story.case.deviation(name) for name in story.case.confirmed)
    felt = [roles.symptom(one) for one in found if one and one.metric and one.metric.role in FELT]
    return f"{story.case.scope}: {listed(felt)}{story.cite('metrics')}" if felt else ""


def _audience(story: Story) -> str:
    users = story.impact.users
    if users.users_affected is None:
        return "Users affected: not measured; the telemetry names no user or session."
    of_all = f", {percent(users.users_share)} of those seen" if users.users_share is not None else ""
    least = "at least " if users.users_affected.high > users.users_affected.likely else ""
    what = (users.users_kind or "users").capitalize()
    return f"{what} affected: {least}{count(users.users_affected.likely)}{of_all}, measured{story.cite('users')}."


def _objective(story: Story) -> str:
    slo = story.impact.users.slo
    if slo is None:
        return ""
    burnt = f", {percent(slo.budget_burnt)} of the budget gone" if slo.budget_burnt is not None else ""
    return (
        f" Objective {100 * slo.objective:g} %: burn rate {number(slo.burn_rate)}{burnt}{story.cite('service_level')}."
    )


def _unproven(story: Story) -> str:
    """What may be said of failing requests that were not confirmed to be more than usual."""
    errors = story.case.deviation("errors")
    if errors is None or errors.rise <= 0 or errors.ratio < LOOKS_WORSE:
        return "No more requests fail than usual"
    return "Too few log lines to tell" if story.case.doubt else "No more requests fail than chance brings about"


def _sampled(requests: Totals) -> str:
    errors, lines = sum(one.errors for one in requests.parts), sum(one.lines for one in requests.parts)
    return f"{count(errors)} of {count(lines)} sampled log lines are errors"


def _slowness(story: Story) -> str:
    own = next((one.detail for one in story.case.suspects if one.scope == story.case.scope), None)
    if own is None or not own.latency_ms:
        return ""
    now, usual = own.latency_ms["window"].get("p95"), own.latency_ms["baseline"].get("p95")
    if now is None or usual is None:
        return ""
    slowed = story.impact.users.requests_slowed
    text = f" p95 latency: {number(now)} ms, before {number(usual)} ms{story.cite('latency')}"
    if slowed and slowed.low > 0 and now > SLOWER * usual:
        text += f"; {quantity(slowed)} more requests than usual were slower than {number(usual)} ms"
    return f"{text}."


def _carbon(story: Story) -> str:
    carbon = story.impact.carbon
    if not (carbon.actual_co2_grams and carbon.expected_co2_grams and carbon.excess_co2_grams):
        return f"Not known: no emissions of {story.case.scope} were measured in the window, or none that can be true."
    measured = f"{grams_range(carbon.actual_co2_grams)} {carbon.method} in {_held(story)}"
    expected = f"{grams_range(carbon.expected_co2_grams)} expected{_basis(story)}"
    if _holds_zero(carbon.excess_co2_grams):
        how = _no_excess(carbon.actual_co2_grams, carbon.expected_co2_grams, carbon.excess_co2_grams)
        return f"{measured}, {expected}: {how}{story.cite('metrics')}."
    text = f"{measured}, {expected}. Excess: {grams_range(carbon.excess_co2_grams)}{story.cite('metrics')}."
    return text + _split(carbon) + _compute(story, carbon) + _score(carbon)


def _held(story: Story) -> str:
    length = duration(story.case.window.length)
    return f"{length} and the preceding pause" if story.case.caught_up else length


def _no_excess(actual: Quantity, expected: Quantity, excess: Quantity) -> str:
    """Of what was not confirmed, or is demand, which may be outside of the range that was expected."""
    if actual.high < expected.low:
        return "less than that, so there is no excess"
    if actual.low > expected.high:
        return f"the excess of {grams_range(excess)} may be none"
    return "the difference is within the expectation's range"


def _split(carbon: CarbonImpact) -> str:
    """Of the excess: the parts that are worth a word, the largest first."""
    parts = sorted((carbon.split or {}).items(), key=lambda one: -one[1].likely)
    told = [f"{grams(quantity.likely)} {name}" for name, quantity in parts]
    return f" Of it, estimated: {listed(told)}." if len(told) > 1 else ""


def _score(carbon: CarbonImpact) -> str:
    sci = carbon.sci
    if sci is None or not sci.incident or not sci.baseline:
        return ""
    return f" SCI: {grams(sci.incident)} per {sci.functional_unit}, before {grams(sci.baseline)}."


def _compute(story: Story, carbon: CarbonImpact) -> str:
    hours, cost = story.impact.compute.excess_vcpu_hours, story.impact.compute.excess_cost_usd
    if not (hours and cost and carbon.excess_co2_grams) or hours.low <= 0:
        return ""
    stands_for = f"{quantity(hours, 'vCPU-hours')}, or {dollars(cost)}"
    return f" That stands for {stands_for}, estimated from the grid's intensity and list prices."


def _holds_zero(excess: Quantity) -> bool:
    return excess.low <= 0 <= excess.high


def _basis(story: Story) -> str:
    reading = story.case.reading
    if reading is None or "carbon_per_demand" not in reading.signals:
        return ""
    is_sum = reading.traffic_model is None
    if is_sum and (requests_were_lost(reading) or retries_explain(reading)):
        # Some of its parts are weighed at the usual requests, others at those that came.
        return ""
    if requests_were_lost(reading) and not retries_explain(reading):
        return " at the requests usual for this hour (fewer came)"
    if retries_explain(reading):
        return " at the requests usual for this hour (additional ones came with retries and are not demand)"
    return " for the requests that came"


def _business(story: Story) -> str:
    business = story.impact.business
    if story.verdict is Verdict.NOT_CONFIRMED:
        return "No loss: the spike was not confirmed."
    parts = [f"{quantity(business.orders_affected)} {terms.orders()} affected"] if business.orders_affected else []
    if business.revenue_lost_usd:
        parts.append(f"{_earnings(business.revenue_lost_usd)} of {terms.revenue()} lost")
    if not parts:
        return (
            f"{terms.orders_and_revenue()}: not measured. Nothing is recorded for this scope and window, "
            "and too few past incidents record what they cost to estimate from."
        )
    if business.source == "measured":
        told = overview.capital_list(parts)
        return f"{told}, measured{story.cite('business')}: {business.assumption}."
    if business.source == "recorded":
        return f"{overview.capital_list(parts)}, as recorded in the incidents index{story.cite('history')}."
    return f"Estimated: {listed(parts)}, if {business.assumption}{story.cite('history')}."


def _earnings(lost: Quantity) -> str:
    return terms.in_currency(dollars(lost.times(terms.terms().currency.per_usd)))


def _deployments(story: Story) -> str:
    case = story.case
    if "changes" not in case.survey.asked:
        return "Not known: the profile names no deployments, so a bad one is not excluded."
    reason = case.survey.unread.get("changes")
    if reason and not case.survey.changes:
        return f"Deployments could not be read ({reason}), so a bad deployment is not excluded."
    more = f" Not all deployments could be read ({reason}), so another one is not excluded." if reason else ""
    return f"{_recorded_deployments(story)}{more}"


def _recorded_deployments(story: Story) -> str:
    case = story.case
    moment = "onset" if case.onset else "alert"
    nearby = [change for change in case.near_changes if _is_near(change, case)]
    if not nearby:
        where = f" in {case.scope.region}" if case.near_changes else ""
        nothing = f"No deployment or other change is recorded{where} in the two hours before the {moment}"
        return f"{nothing}{story.cite('changes')}."
    weighed = [one for one in case.suspects if one.change]
    said = [_said_of(one, story) for one in weighed[:MOST_CHANGES]]
    told = {one.change.change for one in weighed[:MOST_CHANGES] if one.change}
    rest = [one for one in nearby if one not in told]
    if rest:
        names = [
            f"{one.deployment_id} ({one.service or 'all services'}, {clock(one.at)})" for one in rest[:MOST_CHANGES]
        ]
        more = f" and {len(rest) - MOST_CHANGES} more" if len(rest) > MOST_CHANGES else ""
        introduced = "Also in" if said else "In"
        said.append(f"{introduced} the two hours before the {moment}: {listed(names)}{more}{story.cite('changes')}.")
    return " ".join(said)


def _is_near(change: Change, case: Case) -> bool:
    return case.scope.region is None or change.region in (None, case.scope.region)


def _said_of(one: Suspect, story: Story) -> str:
    if one.change is None:
        return ""
    of_whom = "" if one.scope == story.case.scope else str(one.scope)
    text = causes.change_sentence(one.change, of=of_whom)
    is_cause = one is story.first and story.candidates[0].kind is CauseKind.DEPLOYMENT
    if not is_cause and not one.effects and one.change.comparison.verdict == "unknown":
        text += f"; {one.scope.service} itself shows no deviation"
    return f"{text[:1].upper()}{text[1:]}{story.cite(of('split', one.scope), 'changes')}."
