"""Compute: how much machine time the excess emissions stand for, and what it costs.

Energy is grams ÷ grid intensity ÷ PUE; a vCPU-hour takes the watts of one vCPU at the measured utilisation (Cloud
Carbon Footprint's linear model). The telemetry holds no number of vCPUs, so the figure is an estimate: its range runs
from full to low utilisation.
"""

from __future__ import annotations

from worker.domain.report import ComputeImpact, Quantity
from worker.impact.tables import Grid, Machine, grids, machines

LOW_UTILISATION = 0.1
FULL_UTILISATION = 1.0
UNKNOWN_UTILISATION = 0.5

Factor = dict[str, str | float | int | None]


def compute_impact(
    excess_co2_grams: Quantity, provider: str, region: str, utilisation: float | None
) -> tuple[ComputeImpact, list[Factor]] | None:
    """vCPU-hours and US dollars with the factors used; None where the region or the provider has no factor."""
    grid, machine = grids().get((provider, region)), machines().get(provider)
    if grid is None or machine is None:
        return None
    hours = _vcpu_hours(excess_co2_grams, grid, machine, UNKNOWN_UTILISATION if utilisation is None else utilisation)
    cost = _ordered(
        hours.low * (machine.usd_per_vcpu_hour_low if hours.low > 0 else machine.usd_per_vcpu_hour_high),
        hours.likely * machine.usd_per_vcpu_hour_likely,
        hours.high * machine.usd_per_vcpu_hour_high,
    )
    return ComputeImpact(excess_vcpu_hours=hours, excess_cost_usd=cost), _factors(grid, machine)


def _vcpu_hours(grams: Quantity, grid: Grid, machine: Machine, utilisation: float) -> Quantity:
    """At full utilisation a gram stands for the least machine time, at low utilisation for the most."""

    def hours(of: float, at: float) -> float:
        return of / grid.g_per_kwh / grid.pue * 1000 / machine.watts(at)

    return _ordered(
        hours(grams.low, FULL_UTILISATION if grams.low > 0 else LOW_UTILISATION),
        hours(grams.likely, utilisation),
        hours(grams.high, LOW_UTILISATION if grams.high > 0 else FULL_UTILISATION),
    )


def _factors(grid: Grid, machine: Machine) -> list[Factor]:
    named: list[tuple[str, float, str, Grid | Machine]] = [
        ("grid intensity", grid.g_per_kwh, "gCO2e/kWh", grid),
        ("power usage effectiveness", grid.pue, "", grid),
        ("power of a vCPU, idle", machine.watts_min, "W", machine),
        ("power of a vCPU, full load", machine.watts_max, "W", machine),
        ("price of a vCPU-hour", machine.usd_per_vcpu_hour_likely, "USD", machine),
    ]
    return [
        {"name": name, "value": value, "unit": unit, "source": table.source, "year": table.year}
        for name, value, unit, table in named
    ]


def _ordered(low: float, likely: float, high: float) -> Quantity:
    low, likely, high = sorted((low, likely, high))
    return Quantity(low=low, likely=likely, high=high)
