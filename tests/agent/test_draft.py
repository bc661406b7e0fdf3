"""The order of candidates: only by their own evidence, and only where their confidences are all but equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tasks import samples
from worker.agent.draft import MARGIN, Draft, Ranked, reordered
from worker.domain.report import Candidate, CauseKind, Report, Verdict


def candidate(rank: int, confidence: float) -> Candidate:
    return Candidate(
        kind=CauseKind.DEPLOYMENT,
        service=f"s{rank}",
        rank=rank,
        score=confidence,
        confidence=confidence,
        evidence=[f"e{rank}"],
        reason="",
        check="",
    )


def a_report(*confidences: float, verdict: Verdict = Verdict.INCONCLUSIVE) -> Report:
    report = samples.report(samples.alert("checkout"), "a1")
    candidates = [candidate(rank, confidence) for rank, confidence in enumerate(confidences, 1)]
    return report.model_copy(update={"verdict": verdict, "candidates": candidates})


def order(report: Report, *ranking: tuple[int, list[str]]) -> list[str | None]:
    asked = [Ranked(candidate=number, evidence=evidence) for number, evidence in ranking]
    return [one.service for one in reordered(report, asked)]


def test_all_but_equal_ones_change_places_with_evidence_of_their_own() -> None:
    report = a_report(0.5, 0.47, 0.2)
    assert order(report, (2, ["e2"]), (1, ["e1"])) == ["s2", "s1", "s3"]
    assert [one.rank for one in reordered(report, [Ranked(candidate=2, evidence=["e2"])])] == [1, 2, 3]


@pytest.mark.parametrize(
    "ranking",
    [
        [(3, ["e3"])],
        [(2, [])],
        [(2, ["e1"])],
        [(2, ["e2"]), (2, ["e2"])],
        [(7, ["e7"])],
        [(2, ["e2"]), (3, ["e3"]), (1, ["e1"])],
    ],
)
def test_any_other_order_is_passed_over(ranking: list[tuple[int, list[str]]]) -> None:
    assert order(a_report(0.5, 0.47, 0.2), *ranking) == ["s1", "s2", "s3"]


def test_the_found_cause_stays_first() -> None:
    report = a_report(0.9, 0.89, 0.88, verdict=Verdict.ROOT_CAUSE)
    assert order(report, (2, ["e2"]), (1, ["e1"])) == ["s1", "s2", "s3"]
    assert order(report, (1, ["e1"]), (3, ["e3"]), (2, ["e2"])) == ["s1", "s3", "s2"]


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=6).map(lambda values: sorted(values, reverse=True)),
    st.lists(st.tuples(st.integers(0, 7), st.lists(st.sampled_from(["e1", "e2", "e3", "e9"]), max_size=3)), max_size=6),
    st.sampled_from(list(Verdict)),
)
def test_nobody_passes_one_who_is_clearly_likelier(
    confidences: list[float], ranking: list[tuple[int, list[str]]], verdict: Verdict
) -> None:
    report = a_report(*confidences, verdict=verdict)
    found = reordered(report, [Ranked(candidate=number, evidence=evidence) for number, evidence in ranking])
    assert sorted(str(one.service) for one in found) == sorted(str(one.service) for one in report.candidates)
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    for place, one in enumerate(found):
        assert all(later.confidence <= one.confidence + MARGIN for later in found[place:])
    if verdict is Verdict.ROOT_CAUSE:
        assert found[0] == report.candidates[0]


def test_fields_that_nobody_asked_for_are_not_read() -> None:
    draft = Draft.model_validate({"overview": "x", "severity": "low", "verdict": "not_confirmed", "root_cause": {}})
    assert set(draft.model_dump()) == {"overview", "reasoning", "recommendations", "ranking"}
