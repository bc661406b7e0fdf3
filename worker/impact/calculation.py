"""The figures' calculation, step by step, for a reader who wants to do it again by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from worker.domain import terms
from worker.domain.figures import CO2_GRAMS, Figure, Unit, count, describe, describe_usd, number
from worker.domain.report import CalculationStep, Impact, Quantity
from worker.impact.carbon import Emissions
from worker.impact.estimate import Estimate

Part = Literal["carbon", "waste", "compute", "sci", "users", "business"]
KWH = (Unit("Wh", factor=1e3), Unit("kWh", from_size=0.1), Unit("MWh", factor=1e-3, from_size=1e3))
VCPU_HOURS = (Unit("vCPU-h"),)


def steps(impact: Impact, parts: Sequence[Emissions], estimates: Sequence[Estimate]) -> list[CalculationStep]:
    return [
        *_carbon(impact, parts, estimates),
        *_waste(impact),
        *_compute(impact),
        *_sci(impact),
        *_users(impact),
        *_business(impact),
    ]


def _step(part: Part, name: str, formula: str, result: str) -> CalculationStep:
    return CalculationStep(part=part, name=name, formula=formula, result=result)


def _words(quantity: Quantity, units: tuple[Unit, ...]) -> str:
    return _said(describe(quantity, units))


def _said(figure: Figure) -> str:
    return f"{figure.likely} ({figure.interval})" if figure.interval else figure.likely


def _carbon(impact: Impact, parts: Sequence[Emissions], estimates: Sequence[Estimate]) -> Iterator[CalculationStep]:
    carbon = impact.carbon
    if not (parts and carbon.actual_co2_grams and carbon.expected_co2_grams and carbon.excess_co2_grams):
        return
    samples = sum(part.samples for part in parts)
    if estimates:
        one = estimates[0]
        formula = f"{one.basis} × PUE {one.grid.pue:g} × {number(one.g_per_kwh)} gCO₂e/kWh, over {samples} samples"
    else:
        formula = f"sum of {samples} samples of the window, as the telemetry states them"
    yield _step("carbon", "Emitted: E × I", formula, _words(carbon.actual_co2_grams, CO2_GRAMS))
    yield _step("carbon", "Expected", _expectation(parts), _words(carbon.expected_co2_grams, CO2_GRAMS))
    if carbon.embodied_co2_grams:
        formula = "TE × (TiR ÷ EL) × (RR ÷ ToR); part of the score, not of the excess"
        yield _step("carbon", "Embodied: M", formula, _words(carbon.embodied_co2_grams, CO2_GRAMS))


def _expectation(parts: Sequence[Emissions]) -> str:
    first = max(parts, key=lambda part: part.actual)
    if first.forecast is None:
        return "the level of the hours before"
    found, said = first.forecast, []
    if first.follows_demand and found.elasticity is not None:
        said.append(f"the requests that came, of which {100 * found.elasticity:.0f} % of the CO₂ follows")
    elif not first.follows_demand:
        said.append("the requests usual for the hour, since the others are retries or were lost")
    said.append(f"the rhythm of {found.days} days" if found.days else "no rhythm, since none forecasts better")
    said.append("today's level")
    return (
        f"{' × '.join(said)}; range: {100 * found.error:.1f} %, which nine of ten of {found.forecasts} forecasts of "
        "the hours and days before kept to"
    )


def _waste(impact: Impact) -> Iterator[CalculationStep]:
    carbon = impact.carbon
    if carbon.excess_co2_grams is None:
        return
    yield _step("waste", "Excess", "emitted − expected", _words(carbon.excess_co2_grams, CO2_GRAMS))
    formulas = {
        "retries": "what the additional requests take at their usual cost",
        "errors": "of the rest, the share of requests that failed beyond the usual",
        "slower work": "what is left, since latency rose",
        "overhead": "what is left, since latency did not rise",
    }
    costs, hours = impact.compute.cost_split or {}, impact.compute.split or {}
    for name, quantity in (carbon.split or {}).items():
        result = [describe(quantity, CO2_GRAMS).likely]
        result += [describe(hours[name], VCPU_HOURS).likely] if name in hours else []
        result += [describe_usd(costs[name]).likely] if name in costs else []
        yield _step("waste", f"of which {name}", formulas[name], ", ".join(result))


def _compute(impact: Impact) -> Iterator[CalculationStep]:
    factors = {str(one["name"]): one["value"] for one in impact.carbon.factors}
    if impact.carbon.excess_kwh and "grid intensity" in factors:
        formula = f"excess ÷ {factors['grid intensity']} gCO₂e/kWh ÷ PUE {factors['power usage effectiveness']}"
        yield _step("compute", "Excess energy", formula, _words(impact.carbon.excess_kwh, KWH))
    if impact.compute.excess_vcpu_hours:
        formula = "excess energy ÷ watts of a vCPU at the measured utilisation; range: full to a tenth"
        yield _step("compute", "Excess compute", formula, _words(impact.compute.excess_vcpu_hours, VCPU_HOURS))
    if impact.compute.excess_cost_usd:
        formula = f"vCPU-hours × ${factors.get('price of a vCPU-hour', '?')}; range: cheap to dear machines"
        yield _step("compute", "Excess cost", formula, _said(describe_usd(impact.compute.excess_cost_usd)))


def _sci(impact: Impact) -> Iterator[CalculationStep]:
    found = impact.carbon.sci
    if found is None:
        return
    embodied = "+ M" if found.includes_embodied else "(M is not known and in neither)"
    grams = {"Baseline SCI": found.baseline, "Incident SCI": found.incident}
    for name, value in grams.items():
        if value is not None:
            formula = f"(E × I {embodied}) per {found.functional_unit}"
            yield _step("sci", name, formula, describe(_exactly(value), CO2_GRAMS).likely)


def _exactly(value: float) -> Quantity:
    rounded = float(f"{value:.3g}")
    return Quantity(low=rounded, likely=rounded, high=rounded)


def _users(impact: Impact) -> Iterator[CalculationStep]:
    users = impact.users
    if users.requests_failed and users.failed_share is not None:
        formula = "log lines with an error, times the requests a line stands for"
        yield _step("users", "Requests failed", formula, number(users.requests_failed.likely))
    if users.slo:
        slo = users.slo
        bad = "failed" if slo.latency_target_ms is None else f"failed or took over {slo.latency_target_ms:g} ms"
        formula = f"share that {bad} ÷ (1 − {slo.objective:g})"
        yield _step("users", "Burn rate", formula, number(slo.burn_rate))
        if slo.budget_burnt is not None:
            formula = f"bad requests of the window ÷ all that {slo.period_days:g} days may have"
            yield _step("users", "Error budget burnt", formula, f"{number(100 * slo.budget_burnt)} %")


def _business(impact: Impact) -> Iterator[CalculationStep]:
    business = impact.business
    if business.source and business.assumption and business.orders_affected:
        result = f"{count(business.orders_affected.likely)} {terms.orders()}"
        yield _step("business", f"{terms.capital(terms.orders())}, {business.source}", business.assumption, result)
