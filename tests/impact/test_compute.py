"""vCPU-hours and dollars of the excess, against examples worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.report import ComputeImpact, Quantity
from worker.impact.compute import Factor, compute_impact
from worker.impact.tables import shipped


def computed(excess: Quantity, utilisation: float | None = 0.5) -> tuple[ComputeImpact, list[Factor]]:
    found = compute_impact(excess, "gcp", "us-central1", utilisation)
    assert found is not None
    return found


def exactly(grams: float) -> Quantity:
    return Quantity(low=grams, likely=grams, high=grams)


def test_an_example_by_hand() -> None:
    """410 g at 412.72 g/kWh and a PUE of 1.1 are 0.90311 kWh.

    A vCPU of GCP takes 0.68 + 0.5 x (4.11 - 0.68) = 2.395 W at half load: 377.08 vCPU-hours; 4.11 W at full load:
    219.73; 0.68 + 0.1 x 3.43 = 1.023 W at a tenth: 882.81. At $0.0475 a vCPU-hour the likely cost is $17.91.
    Another source has 454 g/kWh for the region: by it, full load is 199.75 vCPU-hours.
    """
    impact, _ = computed(exactly(410))
    assert impact.excess_vcpu_hours is not None
    assert impact.excess_vcpu_hours.likely == pytest.approx(377.08, abs=0.01)
    assert impact.excess_vcpu_hours.low == pytest.approx(199.75, abs=0.01)
    assert impact.excess_vcpu_hours.high == pytest.approx(882.81, abs=0.02)
    assert impact.excess_cost_usd is not None
    assert impact.excess_cost_usd.likely == pytest.approx(17.91, abs=0.01)
    assert impact.excess_cost_usd.low == pytest.approx(199.75 * 0.0335, abs=0.01)
    assert impact.excess_cost_usd.high == pytest.approx(882.81 * 0.0486, abs=0.01)


def test_the_interval_of_the_emissions_widens_that_of_the_compute() -> None:
    narrow, wide = computed(exactly(410))[0], computed(Quantity(low=350, likely=410, high=470))[0]
    assert narrow.excess_vcpu_hours is not None
    assert wide.excess_vcpu_hours is not None
    assert wide.excess_vcpu_hours.low == pytest.approx(narrow.excess_vcpu_hours.low * 350 / 410)
    assert wide.excess_vcpu_hours.high == pytest.approx(narrow.excess_vcpu_hours.high * 470 / 410)


def test_busier_machines_need_fewer_hours_for_the_same_energy() -> None:
    hours = [computed(exactly(410), share)[0].excess_vcpu_hours for share in (0.2, 0.5, 0.9)]
    likely = [one.likely for one in hours if one]
    assert likely == sorted(likely, reverse=True)


def test_an_unknown_utilisation_is_taken_for_half() -> None:
    assert computed(exactly(410), None)[0] == computed(exactly(410), 0.5)[0]


def test_cleaner_grids_mean_more_compute_for_the_same_carbon() -> None:
    dirty, clean = (compute_impact(exactly(100), "gcp", region, 0.5) for region in ("us-central1", "europe-north2"))
    assert dirty is not None
    assert clean is not None
    assert dirty[0].excess_vcpu_hours is not None
    assert clean[0].excess_vcpu_hours is not None
    ratio = clean[0].excess_vcpu_hours.likely / dirty[0].excess_vcpu_hours.likely
    assert ratio == pytest.approx(412.72 / 2.73)


@pytest.mark.parametrize(
    ("provider", "region"),
    [("gcp", "us-centrall"), ("gcp", ""), ("gcp", "us-east-1"), ("aws", "us-central1"), ("hetzner", "fsn1"), ("", "")],
)
def test_an_unknown_region_has_no_figure(provider: str, region: str) -> None:
    """A misspelt one gets no world average."""
    assert compute_impact(exactly(410), provider, region, 0.5) is None


def test_every_factor_is_named_with_its_source_and_year() -> None:
    _, factors = computed(exactly(410))
    values = {str(one["name"]): one["value"] for one in factors}
    assert values == {
        "grid intensity": 412.72,
        "power usage effectiveness": 1.1,
        "power of a vCPU, idle": 0.68,
        "power of a vCPU, full load": 4.11,
        "price of a vCPU-hour": 0.0475,
    }
    assert all(one["source"] and one["year"] for one in factors)


def test_emissions_below_the_expected_are_compute_that_was_not_used() -> None:
    impact, _ = computed(Quantity(low=-40, likely=-30, high=-20))
    assert impact.excess_vcpu_hours is not None
    assert impact.excess_cost_usd is not None
    assert impact.excess_vcpu_hours.high < 0
    assert impact.excess_cost_usd.high < 0


grams = st.floats(-1e7, 1e7, allow_subnormal=False)


@given(
    st.tuples(grams, grams, grams).map(sorted), st.none() | st.floats(0.1, 1), st.sampled_from(sorted(shipped().grids))
)
def test_figures_are_ordered_and_follow_the_sign_of_the_excess(
    excess: list[float], utilisation: float | None, place: tuple[str, str]
) -> None:
    low, likely, high = excess
    found = compute_impact(Quantity(low=low, likely=likely, high=high), *place, utilisation)
    assert found is not None
    for figure in (found[0].excess_vcpu_hours, found[0].excess_cost_usd):
        assert figure is not None
        assert figure.low <= figure.likely <= figure.high
        assert (figure.low > 0) == (low > 0)
        assert (figure.high < 0) == (high < 0)
