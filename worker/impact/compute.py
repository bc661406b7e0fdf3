"""Compute: how much machine time the excess emissions stand for, and what it costs.

Energy is grams ÷ grid intensity ÷ PUE; a vCPU-hour takes the watts of one vCPU at the measured utilisation (Cloud
Carbon Footprint's linear model). The telemetry holds no number of vCPUs, so the figure is an estimate: its range runs
from full to low utilisation.
"""

from __future__ import annotations

from worker.domain.report import ComputeImpact, Quantity
from worker.impact.tables import grids, machines

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

    def vcpu_hours(grams: float, at: float) -> float:
        return grams / grid.g_per_kwh / grid.pue * 1000 / machine.watts(at)

    hours = _ordered(
        vcpu_hours(excess_co2_grams.low, FULL_UTILISATION if excess_co2_grams.low > 0 else LOW_UTILISATION),
        vcpu_hours(excess_co2_grams.likely, UNKNOWN_UTILISATION if utilisation is None else utilisation),
        vcpu_hours(excess_co2_grams.high, LOW_UTILISATION if excess_co2_grams.high > 0 else FULL_UTILISATION),
    )
    cost = _ordered(
        hours.low * (machine.usd_per_vcpu_hour_low if hours.low > 0 else machine.usd_per_vcpu_hour_high),
        hours.likely * machine.usd_per_vcpu_hour_likely,
        hours.high * machine.usd_per_vcpu_hour_high,
    )
    factors: list[Factor] = [
        {
            "name": "grid intensity",
            "value": grid.g_per_kwh,
            "unit": "gCO2e/kWh",
            "source": grid.source,
            "year": grid.year,
        },
        {"name": "power usage effectiveness", "value": grid.pue, "unit": "", "source": grid.source, "year": grid.year},
        {
            "name": "power of a vCPU, idle",
            "value": machine.watts_min,
            "unit": "W",
            "source": machine.source,
            "year": machine.year,
        },
        {
            "name": "power of a vCPU, full load",
            "value": machine.watts_max,
            "unit": "W",
            "source": machine.source,
            "year": machine.year,
        },
        {
            "name": "price of a vCPU-hour",
            "value": machine.usd_per_vcpu_hour_likely,
            "unit": "USD",
            "source": machine.source,
            "year": machine.year,
        },
    ]
    return ComputeImpact(excess_vcpu_hours=hours, excess_cost_usd=cost), factors


def _ordered(low: float, likely: float, high: float) -> Quantity:
    low, likely, high = sorted((low, likely, high))
    return Quantity(low=low, likely=likely, high=high)
