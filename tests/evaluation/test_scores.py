"""Scores by hand, and what trivial methods make of the same telemetry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import baselines
from evaluation.calibrate import fit
from evaluation.cases import Case, read_folder
from evaluation.predict import Deployment, Prediction
from evaluation.scores import Scored, calibration_error, calibration_table, figures, summarise
from tests.evaluation.folders import shop
from worker.analysis.system.calibration import Calibration


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    return {case.id: case for case in read_folder(shop(tmp_path_factory.mktemp("shop")))}


def predicted(case_id: str, *ranking: str, verdict: Any = "root_cause", confidence: float | None = 0.9) -> Prediction:
    deployment = Deployment(service="front", version="v7") if case_id == "shop-released" else None
    return Prediction(
        id=case_id, verdict=verdict, ranking=list(ranking), deployment=deployment, confidence=confidence, seconds=1.0
    )


def test_figures_by_hand(cases: dict[str, Case]) -> None:
    predictions = [
        predicted("shop-slow", "ledger", "cart"),
        predicted("shop-failing", "front", "ledger", "cart", confidence=0.7),
        predicted("shop-released", "front", verdict="inconclusive", confidence=0.3),
        predicted("shop-quiet", verdict="not_confirmed", confidence=None),
    ]
    found = figures([Scored(cases[one.id], one) for one in predictions])
    assert found["faults"] == 3
    assert found["top_1"] == pytest.approx(0.6667)
    assert found["top_3"] == 1.0
    assert found["reciprocal_rank"] == pytest.approx((1 + 1 / 3 + 1) / 3, abs=1e-4)
    assert found["abstained"] == pytest.approx(0.3333)
    assert (found["not_blamed"], found["balanced_accuracy"], found["deployment_right"]) == (1.0, 1.0, 1.0)
    assert found["calibration_error"] == pytest.approx((0.1 + 0.7 + 0.7) / 3, abs=1e-4)


def test_a_service_that_is_not_ranked_is_never_found(cases: dict[str, Case]) -> None:
    found = figures([Scored(cases["shop-slow"], predicted("shop-slow", "front"))])
    assert (found["top_5"], found["reciprocal_rank"]) == (0.0, 0.0)


def test_figures_that_nothing_tells_are_none(cases: dict[str, Case]) -> None:
    found = figures([Scored(cases["shop-slow"], predicted("shop-slow", "ledger"))])
    assert (found["not_blamed"], found["balanced_accuracy"], found["deployment_right"]) == (None, None, None)


def test_a_named_deployment_is_wrong_where_none_is_guilty(cases: dict[str, Case]) -> None:
    right = Scored(cases["shop-released"], predicted("shop-released", "front"))
    wrong = Scored(cases["shop-released"], predicted("shop-released", "front").model_copy(update={"deployment": None}))
    assert (figures([right])["deployment_right"], figures([wrong])["deployment_right"]) == (1.0, 0.0)


def test_cases_of_one_system_are_summed_up_together(cases: dict[str, Case]) -> None:
    found = summarise([(cases["shop-slow"], predicted("shop-slow", "ledger"))])
    assert found["system"].keys() == {"shop"}
    assert found["fault"].keys() == {"shop/latency"}


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_calibration_error_is_a_share_and_every_prediction_counts(pairs: list[tuple[float, bool]]) -> None:
    error = calibration_error(pairs)
    assert error is not None
    assert 0 <= error <= 1
    assert sum(count for _, _, count in calibration_table(pairs)) == len(pairs)


def test_confidence_that_is_always_right_has_no_error() -> None:
    assert calibration_error([(1.0, True)] * 5 + [(0.0, False)] * 5) == 0
    assert calibration_error([]) is None


rankings = st.lists(st.floats(0.1, 20), min_size=1, max_size=5)


@given(st.lists(st.tuples(rankings, st.booleans()), min_size=1, max_size=40))
def test_any_fit_is_surer_with_more_evidence(known: list[tuple[list[float], bool]]) -> None:
    intercept, strength, lead = fit([(sorted(scores, reverse=True), right) for scores, right in known])
    assert strength >= 0
    assert lead >= 0
    fitted = Calibration(intercept=intercept, strength=strength, lead=lead, provenance={})
    assert fitted.confidence([1.0]) <= fitted.confidence([10.0])


def test_trivial_methods_rank_by_the_largest_deviation(cases: dict[str, Case]) -> None:
    table = baselines.metric_table(cases["shop-released"])
    assert baselines.by_z_score(cases["shop-released"], table).ranking[0] == "front"
    assert baselines.by_robust_scorer(cases["shop-released"], table).ranking[0] == "front"
    assert baselines.by_z_score(cases["shop-released"], table).verdict == "root_cause"


def test_trivial_methods_read_nothing_later_than_the_alert(cases: dict[str, Case]) -> None:
    table = baselines.metric_table(cases["shop-quiet"])
    before, within = table["front"]["latency_p95_seconds"]
    assert (len(before), len(within)) == (194, 6)
    assert max(within) < 1


def test_a_random_order_finds_one_of_four_in_a_quarter_of_cases(cases: dict[str, Case]) -> None:
    pairs = [(case, baselines.metric_table(case)) for case in cases.values()]
    assert baselines.random_scores(pairs) == {"top_1": 0.25, "top_3": 0.75}
