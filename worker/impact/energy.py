"""The arithmetic of carbon: energy from utilisation, operational and embodied emissions, Software Carbon Intensity.

Formulas and terms are those of the SCI specification (ISO/IEC 21031:2024, v1.1) and, for energy and embodied
emissions, of Cloud Carbon Footprint (2023-05). Numbers in, numbers out; ranges are put on by who calls.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from worker.domain.telemetry import Floats

# One value, or one for each moment.
Number = TypeVar("Number", float, Floats)

WATTS_PER_KW = 1000.0


def average_watts(watts_min: float, watts_max: float, utilisation: Number) -> Number:
    """Of one vCPU at a utilisation of 0–1: idle power counts in full (SCI: reserved and idle energy is included)."""
    share: Number = np.clip(utilisation, 0.0, 1.0)
    return watts_min + share * (watts_max - watts_min)


def compute_kwh(watts: Number, vcpu_hours: float, pue: float = 1.0) -> Number:
    return watts * vcpu_hours * pue / WATTS_PER_KW


def memory_kwh(gb_hours: float, kwh_per_gb_hour: float, pue: float = 1.0) -> float:
    return gb_hours * kwh_per_gb_hour * pue


def storage_kwh(tb_hours: float, wh_per_tb_hour: float, pue: float = 1.0) -> float:
    return tb_hours * wh_per_tb_hour * pue / WATTS_PER_KW


def operational_grams(kwh: Number, g_per_kwh: float) -> Number:
    """O = E × I."""
    return kwh * g_per_kwh


def server_embodied_kg(base_kg: float, extra_cpus: int, kg_per_cpu: float, memory_gb: float, kg_per_gb: float) -> float:
    """TE of one server: a base of one CPU and 16 GB, and what is added to it."""
    return base_kg + extra_cpus * kg_per_cpu + max(0.0, memory_gb - 16) * kg_per_gb


def embodied_grams(
    total_kg: float, reserved_hours: float, life_hours: float, reserved: float, total_resources: float
) -> float:
    """M = TE × (TiR ÷ EL) × (RR ÷ ToR), in grams."""
    return total_kg * 1000 * (reserved_hours / life_hours) * (reserved / total_resources)


def software_carbon_intensity(kwh: float, g_per_kwh: float, embodied: float, functional_units: float) -> float:
    """SCI = (E × I + M) per R, in gCO₂e for each functional unit. Raises ValueError where R is not positive."""
    return per_functional_unit(operational_grams(kwh, g_per_kwh), embodied, functional_units)


def per_functional_unit(operational: float, embodied: float, functional_units: float) -> float:
    """SCI where O = E × I is known as a whole. Raises ValueError where R is not positive."""
    if functional_units <= 0:
        raise ValueError("SCI is per functional unit: there must be some")
    return (operational + embodied) / functional_units
