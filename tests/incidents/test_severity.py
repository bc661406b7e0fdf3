from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.report import CauseKind, SeverityFacts, Verdict
from worker.domain.severity import Severity
from worker.severity import Thresholds, judge_severity, weigh

CONFIRMED = SeverityFacts(verdict=Verdict.ROOT_CAUSE, cause_kind=CauseKind.DEPLOYMENT, confidence=0.9)


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, Severity.LOW),
        ({"failed_share": 0.009}, Severity.LOW),
        ({"failed_share": 0.05, "usual_failed_share": 0.045}, Severity.LOW),
        ({"failed_share": 0.01}, Severity.MEDIUM),
        ({"failed_share": 0.05}, Severity.HIGH),
        ({"failed_share": 0.05, "services_affected": 3}, Severity.CRITICAL),
        ({"failed_share": 0.25}, Severity.CRITICAL),
        ({"failed_share": 0.25, "requests_failed": 2}, Severity.MEDIUM),
        ({"co2_ratio": 1.29, "excess_co2_grams": 900.0}, Severity.LOW),
        ({"co2_ratio": 1.3, "excess_co2_grams": 900.0}, Severity.MEDIUM),
        ({"co2_ratio": 2.0, "excess_co2_grams": 900.0}, Severity.HIGH),
        ({"co2_ratio": 2.0, "excess_co2_grams": 19.0}, Severity.MEDIUM),
        ({"co2_ratio": 2.0}, Severity.MEDIUM),
        ({"co2_ratio": 2.0, "excess_co2_grams": 900.0, "confidence": 0.49}, Severity.MEDIUM),
        ({"latency_ratio": 1.9}, Severity.LOW),
        ({"latency_ratio": 40.0}, Severity.MEDIUM),
        ({"revenue_lost_usd": 999.0, "money_source": "measured"}, Severity.LOW),
        ({"revenue_lost_usd": 1_000.0, "money_source": "measured"}, Severity.MEDIUM),
        ({"revenue_lost_usd": 10_000.0, "money_source": "recorded"}, Severity.HIGH),
        ({"revenue_lost_usd": 100_000.0, "money_source": "measured"}, Severity.CRITICAL),
        ({"orders_affected": 500.0, "money_source": "measured"}, Severity.HIGH),
        ({"orders_affected": 49.0, "money_source": "measured"}, Severity.LOW),
        ({"requests_slowed": 1e6, "users_affected": 1e6}, Severity.LOW),
    ],
)
def test_thresholds(changes: dict[str, Any], severity: Severity) -> None:
    assert judge_severity(CONFIRMED.model_copy(update=changes))[0] is severity


def replace(facts: SeverityFacts, **changes: Any) -> SeverityFacts:
    return facts.model_copy(update=changes)


def test_what_was_not_confirmed_or_is_only_demand_is_low() -> None:
    terrible = replace(CONFIRMED, failed_share=0.9, co2_ratio=9.0, excess_co2_grams=1e6)
    assert judge_severity(replace(terrible, verdict=Verdict.NOT_CONFIRMED))[0] is Severity.LOW
    assert judge_severity(replace(terrible, cause_kind=CauseKind.TRAFFIC))[0] is Severity.LOW


def test_reasons_are_sentences_with_numbers_the_weightiest_first() -> None:
    facts = replace(
        CONFIRMED,
        failed_share=0.312,
        usual_failed_share=0.002,
        co2_ratio=3.94,
        excess_co2_grams=1234.0,
        latency_ratio=2.5,
    )
    assert judge_severity(facts) == (
        Severity.CRITICAL,
        [
            "31 % of requests failed, usually 0.2 %.",
            "CO₂ was 3.9 times the usual, 1,234 g more than expected.",
            "Latency was 2.5 times the usual.",
        ],
    )


@given(
    lost=st.floats(0, 1e9),
    orders=st.floats(0, 1e9),
    source=st.sampled_from(["estimated", None]),
    confidence=st.floats(0, 1),
)
def test_estimated_money_alone_makes_no_more_than_medium(
    lost: float, orders: float, source: str | None, confidence: float
) -> None:
    money = {"revenue_lost_usd": lost, "orders_affected": orders, "money_source": source, "confidence": confidence}
    assert Severity.MEDIUM.at_least(judge_severity(replace(CONFIRMED, **money))[0])


def thresholds(**sections: Any) -> Thresholds:
    return Thresholds.model_validate(sections)


@pytest.mark.parametrize(
    ("changes", "own", "severity"),
    [
        ({"failed_share": 0.02}, {"users": {"failed_share": {"critical": 0.02}}}, Severity.CRITICAL),
        ({"failed_share": 0.2}, {"users": {"failed_share": {"critical": 0.5}}}, Severity.LOW),
        ({"requests_failed": 900.0}, {"users": {"requests_failed": {"high": 900}}}, Severity.HIGH),
        ({"users_affected": 50.0}, {"users": {"users_affected": {"medium": 50}}}, Severity.MEDIUM),
        ({"requests_slowed": 50.0}, {"users": {"requests_slowed": {"high": 50}}}, Severity.HIGH),
        (
            {"requests_slowed": 50.0, "confidence": 0.4},
            {"users": {"requests_slowed": {"high": 50}}},
            Severity.MEDIUM,
        ),
        (
            {"requests_slowed": 50.0, "confidence": 0.4},
            {"users": {"requests_slowed": {"high": 50}}, "confidence": 0.3},
            Severity.HIGH,
        ),
        ({"excess_co2_grams": 5_000.0}, {"carbon": {"excess_grams": {"critical": 5_000}}}, Severity.CRITICAL),
        ({"co2_ratio": 2.0, "excess_co2_grams": 90.0}, {"carbon": {"material_grams": 100}}, Severity.MEDIUM),
        ({"failed_share": 0.05, "services_affected": 2}, {"scope": {"services": 2}}, Severity.CRITICAL),
    ],
)
def test_a_policy_has_thresholds_of_its_own(changes: dict[str, Any], own: dict[str, Any], severity: Severity) -> None:
    assert judge_severity(replace(CONFIRMED, **changes), thresholds(**own))[0] is severity


@given(
    facts=st.builds(
        SeverityFacts,
        verdict=st.just(Verdict.ROOT_CAUSE),
        cause_kind=st.just(CauseKind.ERROR),
        confidence=st.floats(0, 1),
        failed_share=st.none() | st.floats(0, 1),
        requests_failed=st.none() | st.floats(0, 1e6),
        co2_ratio=st.none() | st.floats(0, 9),
        excess_co2_grams=st.none() | st.floats(-1e4, 1e6),
        latency_ratio=st.none() | st.floats(0, 9),
        revenue_lost_usd=st.none() | st.floats(0, 1e6),
        money_source=st.sampled_from(["measured", "recorded", "estimated", None]),
        services_affected=st.integers(1, 5),
    )
)
def test_the_severity_is_what_the_weightiest_figure_makes(facts: SeverityFacts) -> None:
    severity, reasons = judge_severity(facts)
    weighed = weigh(facts)
    assert severity is max((one.severity for one in weighed), key=lambda one: one.rank)
    assert all(one.severity is Severity.LOW for one in weighed if one.value is None)
    assert all(reason.endswith(".") for reason in reasons)


@given(share=st.floats(0, 1), worse=st.floats(0, 1), ratio=st.floats(0, 100), grams=st.floats(0, 1e6))
def test_more_failures_never_make_it_less_severe(share: float, worse: float, ratio: float, grams: float) -> None:
    mild, bad = sorted((share, worse))
    facts = replace(CONFIRMED, co2_ratio=ratio, excess_co2_grams=grams)
    milder, _ = judge_severity(replace(facts, failed_share=mild))
    assert judge_severity(replace(facts, failed_share=bad))[0].at_least(milder)
