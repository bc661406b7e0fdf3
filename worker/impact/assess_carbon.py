"""Carbon, compute and Software Carbon Intensity of a case, and a gap for each figure that cannot be given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from worker.analysis.study import Case
from worker.domain.evidence import EvidenceLog
from worker.domain.impact_facts import MachineFacts
from worker.domain.report import ComputeImpact, Impact, Quantity
from worker.domain.telemetry import Scope, Survey
from worker.domain.window import Window
from worker.impact import comparisons, sci, waste
from worker.impact.carbon import Emissions, carbon_impact, emissions, holding_zero, missing_minutes
from worker.impact.compute import Factor, compute_impact, excess_kwh
from worker.impact.estimate import Estimate, embodied, estimate_of
from worker.impact.intensity import Intensity, intensity_of
from worker.impact.means import Means
from worker.impact.plausibility import Finding, is_slip
from worker.impact.tables import Grid

# Two statements of the same emissions agree within this share.
AGREES = 0.02
MATERIAL_MINUTES = 1.0
# So many times what the machines can emit is no matter of factors any more.
BEYOND = 5.0
# So many of the scopes of a gap are named.
MOST_NAMED = 3


@dataclass
class Found:
    """Of one scope of the report: its emissions, the region's factors, how they were estimated."""

    emitted: Emissions
    grid: Grid | None
    intensity: Intensity | None
    estimate: Estimate | None


class Gaps:
    """What is not known of emissions. What is so of several scopes for the same reason is one gap."""

    def __init__(self) -> None:
        self._scopes: dict[tuple[str, str], list[Scope]] = {}

    def miss(self, scope: Scope, *, reason: str, effect: str) -> None:
        self._scopes.setdefault((reason, effect), []).append(scope)

    def tell(self, log: EvidenceLog) -> None:
        for (reason, effect), scopes in self._scopes.items():
            log.miss(f"Emissions of {_named(scopes)}", reason=reason, effect=effect)


def _named(scopes: Sequence[Scope]) -> str:
    """auth, us-central1 · auth and cart in us-central1 · auth, cart, catalog and 9 more in us-central1."""
    if len(scopes) == 1:
        return str(scopes[0])
    region = scopes[0].region if len({scope.region for scope in scopes}) == 1 else None
    names = [scope.service or "all services" if region else str(scope) for scope in scopes]
    if len(names) > MOST_NAMED + 1:
        names[MOST_NAMED:] = [f"{len(names) - MOST_NAMED} more"]
    *first, last = names
    return f"{(', ' if region else '; ').join(first)} and {last}{f' in {region}' if region else ''}"


def assess_carbon(case: Case, parts: list[Scope], impact: Impact, log: EvidenceLog, means: Means) -> dict[Scope, Found]:
    gaps = Gaps()
    found = {scope: one for scope in parts if (one := _emitted(case, scope, log, means, gaps))}
    gaps.tell(log)
    if not found:
        effect = "excess CO₂, vCPU-hours and cost are unknown"
        log.miss(f"Carbon of {case.scope}", reason=_why_no_carbon(case, parts, means), effect=effect)
        return found
    impact.carbon = carbon_impact(one.emitted for one in found.values())
    if (not case.confirmed or case.is_demand) and impact.carbon.excess_co2_grams:
        impact.carbon.excess_co2_grams = holding_zero(impact.carbon.excess_co2_grams)
    _compute(case, found, impact, means)
    _intensity(case, found, impact, means)
    impact.carbon.comparison = comparisons.compare(impact.carbon.excess_co2_grams, means.factors)
    return found


def _emitted(case: Case, scope: Scope, log: EvidenceLog, means: Means, gaps: Gaps) -> Found | None:
    grid, intensity = _grid(case, scope, log, means)
    estimate = _estimate(case.survey, scope, grid, intensity, means)
    findings: list[Finding] = []
    one = None
    if not _is_thousand_off(case, scope):
        one = emissions(case.reader, scope, case.window, case.onset, estimate=estimate, findings=findings)
    for finding in findings:
        gaps.miss(scope, reason=finding.reason, effect=finding.effect)
    _missing(case, scope, gaps)
    if one is None:
        return None
    if one.method == "measured" and estimate:
        _beyond_machines(case, scope, one, estimate, gaps)
    if one.method == "estimated" and estimate:
        gaps.miss(
            scope,
            reason=f"none were measured; they are estimated from {estimate.basis}",
            effect="carbon figures are estimates, with the range of their factors",
        )
    return Found(one, grid, intensity, estimate if one.method == "estimated" else None)


def _beyond_machines(case: Case, scope: Scope, one: Emissions, estimate: Estimate, gaps: Gaps) -> None:
    most = estimate.most_grams(case.window.minutes)
    if most and one.actual > BEYOND * most:
        machines = f"{estimate.facts.vcpus:g} vCPUs at full load emit {most:,.0f} g"
        gaps.miss(
            scope,
            reason=f"{one.actual:,.0f} g are stated, and {machines}",
            effect="the emissions, their unit or the number of vCPUs is wrong, and every figure of carbon with it",
        )


def _why_no_carbon(case: Case, parts: list[Scope], means: Means) -> str:
    if any(_measured(case, scope) for scope in parts):
        return "no emissions were measured in the window that can be believed"
    if means.machine is None:
        return "no emissions were measured in the window, and the profile names no vCPUs to estimate them from"
    return "no emissions were measured in the window, and vCPUs, CPU or the region's factors are not known"


def _measured(case: Case, scope: Scope) -> bool:
    return case.survey.recent[scope].get("carbon_grams") is not None


def _grid(case: Case, scope: Scope, log: EvidenceLog, means: Means) -> tuple[Grid | None, Intensity | None]:
    region = scope.region or ""
    provider = _provider(case.survey, region, means)
    grid = _known_grid(provider, region, means)
    if grid is None:
        if means.machine or _measured(case, scope):
            unknown = f"the factor tables hold no region {region!r} of {provider or 'any provider'}"
            log.miss(
                f"Grid intensity of region {region or '(none)'}",
                reason=unknown if region else "the telemetry names no region",
                effect="excess vCPU-hours and cost cannot be estimated from the emissions",
            )
        return None, None
    intensity = intensity_of(grid, case.window, means.factors, means.hourly)
    if intensity.failure:
        effect = f"the yearly figure of {grid.source}, {grid.year}, stands in"
        log.miss(f"Hourly grid intensity of {region}", reason=intensity.failure, effect=effect)
    return grid, intensity


def _provider(survey: Survey, region: str, means: Means) -> str | None:
    named = survey.providers.get(region) or (means.machine.provider if means.machine else None)
    return named or means.factors.provider_of(region)


def _known_grid(provider: str | None, region: str, means: Means) -> Grid | None:
    """None also where nothing is known of the provider's machines."""
    return means.factors.grids.get((provider or "", region)) if provider in means.factors.machines else None


def estimate_in(survey: Survey, scope: Scope, window: Window, means: Means) -> Estimate | None:
    """What unmeasured emissions of the scope are estimated with; None where the profile says too little."""
    region = scope.region or ""
    grid = _known_grid(_provider(survey, region, means), region, means)
    if grid is None or means.machine is None:
        return None
    return _estimate(survey, scope, grid, intensity_of(grid, window, means.factors, means.hourly), means)


def _estimate(
    survey: Survey, scope: Scope, grid: Grid | None, intensity: Intensity | None, means: Means
) -> Estimate | None:
    if grid is None or intensity is None or means.machine is None:
        return None
    facts = _machine(survey, scope)
    return estimate_of(grid, facts, means.factors, intensity.g_per_kwh, means.machine.watt_hours_per_request)


def _machine(survey: Survey, scope: Scope) -> MachineFacts:
    known = survey.impact.machines if survey.impact else {}
    return known.get(scope, MachineFacts())


def _missing(case: Case, scope: Scope, gaps: Gaps) -> None:
    minutes = missing_minutes(case.reader, scope, case.window)
    if minutes >= MATERIAL_MINUTES:
        gaps.miss(
            scope,
            reason=f"no sample speaks of {minutes:.0f} of the window's {case.window.minutes:.0f} minutes by itself",
            effect="they are not taken for zero: a later sample holds them, or the range of the excess does",
        )


# --- compute and SCI


def _compute(case: Case, found: dict[Scope, Found], impact: Impact, means: Means) -> None:
    computed = [one for part in found.values() if (one := _computed(case, part, impact, means))]
    if len(computed) < len(found):
        return
    impact.compute = ComputeImpact(
        excess_vcpu_hours=_sum(one.excess_vcpu_hours for one, _ in computed),
        excess_cost_usd=_sum(one.excess_cost_usd for one, _ in computed),
    )
    impact.carbon.excess_kwh = _sum(kwh for _, kwh in computed)


def _computed(case: Case, part: Found, impact: Impact, means: Means) -> tuple[ComputeImpact, Quantity] | None:
    excess = carbon_impact([part.emitted]).excess_co2_grams
    if part.grid is None or part.intensity is None or excess is None:
        return None
    if not case.confirmed or case.is_demand:
        excess = holding_zero(excess)
    cpu = case.deviation("cpu")
    found = compute_impact(
        excess,
        part.grid.provider,
        part.grid.region,
        cpu.actual / 100 if cpu else None,
        factors=means.factors,
        intensity=part.intensity,
    )
    if found is None:
        return None
    for factor in found[1]:
        _name_factor(impact, factor)
    return found[0], excess_kwh(excess, part.grid, part.intensity.g_per_kwh)


def _name_factor(impact: Impact, factor: Factor) -> None:
    if factor not in impact.carbon.factors:
        impact.carbon.factors.append(factor)


def _sum(quantities: Iterable[Quantity | None]) -> Quantity:
    known = [one for one in quantities if one]
    return Quantity(low=sum(q.low for q in known), likely=sum(q.likely for q in known), high=sum(q.high for q in known))


def _intensity(case: Case, found: dict[Scope, Found], impact: Impact, means: Means) -> None:
    """SCI of the incident and its baseline, and the embodied share of the window."""
    hours = case.window.minutes / 60
    shares = [embodied(_machine(case.survey, scope), hours, means.factors) for scope in found]
    known = [one for one in shares if one]
    impact.carbon.embodied_co2_grams = _sum(known) if known and len(known) == len(found) else None
    impact.carbon.sci = sci.score(
        [one.emitted for one in found.values()],
        unit=means.sci.functional_unit,
        requests=means.sci.requests,
        embodied_per_minute=sci.per_minute(impact.carbon.embodied_co2_grams, case.window.minutes),
    )


def assess_waste(case: Case, found: dict[Scope, Found], impact: Impact, log: EvidenceLog) -> None:
    if not found:
        return
    errors, latency = case.deviation("errors"), case.deviation("latency")
    symptoms = waste.Symptoms(errors.rise if errors else None, latency.ratio if latency else None)
    is_waste = impact.carbon.excess_co2_grams is not None and impact.carbon.excess_co2_grams.low > 0
    shares = waste.shares([one.emitted for one in found.values()], symptoms) if is_waste else None
    if shares is None:
        reason = (
            "the telemetry does not tell retries, errors and slower work apart"
            if is_waste
            else "no excess was measured for certain"
        )
        log.miss("Split of the excess", reason=reason, effect="the excess is given as a whole")
        return
    impact.carbon.split = waste.split(impact.carbon.excess_co2_grams, shares)
    impact.compute.split = waste.split(impact.compute.excess_vcpu_hours, shares)
    impact.compute.cost_split = waste.split(impact.compute.excess_cost_usd, shares)


# --- two statements of the same emissions


def _is_thousand_off(case: Case, scope: Scope) -> bool:
    stated, other = (abs(value) for value in case.survey.cross_check.get(scope, (0.0, 0.0)))
    return is_slip(stated, other)


def cross_check(case: Case, parts: list[Scope], log: EvidenceLog) -> None:
    for scope in parts:
        stated, other = case.survey.cross_check.get(scope, (0.0, 0.0))
        if abs(stated - other) <= AGREES * max(abs(stated), abs(other), 1e-9):
            continue
        against = f"{stated:,.1f} g against {other:,.1f} g in the same documents"
        if _is_thousand_off(case, scope):
            log.miss(
                f"Emissions of {scope}",
                reason=f"its two fields are a thousand times apart, a slip of the unit (kg for g): {against}",
                effect="no carbon figure can be given until one of them is put right",
            )
        else:
            log.miss(
                f"Emissions of {scope}",
                reason=f"its two fields disagree: {against}",
                effect="carbon figures rest on the field in grams and may be off by their difference",
            )
