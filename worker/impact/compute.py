"""Compute: how much machine time the excess emissions stand for, and what it costs.

Energy is grams ÷ grid intensity ÷ PUE; a vCPU-hour takes the watts of one vCPU at the measured utilisation (Cloud
Carbon Footprint's linear model). What the excess ran on is not known, so the figure is an estimate: its range runs from
full to low utilisation, and over what different sources say of the region's grid.
"""

from __future__ import annotations

from worker.domain.report import ComputeImpact, Quantity
from worker.impact.intensity import Intensity
from worker.impact.tables import Factors, Grid, Machine, shipped

LOW_UTILISATION = 0.1
FULL_UTILISATION = 1.0
UNKNOWN_UTILISATION = 0.5

Factor = dict[str, str | float | int | None]


def compute_impact(
    excess_co2_grams: Quantity,
    provider: str,
    region: str,
    utilisation: float | None,
    *,
    factors: Factors | None = None,
    intensity: Intensity | None = None,
) -> tuple[ComputeImpact, list[Factor]] | None:
    """vCPU-hours and US dollars with the factors used; None where the region or the provider has no factor."""
    known = factors or shipped()
    grid, machine = known.grids.get((provider, region)), known.machines.get(provider)
    if grid is None or machine is None:
        return None
    of_grid = intensity or Intensity(known.intensity(grid), grid.source, grid.year)
    at = UNKNOWN_UTILISATION if utilisation is None else utilisation
    hours = _vcpu_hours(excess_kwh(excess_co2_grams, grid, of_grid.g_per_kwh), machine, at)
    cost = _ordered(
        hours.low * (machine.usd_per_vcpu_hour_low if hours.low > 0 else machine.usd_per_vcpu_hour_high),
        hours.likely * machine.usd_per_vcpu_hour_likely,
        hours.high * machine.usd_per_vcpu_hour_high,
    )
    return ComputeImpact(excess_vcpu_hours=hours, excess_cost_usd=cost), _factors(grid, of_grid, machine)


def excess_kwh(grams: Quantity, grid: Grid, intensity: Quantity) -> Quantity:
    """Energy of the machines themselves, without what PUE adds: the dirtier the grid, the less of it."""
    low = grams.low / (intensity.high if grams.low > 0 else intensity.low)
    high = grams.high / (intensity.low if grams.high > 0 else intensity.high)
    return _ordered(low / grid.pue, grams.likely / intensity.likely / grid.pue, high / grid.pue)


def _vcpu_hours(kwh: Quantity, machine: Machine, utilisation: float) -> Quantity:
    """At full utilisation a kWh stands for the least machine time, at low utilisation for the most."""

    def hours(of: float, at: float) -> float:
        return of * 1000 / machine.watts(at)

    return _ordered(
        hours(kwh.low, FULL_UTILISATION if kwh.low > 0 else LOW_UTILISATION),
        hours(kwh.likely, utilisation),
        hours(kwh.high, LOW_UTILISATION if kwh.high > 0 else FULL_UTILISATION),
    )


def _factors(grid: Grid, intensity: Intensity, machine: Machine) -> list[Factor]:
    grams, price = intensity.g_per_kwh, "price of a vCPU-hour"
    prices = (machine.usd_per_vcpu_hour_low, machine.usd_per_vcpu_hour_likely, machine.usd_per_vcpu_hour_high)
    return [
        _factor("grid intensity", (grams.low, grams.likely, grams.high), "gCO2e/kWh", intensity.source, intensity.year),
        _factor("power usage effectiveness", (grid.pue,) * 3, "", grid.source, grid.year),
        _factor("power of a vCPU, idle", (machine.watts_min,) * 3, "W", machine.source, machine.year),
        _factor("power of a vCPU, full load", (machine.watts_max,) * 3, "W", machine.source, machine.year),
        _factor(price, prices, "USD", machine.source, machine.year),
    ]


def _factor(name: str, values: tuple[float, ...], unit: str, source: str, year: int) -> Factor:
    low, likely, high = (float(f"{value:.6g}") for value in values)
    return {"name": name, "value": likely, "low": low, "high": high, "unit": unit, "source": source, "year": year}


def _ordered(low: float, likely: float, high: float) -> Quantity:
    low, likely, high = sorted((low, likely, high))
    return Quantity(low=low, likely=likely, high=high)
