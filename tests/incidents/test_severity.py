from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.report import CauseKind, SeverityFacts, Verdict
from worker.domain.severity import Severity
from worker.severity import judge_severity

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


@given(share=st.floats(0, 1), worse=st.floats(0, 1), ratio=st.floats(0, 100), grams=st.floats(0, 1e6))
def test_more_failures_never_make_it_less_severe(share: float, worse: float, ratio: float, grams: float) -> None:
    mild, bad = sorted((share, worse))
    facts = replace(CONFIRMED, co2_ratio=ratio, excess_co2_grams=grams)
    milder, _ = judge_severity(replace(facts, failed_share=mild))
    assert judge_severity(replace(facts, failed_share=bad))[0].at_least(milder)
