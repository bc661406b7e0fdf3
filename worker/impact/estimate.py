"""Emissions that nobody measured, estimated from what machines and requests tell.

Energy is that of the vCPUs at their utilisation (Cloud Carbon Footprint's linear model) and of the memory, times PUE;
or, where only requests are known, so many watt hours each as the profile says. Times the intensity of the region's
grid that is CO₂ (SCI: E × I). Embodied emissions are reported beside it and are no waste of an incident: the machines
were there anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot

import numpy as np

from worker.domain.impact_facts import MachineFacts
from worker.domain.report import Quantity
from worker.domain.telemetry import Floats
from worker.impact import energy
from worker.impact.tables import Coefficient, Factors, Grid, Machine

MINUTES_PER_HOUR = 60.0


@dataclass(frozen=True)
class Estimate:
    """How a scope's g/min follows from its signals. `factor` is the range of all its factors, as shares."""

    grid: Grid
    machine: Machine
    facts: MachineFacts
    g_per_kwh: float
    memory_kwh_per_gb_hour: float
    usual_utilisation: float
    factor: Quantity
    watt_hours_per_request: float | None = None

    def rate(self, values: Mapping[str, Floats], count: int) -> Floats:
        """g/min in each bucket; NaN where what it follows from was not sampled."""
        return energy.operational_grams(self._kwh_a_minute(values, count) * self.grid.pue, self.g_per_kwh)

    def _kwh_a_minute(self, values: Mapping[str, Floats], count: int) -> Floats:
        unknown = np.full(count, np.nan)
        cpu, traffic = values.get("cpu", unknown), values.get("traffic", unknown)
        if self.facts.vcpus:
            utilisation: Floats = cpu / 100
            if not np.isfinite(cpu).any():
                utilisation = np.where(np.isfinite(traffic), self.usual_utilisation, np.nan)
            watts = energy.average_watts(self.machine.watts_min, self.machine.watts_max, utilisation)
            memory = energy.memory_kwh((self.facts.memory_gb or 0.0) / MINUTES_PER_HOUR, self.memory_kwh_per_gb_hour)
            return energy.compute_kwh(watts, self.facts.vcpus / MINUTES_PER_HOUR) + memory
        return traffic * (self.watt_hours_per_request or np.nan) / energy.WATTS_PER_KW

    def most_grams(self, minutes: float) -> float | None:
        """What the scope's vCPUs emit at full load on the dirtiest grid that a source tells of; None without vCPUs."""
        if not self.facts.vcpus:
            return None
        rate = self.rate({"cpu": np.array([100.0])}, 1)
        return float(rate[0]) * minutes * self.factor.high

    @property
    def basis(self) -> str:
        if self.facts.vcpus:
            return f"{self.facts.vcpus:g} vCPUs at their utilisation"
        return f"{self.watt_hours_per_request:g} Wh a request"


def estimate_of(
    grid: Grid, facts: MachineFacts, factors: Factors, intensity: Quantity, watt_hours_per_request: float | None
) -> Estimate | None:
    """None where neither vCPUs nor the energy of a request is known."""
    machine = factors.machines.get(grid.provider)
    if machine is None or not (facts.vcpus or watt_hours_per_request):
        return None
    memory = factors.coefficients["memory energy"]
    return Estimate(
        grid=grid,
        machine=machine,
        facts=facts,
        g_per_kwh=intensity.likely,
        memory_kwh_per_gb_hour=memory.likely,
        usual_utilisation=factors.coefficients["usual utilisation"].likely,
        factor=_range(intensity, factors.coefficients["power of a vCPU"]),
        watt_hours_per_request=None if facts.vcpus else watt_hours_per_request,
    )


def _range(intensity: Quantity, power: Coefficient) -> Quantity:
    """Of intensity and power together, as independent shares of the likely product."""
    below = hypot(1 - intensity.low / intensity.likely, 1 - power.low)
    above = hypot(intensity.high / intensity.likely - 1, power.high - 1)
    return Quantity(low=max(0.0, 1 - below), likely=1.0, high=1 + above)


def embodied(facts: MachineFacts, hours: float, factors: Factors) -> Quantity | None:
    """M of the scope's vCPUs for so many hours, in grams; None where vCPUs are not known."""
    if not facts.vcpus:
        return None
    known = factors.coefficients
    server_gb = known["server memory"].likely
    low, likely, high = (
        energy.embodied_grams(
            energy.server_embodied_kg(
                base, 1, known["server second CPU"].likely, server_gb, known["server memory above 16 GB"].likely
            ),
            hours,
            known["server life"].likely,
            facts.vcpus,
            resources,
        )
        for base, resources in (
            (known["server base"].low, known["server vCPUs"].high),
            (known["server base"].likely, known["server vCPUs"].likely),
            (known["server base"].high, known["server vCPUs"].low),
        )
    )
    return Quantity(low=low, likely=likely, high=high)
