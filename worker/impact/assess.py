"""All of the impact of a case, and a gap for each figure that cannot be given."""

from __future__ import annotations

from worker.analysis.study import Case
from worker.domain import terms
from worker.domain.evidence import EvidenceLog
from worker.domain.impact_facts import ScopeFacts
from worker.domain.report import BusinessImpact, Impact
from worker.domain.telemetry import Detail, Scope, Survey
from worker.domain.window import Window
from worker.impact import calculation, events
from worker.impact.assess_carbon import assess_carbon, assess_waste, cross_check
from worker.impact.business import business_impact
from worker.impact.means import Means
from worker.impact.service_level import service_level, users_affected
from worker.impact.users import Totals, count_requests, users_impact


def assess(case: Case, detail: Detail, log: EvidenceLog, means: Means | None = None) -> Impact:
    parts = [scope for scope in case.survey.scopes if case.scope.covers(scope)]
    impact, means = Impact(), means or Means()
    found = assess_carbon(case, parts, impact, log, means)
    _users(case, detail, impact, log, means)
    assess_waste(case, found, impact, log)
    _business(case, impact, log, means)
    cross_check(case, parts, log)
    emitted = [one.emitted for one in found.values()]
    impact.calculation = calculation.steps(impact, emitted, [one.estimate for one in found.values() if one.estimate])
    return impact


# --- users


def requests_of(case: Case) -> Totals | None:
    """Requests of the report's scope in its window, service by service and region by region."""
    return requests_in(case.survey, case.scope, case.window)


def requests_in(survey: Survey, scope: Scope, window: Window) -> Totals | None:
    inside = survey.fine.mask(window)
    parts = [series for part, series in survey.recent.items() if scope.covers(part)]
    counted = tuple(one for series in parts if (one := count_requests(series, inside, survey.fine)))
    return Totals(counted) if counted else None


def _users(case: Case, detail: Detail, impact: Impact, log: EvidenceLog, means: Means) -> None:
    requests, known = requests_of(case), detail.scopes.get(case.scope)
    if requests is None:
        reason = "no log lines of the scope in the window"
        log.miss(f"Requests of {case.scope}", reason=reason, effect="failed and slowed requests are unknown")
    else:
        impact.users = users_impact(requests, known)
        impact.users.failed_share = requests.failed_share
        impact.users.latency_ms = known.latency_ms or None if known else None
        if impact.users.requests_slowed is None:
            reason = "no latency in the scope's log lines, in the window or before it"
            log.miss("Slowed requests", reason=reason, effect="slowed requests are unknown")
    facts = detail.impact or ScopeFacts()
    _audience(facts, requests, impact, log, means)
    if facts.service and means.slo:
        impact.users.slo = service_level(facts.service, means.slo)


def _audience(facts: ScopeFacts, requests: Totals | None, impact: Impact, log: EvidenceLog, means: Means) -> None:
    if facts.audience is None or means.users is None or not facts.audience.seen:
        reason = (
            "the profile names no user or session field"
            if means.users is None
            else f"no log line of the window has the field {means.users.field}"
        )
        log.miss("Users affected", reason=reason, effect="the number of users is unknown")
        return
    impact.users.users_affected = users_affected(facts.audience, requests)
    impact.users.users_share = facts.audience.affected / facts.audience.seen
    impact.users.users_kind = means.users.kind


# --- business


def _business(case: Case, impact: Impact, log: EvidenceLog, means: Means) -> None:
    if found := business_in(case.survey, case.scope, case.window, log, means):
        impact.business = found


def business_in(survey: Survey, scope: Scope, window: Window, log: EvidenceLog, means: Means) -> BusinessImpact | None:
    """Measured, else recorded, else estimated; what of it cannot be given is a gap in `log`."""
    found = _measured(survey, scope, window, log, means) or business_impact(survey.history, scope, window)
    if found is None:
        reason = f"nothing is recorded of {scope} in the window, and too few past incidents to estimate from"
        unknown = f"{terms.orders()} affected and {terms.revenue()} lost are unknown"
        log.miss(terms.orders_and_revenue(), reason=reason, effect=unknown)
        return None
    which = "events" if found.source == "measured" else "incidents"
    if found.orders_affected is None:
        affected, reason = f"{terms.orders()} affected", f"the incidents record {terms.revenue()} only"
        log.miss(terms.capital(affected), reason=reason, effect=f"{affected} are unknown")
    if found.revenue_lost_usd is None:
        lost, reason = f"{terms.revenue()} lost", f"the {which} record {terms.orders()} only"
        log.miss(terms.capital(lost), reason=reason, effect=f"{lost} is unknown")
    return found


def _measured(survey: Survey, scope: Scope, window: Window, log: EvidenceLog, means: Means) -> BusinessImpact | None:
    told = survey.impact.business if survey.impact else {}
    business = means.business
    if business is None or not told:
        return None
    if business.services and scope.service not in business.services:
        reason = f"the profile puts missing {terms.orders()} down to {', '.join(business.services)}, and not to {scope}"
        log.miss("Business events", reason=reason, effect="they say nothing about this incident")
        return None
    region = scope.region if business.region else None
    known = events.events_of(told, region)
    found = events.measure(known, survey.fine, survey.coarse, window, business.usd_per_unit) if known else None
    if found is None:
        reason = f"too few business events of {region or 'all regions'} before the window"
        log.miss("Business events", reason=reason, effect=f"{terms.orders()} and {terms.revenue()} cannot be measured")
        return None
    return events.impact_of(found, region or "all regions")
