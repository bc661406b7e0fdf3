"""All of the impact of a case, and a gap for each figure that cannot be given."""

from __future__ import annotations

from worker.analysis.study import Case
from worker.domain.evidence import EvidenceLog
from worker.domain.report import ComputeImpact, Impact, Quantity
from worker.domain.telemetry import Detail, Scope
from worker.impact.business import business_impact
from worker.impact.carbon import Emissions, carbon_impact, emissions
from worker.impact.compute import compute_impact
from worker.impact.tables import grids
from worker.impact.users import Totals, count_requests, users_impact

# Two statements of the same emissions agree within this share.
AGREES = 0.02


def assess(case: Case, detail: Detail, log: EvidenceLog) -> Impact:
    parts = [scope for scope in case.survey.scopes if case.scope.covers(scope)]
    impact = Impact()
    _carbon(case, parts, impact, log)
    _users(case, detail, impact, log)
    _business(case, impact, log)
    _cross_check(case, parts, log)
    _signs(case, parts, log)
    return impact


def _carbon(case: Case, parts: list[Scope], impact: Impact, log: EvidenceLog) -> None:
    found = {scope: one for scope in parts if (one := emissions(case.reader, scope, case.window, case.onset))}
    if not found:
        effect = "excess CO₂, vCPU-hours and cost are unknown"
        log.miss(f"Carbon of {case.scope}", reason="no emissions were measured in the window", effect=effect)
        return
    impact.carbon = carbon_impact(found.values())
    computed = [cost for scope, emitted in found.items() if (cost := _compute(case, scope, emitted, impact, log))]
    log.miss(
        "Split of the excess",
        reason="the telemetry does not tell retries, errors and slower work apart by machine time",
        effect="the excess is given as a whole",
    )
    if len(computed) == len(found):
        impact.compute = ComputeImpact(
            excess_vcpu_hours=_sum([one.excess_vcpu_hours for one in computed]),
            excess_cost_usd=_sum([one.excess_cost_usd for one in computed]),
        )


def _compute(case: Case, scope: Scope, emitted: Emissions, impact: Impact, log: EvidenceLog) -> ComputeImpact | None:
    region = scope.region or ""
    provider = case.survey.providers.get(region) or _provider_of(region)
    excess = carbon_impact([emitted]).excess_co2_grams
    cpu = case.deviation("cpu")
    found = compute_impact(excess, provider, region, cpu.actual / 100 if cpu else None) if provider and excess else None
    if found is None:
        log.miss(
            f"Grid intensity of region {region or '(none)'}",
            reason=f"the factor tables hold no region {region!r} of {provider or 'any provider'}",
            effect="excess vCPU-hours and cost cannot be estimated from the emissions",
        )
        return None
    for factor in found[1]:
        if factor not in impact.carbon.factors:
            impact.carbon.factors.append(factor)
    return found[0]


def _provider_of(region: str) -> str | None:
    """Where the telemetry does not name the provider: the one that has a region of this name, if only one has."""
    named = [provider for provider, name in grids() if name == region]
    return named[0] if len(named) == 1 else None


def _sum(quantities: list[Quantity | None]) -> Quantity:
    known = [one for one in quantities if one]
    return Quantity(low=sum(q.low for q in known), likely=sum(q.likely for q in known), high=sum(q.high for q in known))


def requests_of(case: Case) -> Totals | None:
    """Requests of the report's scope in its window, service by service and region by region."""
    survey = case.survey
    inside = survey.fine.mask(case.window)
    parts = [series for scope, series in survey.recent.items() if case.scope.covers(scope)]
    counted = tuple(one for series in parts if (one := count_requests(series, inside, survey.fine)))
    return Totals(counted) if counted else None


def _users(case: Case, detail: Detail, impact: Impact, log: EvidenceLog) -> None:
    requests = requests_of(case)
    if requests is None:
        reason = "no log lines of the scope in the window"
        log.miss(f"Requests of {case.scope}", reason=reason, effect="failed and slowed requests are unknown")
    else:
        impact.users = users_impact(requests, detail.scopes.get(case.scope))
        if impact.users.requests_slowed is None:
            reason = "no latency in the scope's log lines, in the window or before it"
            log.miss("Slowed requests", reason=reason, effect="slowed requests are unknown")
    log.miss(
        "Users affected", reason="the profile names no user or session field", effect="the number of users is unknown"
    )


def _business(case: Case, impact: Impact, log: EvidenceLog) -> None:
    found = business_impact(case.survey.history, case.scope, case.window)
    if found is None:
        reason = f"nothing is recorded of {case.scope} in the window, and too few past incidents to estimate from"
        log.miss("Orders and revenue", reason=reason, effect="orders affected and revenue lost are unknown")
        return
    impact.business = found
    if found.orders_affected is None:
        log.miss("Orders affected", reason="the incidents record revenue only", effect="orders affected are unknown")
    if found.revenue_lost_usd is None:
        log.miss("Revenue lost", reason="the incidents record orders only", effect="revenue lost is unknown")


def _signs(case: Case, parts: list[Scope], log: EvidenceLog) -> None:
    for scope in parts:
        grams = case.survey.recent[scope].values.get("carbon_grams")
        negative = int((grams < 0).sum()) if grams is not None else 0
        if negative:
            log.miss(
                f"Emissions of {scope}",
                reason=f"{negative} samples of the last hours are negative, which emissions cannot be",
                effect="carbon figures of this scope cannot be relied on",
            )


def _cross_check(case: Case, parts: list[Scope], log: EvidenceLog) -> None:
    for scope in parts:
        stated, other = case.survey.cross_check.get(scope, (0.0, 0.0))
        if abs(stated - other) > AGREES * max(abs(stated), abs(other), 1e-9):
            log.miss(
                f"Emissions of {scope}",
                reason=f"its two fields disagree: {stated:,.1f} g against {other:,.1f} g in the same documents",
                effect="carbon figures rest on the field in grams and may be off by their difference",
            )
