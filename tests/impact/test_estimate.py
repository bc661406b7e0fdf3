"""Emissions from utilisation, worked out by hand, and what is added to them."""

from __future__ import annotations

import numpy as np
import pytest

from worker.domain.impact_facts import MachineFacts
from worker.impact.estimate import Estimate, embodied, estimate_of
from worker.impact.tables import shipped

FACTORS = shipped()
GRID = FACTORS.grids["gcp", "us-central1"]
INTENSITY = FACTORS.intensity(GRID)


def an_estimate(facts: MachineFacts, watt_hours: float | None = None) -> Estimate:
    found = estimate_of(GRID, facts, FACTORS, INTENSITY, watt_hours)
    assert found is not None
    return found


def test_an_example_by_hand() -> None:
    """8 vCPUs at 50 % take 8 x 2.395 = 19.16 W and 32 GB 32 x 0.392 = 12.544 W: 31.704 W.

    With a PUE of 1.1 and 412.72 g/kWh that is 31.704 / 1000 x 1.1 x 412.72 / 60 = 0.23988 g a minute.
    """
    rate = an_estimate(MachineFacts(vcpus=8, memory_gb=32)).rate({"cpu": np.array([50.0, np.nan])}, 2)
    assert rate[0] == pytest.approx(0.239885, rel=1e-4)
    assert np.isnan(rate[1])


def test_idle_machines_count() -> None:
    idle, busy = an_estimate(MachineFacts(vcpus=1)).rate({"cpu": np.array([0.0, 100.0])}, 2)
    assert idle / busy == pytest.approx(0.68 / 4.11)


def test_without_utilisation_half_of_it_is_taken_while_requests_are_served() -> None:
    values = {"traffic": np.array([100.0, np.nan])}
    served, unknown = an_estimate(MachineFacts(vcpus=1)).rate(values, 2)
    half = an_estimate(MachineFacts(vcpus=1)).rate({"cpu": np.array([50.0])}, 1)[0]
    assert served == half
    assert np.isnan(unknown)


def test_requests_alone_take_what_the_profile_says() -> None:
    """600 requests a minute of 0.05 Wh are 30 Wh a minute."""
    rate = an_estimate(MachineFacts(), 0.05).rate({"traffic": np.array([600.0])}, 1)
    assert rate[0] == pytest.approx(0.03 * 1.1 * 412.72)


def test_nothing_known_is_no_estimate() -> None:
    assert estimate_of(GRID, MachineFacts(), FACTORS, INTENSITY, None) is None


def test_the_range_is_that_of_the_grids_sources_and_of_the_machines() -> None:
    """Two sources have 412.72 and 454 g/kWh, and processors take a fifth less or more."""
    factor = an_estimate(MachineFacts(vcpus=1)).factor
    assert factor.low == pytest.approx(0.8)
    assert factor.high == pytest.approx(1 + ((454 / 412.72 - 1) ** 2 + 0.2**2) ** 0.5)


def test_sources_differ_for_us_west_2() -> None:
    grid = FACTORS.grids["aws", "us-west-2"]
    found = FACTORS.intensity(grid)
    assert (found.low, found.likely, found.high) == (119.76, 119.76, 322.167)


def test_a_region_of_one_source_has_the_usual_distance_of_two() -> None:
    grid = FACTORS.grids["gcp", "africa-south1"]
    found = FACTORS.intensity(grid)
    assert found.high / found.likely == pytest.approx(FACTORS.typical_spread) == pytest.approx(found.likely / found.low)
    assert 1.05 < FACTORS.typical_spread < 2


def test_embodied_emissions_by_hand() -> None:
    """TE 1000 + 100 + 368 x 1.388 = 1610.8 kg; 8 of 96 vCPUs for one of 35,040 hours: 3.831 g."""
    found = embodied(MachineFacts(vcpus=8), 1, FACTORS)
    assert found is not None
    assert found.likely == pytest.approx(1610.784 * 1000 / 35_040 * 8 / 96, rel=1e-4)
    assert found.low < found.likely < found.high
    assert embodied(MachineFacts(), 1, FACTORS) is None
