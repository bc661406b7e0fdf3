"""Simulated incidents through the whole investigation: a sample of what `python -m evaluation.impact` measures.

With 100 incidents a coverage of 90 % comes out between 82 and 97 % in 98 of 100 samples; seeds are fixed, so a
change of the code is what changes these numbers.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from elasticsearch import helpers

from evaluation.impact.coverage import Outcome, investigate, jobs, outcome, outcome_of, run, summarise
from evaluation.impact.reading import SimulatedTelemetry
from evaluation.impact.simulator import HARMLESS, SCOPE, scenario, simulate
from tests.engines.servers import Engine
from worker.domain.report import Report
from worker.domain.window import Window
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.templates import install_templates
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return run(jobs(100, 15), processes=1)


def test_the_interval_covers_the_truth_as_often_as_it_says(outcomes: list[Outcome]) -> None:
    incidents = [one for one in outcomes if one.kind not in HARMLESS]
    assert 0.85 <= np.mean([one.holds_truth for one in incidents]) <= 0.98


def test_the_likely_value_is_near_the_truth(outcomes: list[Outcome]) -> None:
    incidents = [one for one in outcomes if one.kind not in HARMLESS]
    assert np.median([one.relative_error for one in incidents]) <= 0.05


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_is_harmless_holds_zero(outcomes: list[Outcome], kind: str) -> None:
    assert np.mean([one.holds_zero for one in outcomes if one.kind == kind]) >= 0.85


def test_the_interval_says_something(outcomes: list[Outcome]) -> None:
    incidents = [one for one in outcomes if one.kind not in HARMLESS and one.excess]
    widths = [(one.excess.high - one.excess.low) / abs(one.truth) for one in incidents if one.excess]
    assert np.median(widths) <= 0.25


def test_the_summary_counts_every_kind(outcomes: list[Outcome]) -> None:
    rows = {row["kind"]: row for row in summarise(outcomes)}
    assert rows["incidents"]["incidents"] == 100
    assert sum(int(str(rows[kind]["incidents"])) for kind in ("work", "retries", "work and demand")) == 100
    assert all(rows[kind]["incidents"] == 15 for kind in HARMLESS)
    assert rows["surge"]["median_relative_error"] is None


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_is_the_same_incident(seed: int) -> None:
    assert outcome((seed, None)) == outcome((seed, None))


def test_without_the_incident_nothing_is_wasted() -> None:
    quiet = simulate(scenario(3, "quiet"))
    np.testing.assert_array_equal(quiet.grams, quiet.usual)
    storm = simulate(scenario(3, "retries"))
    assert (storm.grams >= storm.usual - 1e-9).all()
    last = storm.samples.seconds[-10:] / 60
    minutes = storm.grams[round(last[0] + 0.5) : round(last[-1] + 0.5)]
    assert storm.samples.grams[-9:].sum() == pytest.approx(minutes.sum(), rel=0.2)


# --- the same through an engine


def _through(engine: Engine, seed: int) -> tuple[Report, Report]:
    simulation = simulate(scenario(seed))
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        install_templates(client)
        actions = ({"_index": index, "_source": document} for index, document in simulation.documents())
        helpers.bulk(client, actions, chunk_size=5000, refresh=True)
        telemetry = ElasticTelemetry(client, load_profile("spiketrace"))
        return investigate(simulation, telemetry), investigate(simulation)


@pytest.mark.parametrize("seed", [4, 5])
def test_an_engine_gives_the_same_figures_as_the_arrays(embedded_engine: Engine, seed: int) -> None:
    read, simulated = _through(embedded_engine, seed)
    assert read.window == simulated.window
    for name in ("excess_co2_grams", "expected_co2_grams", "actual_co2_grams"):
        one, other = getattr(read.impact.carbon, name), getattr(simulated.impact.carbon, name)
        assert one.likely == pytest.approx(other.likely, rel=1e-6)
        assert one.low == pytest.approx(other.low, rel=1e-4)
        assert one.high == pytest.approx(other.high, rel=1e-4)


def test_the_arrays_are_what_the_survey_holds() -> None:
    simulation = simulate(scenario(9))
    survey = SimulatedTelemetry(simulation, load_profile("spiketrace")).survey(
        SCOPE, Window.before(simulation.scenario.as_of, timedelta(minutes=30))
    )
    recent, inside = survey.recent[SCOPE].values, simulation.samples.seconds * 1.0
    start = (survey.fine.start - simulation.begin).total_seconds()
    assert np.nansum(recent["carbon_grams"]) == pytest.approx(simulation.samples.grams[inside >= start].sum())
    # The last minute of the grid is the one that the alert falls into.
    assert recent["lines"].sum() == simulation.lines[-239:].sum()


def test_an_outcome_without_a_figure_covers_nothing() -> None:
    simulation = simulate(scenario(1))
    report = investigate(simulation)
    report.impact.carbon.excess_co2_grams = None
    nothing = outcome_of(simulation, report)
    assert not nothing.holds_truth
    assert not nothing.holds_zero
    assert nothing.relative_error == float("inf")
