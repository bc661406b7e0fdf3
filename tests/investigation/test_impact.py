"""Impact in whole reports: traps are named and become no figure, and what a profile names is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evaluation.impact.reading import SimulatedTelemetry, alert_of
from evaluation.impact.simulator import SCOPE, Samples, Scenario, Simulation, scenario, simulate
from tests.investigation.rules import check_text, gaps
from worker.domain.impact_facts import Audience, BusinessEvents, ImpactFacts, MachineFacts, ScopeFacts, ServiceCounts
from worker.domain.report import Quantity, Report
from worker.domain.telemetry import Asked, Detail, Scope, Survey
from worker.domain.window import Window
from worker.investigate import Investigator
from worker.settle import Settler
from worker.telemetry.impact_profile import Business, Machine, Sci, Slo, Users
from worker.telemetry.profiles import Profile, load_profile

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PROFILE = load_profile("spiketrace")
STEADY: Scenario = replace(
    scenario(7, "work"),
    days=7,
    step=1,
    offset=0,
    sees_mean=True,
    missing=0.0,
    outage=0,
    minutes=30,
    ramp=0,
    work=2.5,
    demand_noise=0.02,
    work_noise=0.02,
    drift=0.0,
    grid_rhythm=0.0,
    requests=1000.0,
    grams_a_request=0.002,
    lines=12.0,
)


@dataclass
class Telemetry(SimulatedTelemetry):
    """As a simulation has it, with facts beside it, and without emissions where a test takes them away."""

    facts: ImpactFacts | None = None
    scope_facts: ScopeFacts | None = None
    is_measured: bool = True
    cross_check: tuple[float, float] | None = None
    provider: str | None = "gcp"

    def survey(self, scope: Scope, window: Window) -> Survey:
        survey = super().survey(scope, window)
        survey.impact = self.facts
        survey.asked["impact_business"] = survey.asked["metrics"]
        survey.providers = {str(SCOPE.region): self.provider} if self.provider else {}
        if self.cross_check:
            survey.cross_check = {SCOPE: self.cross_check}
        if not self.is_measured:
            for series in (*survey.recent.values(), *survey.past.values()):
                for name in ("carbon", "carbon_grams", "carbon_minutes"):
                    series.values[name] = np.full_like(series.values[name], np.nan)
        return survey

    def detail(self, scopes: Iterable[Scope], window: Window, baseline: Window, rollout: Window) -> Detail:
        detail = super().detail(scopes, window, baseline, rollout)
        detail.impact = self.scope_facts
        asked = Asked("logs", {}, window)
        detail.asked.update(impact_users=asked, impact_service_level=asked)
        return detail


def investigate(simulation: Simulation, **changes: object) -> Report:
    telemetry = Telemetry(simulation, PROFILE, **changes)  # type: ignore[arg-type]
    return Investigator(telemetry, now=lambda: NOW)(alert_of(simulation), "a1")


def excess(report: Report) -> Quantity | None:
    return report.impact.carbon.excess_co2_grams


def edited(change: Callable[[Samples, np.ndarray], Samples]) -> Simulation:
    """The steady incident with broken samples; `change` also gets the minutes before the alert of each sample."""
    simulation = simulate(STEADY)
    ago = (STEADY.as_of - simulation.begin).total_seconds() / 60 - simulation.samples.seconds / 60
    simulation.samples = change(simulation.samples, ago)
    return simulation


@pytest.fixture(scope="module")
def plain() -> tuple[Simulation, Report]:
    simulation = simulate(STEADY)
    return simulation, investigate(simulation)


def test_the_plain_incident_has_its_figure_and_no_gap_about_emissions(plain: tuple[Simulation, Report]) -> None:
    simulation, report = plain
    found = excess(report)
    assert found is not None
    assert found.low <= simulation.excess(report.window) <= found.high
    assert "Emissions of" not in gaps(report)
    check_text(report)


def test_a_report_is_the_same_twice(plain: tuple[Simulation, Report]) -> None:
    simulation, report = plain
    again = investigate(simulation)
    assert again.model_dump_json(exclude={"timings"}) == report.model_dump_json(exclude={"timings"})


# --- traps


def _grams(where: Callable[[np.ndarray], np.ndarray], factor: float) -> Callable[[Samples, np.ndarray], Samples]:
    return lambda samples, ago: samples._replace(grams=np.where(where(ago), samples.grams * factor, samples.grams))


def _without(where: Callable[[np.ndarray], np.ndarray]) -> Callable[[Samples, np.ndarray], Samples]:
    """Samples that are missing, and whose mass no later one holds."""
    return lambda samples, ago: Samples(*(values[~where(ago)] for values in samples))


TRAPS: dict[str, tuple[Callable[[Samples, np.ndarray], Samples], str]] = {
    "negative": (_grams(lambda ago: (ago > 10) & (ago < 13), -1.0), "negative, which emissions cannot be"),
    "a counter's fall": (_grams(lambda ago: (ago > 10) & (ago < 11.5), -900.0), "a counter was reset"),
    "a counter's jump": (
        _grams(lambda ago: (ago > 40) & (ago < 41), 70.0),
        "a counter reset, or a whole past sent at once",
    ),
    "kg for g, for a while": (_grams(lambda ago: (ago > 10) & (ago < 15), 1e-3), "a slip of the unit (kg for g)"),
    "missing minutes": (_without(lambda ago: (ago > 8) & (ago < 20)), "no sample speaks of 12 of the window's"),
}


@pytest.mark.parametrize("name", list(TRAPS))
def test_a_trap_is_named_and_does_not_reach_the_figure(plain: tuple[Simulation, Report], name: str) -> None:
    change, reason = TRAPS[name]
    report = investigate(edited(change))
    assert reason in gaps(report)
    found, usual = excess(report), excess(plain[1])
    assert found is not None
    assert usual is not None
    assert 0.4 * usual.likely <= found.likely <= 1.2 * usual.likely
    check_text(report)


def test_a_window_in_kilograms_has_no_figure() -> None:
    report = investigate(edited(_grams(lambda ago: ago < 45, 1e-3)))
    assert excess(report) is None
    assert report.impact.compute.excess_cost_usd is None
    assert "a slip of the unit (kg for g)" in gaps(report)
    check_text(report)


def test_two_fields_that_are_a_thousand_apart_have_no_figure(plain: tuple[Simulation, Report]) -> None:
    report = investigate(plain[0], cross_check=(500.0, 500_000.0))
    assert excess(report) is None
    assert "a thousand times apart" in gaps(report)


def test_a_region_that_no_table_knows_is_named_though_its_emissions_are_measured(
    plain: tuple[Simulation, Report],
) -> None:
    report = investigate(plain[0], provider="hetzner")
    assert "the factor tables hold no region 'us-central1' of hetzner" in gaps(report)
    assert excess(report) == excess(plain[1])
    assert report.impact.compute.excess_vcpu_hours is None


# --- what a profile names


def with_profile(simulation: Simulation, profile: Profile, **changes: object) -> Report:
    telemetry = Telemetry(simulation, profile, **changes)  # type: ignore[arg-type]
    return Investigator(telemetry, now=lambda: NOW)(alert_of(simulation), "a1")


def test_emissions_that_nobody_measured_are_estimated_from_utilisation(plain: tuple[Simulation, Report]) -> None:
    profile = PROFILE.model_copy(update={"machine": Machine(vcpus=16)})
    facts = ImpactFacts(machines={SCOPE: MachineFacts(vcpus=16)})
    report = with_profile(plain[0], profile, facts=facts, is_measured=False)
    carbon = report.impact.carbon
    assert carbon.method == "estimated"
    assert carbon.actual_co2_grams is not None
    assert carbon.actual_co2_grams.low < carbon.actual_co2_grams.likely < carbon.actual_co2_grams.high
    assert carbon.embodied_co2_grams is not None
    assert "none were measured; they are estimated from 16 vCPUs at their utilisation" in gaps(report)
    assert "estimated in" in report.sections.carbon_compute_impact
    check_text(report)


def test_estimated_emissions_are_settled_as_they_are_reported(plain: tuple[Simulation, Report]) -> None:
    profile = PROFILE.model_copy(update={"machine": Machine(vcpus=16)})
    facts = ImpactFacts(machines={SCOPE: MachineFacts(vcpus=16)})
    investigator = Investigator(Telemetry(plain[0], profile, facts=facts, is_measured=False), now=lambda: NOW)
    report = investigator(alert_of(plain[0]), "a1")
    found, reported = Settler(investigator.telemetry, investigator.means)(SCOPE, report.window).grams, excess(report)
    assert found is not None
    assert reported is not None
    assert found.likely == pytest.approx(reported.likely, rel=0.02)
    unmeasured = Settler(investigator.telemetry)(SCOPE, report.window)
    assert unmeasured.grams is None
    assert any("neither measured nor can be estimated" in reason for reason in unmeasured.unknown)


def test_more_than_the_machines_can_emit_is_named(plain: tuple[Simulation, Report]) -> None:
    profile = PROFILE.model_copy(update={"machine": Machine(vcpus=1)})
    few, many = (
        with_profile(plain[0], profile, facts=ImpactFacts(machines={SCOPE: MachineFacts(vcpus=vcpus)}))
        for vcpus in (1, 1000)
    )
    assert "vCPUs at full load emit" in gaps(few)
    assert "at full load" not in gaps(many)


def test_without_vcpus_nothing_is_estimated(plain: tuple[Simulation, Report]) -> None:
    report = investigate(plain[0], is_measured=False)
    assert excess(report) is None
    assert "the profile names no vCPUs to estimate them from" in gaps(report)


def test_users_and_the_objective_are_told_where_the_profile_names_them(plain: tuple[Simulation, Report]) -> None:
    profile = PROFILE.model_copy(
        update={"users": Users(field="session.id", kind="sessions"), "slo": Slo(objective=0.99, latency_ms=250)}
    )
    facts = ScopeFacts(Audience(400, 30, 40), ServiceCounts(1000, 50, 1_000_000, 9_000))
    report = with_profile(plain[0], profile, scope_facts=facts)
    users = report.impact.users
    assert users.users_affected is not None
    assert (users.users_affected.likely, users.users_share, users.users_kind) == (40, 0.1, "sessions")
    assert users.slo is not None
    assert users.slo.burn_rate == pytest.approx(5)
    assert "Sessions affected: " in report.sections.user_impact
    assert "40, 10 % of those seen, measured" in report.sections.user_impact
    assert "Objective 99 %: burn rate 5, 0.5 % of the budget gone" in report.sections.user_impact
    assert "Users affected" not in gaps(report)
    check_text(report)


def some_orders(simulation: Simulation, kept: float) -> ImpactFacts:
    rng = np.random.default_rng(1)
    survey = Telemetry(simulation, PROFILE).survey(SCOPE, Window.before(STEADY.as_of, timedelta(minutes=30)))
    orders = rng.poisson(8.0, survey.fine.count).astype(float)
    orders[-30:] *= kept
    past = rng.poisson(240.0, survey.coarse.count).astype(float)
    return ImpactFacts(business={None: BusinessEvents(orders, orders * 20, past, past * 20)})


def test_business_events_are_measured_before_anything_is_estimated(plain: tuple[Simulation, Report]) -> None:
    profile = PROFILE.model_copy(update={"business": Business(index="orders-*", revenue="usd")})
    report = with_profile(plain[0], profile, facts=some_orders(plain[0], 0.25))
    business = report.impact.business
    assert business.source == "measured"
    assert business.orders_affected is not None
    assert business.orders_affected.low <= 0.75 * 8 * 30 <= business.orders_affected.high
    assert business.revenue_lost_usd is not None
    assert business.revenue_lost_usd.likely == pytest.approx(20 * business.orders_affected.likely)
    assert ", measured" in report.sections.business_impact
    check_text(report)


def test_orders_of_other_services_say_nothing_of_this_one(plain: tuple[Simulation, Report]) -> None:
    profile = PROFILE.model_copy(update={"business": Business(index="orders-*", services=["payments"])})
    report = with_profile(plain[0], profile, facts=some_orders(plain[0], 0.25))
    assert report.impact.business.source is None
    assert "the profile puts missing orders down to payments" in gaps(report)


def test_the_score_is_per_functional_unit(plain: tuple[Simulation, Report]) -> None:
    one, thousand = (
        with_profile(plain[0], PROFILE.model_copy(update={"sci": sci})).impact.carbon.sci
        for sci in (Sci(functional_unit="request", requests=1), Sci())
    )
    assert one is not None
    assert thousand is not None
    assert thousand.incident == pytest.approx(1000 * (one.incident or 0))
    assert (thousand.incident or 0) / (thousand.baseline or 1) == pytest.approx(STEADY.work, rel=0.1)
    assert (one.functional_unit, one.includes_embodied) == ("request", False)


# --- the calculation


def test_every_figure_has_its_calculation(plain: tuple[Simulation, Report]) -> None:
    steps = {step.name: step for step in plain[1].impact.calculation}
    assert {"Emitted: E × I", "Expected", "Excess", "Excess energy", "Excess compute", "Excess cost"} <= set(steps)
    assert "as the telemetry states them" in steps["Emitted: E × I"].formula
    assert "nine of ten of" in steps["Expected"].formula
    assert {"Baseline SCI", "Incident SCI"} <= set(steps)
    assert "How the figures are computed" in plain[1].markdown


def test_retries_are_split_from_the_rest() -> None:
    storm = simulate(replace(STEADY, kind="retries", work=1.0, retries=1.5))
    report = investigate(storm)
    split, whole = report.impact.carbon.split, excess(report)
    assert split is not None
    assert whole is not None
    assert split["retries"].likely >= 0.8 * whole.likely
    assert sum(part.likely for part in split.values()) == pytest.approx(whole.likely, rel=0.02)
    assert report.impact.compute.split is not None
    assert report.impact.compute.cost_split is not None
    assert set(report.impact.compute.split) == set(report.impact.compute.cost_split) == set(split)
