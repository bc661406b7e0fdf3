"""Confidence: within bounds, growing with evidence, and of a fit that says where it is from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.analysis.system.calibration import HIGHEST, figures, fitted

scores = st.lists(st.floats(0, 50), max_size=6).map(lambda found: sorted(found, reverse=True))


@given(scores)
def test_confidence_is_a_probability(found: list[float]) -> None:
    assert 0 <= fitted().confidence(found) <= HIGHEST


@given(st.floats(0.01, 50), st.floats(0.01, 50))
def test_more_evidence_alone_is_never_less_sure(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert fitted().confidence([low]) <= fitted().confidence([high])


@given(st.floats(0.1, 50), st.floats(0, 1), st.floats(0, 1))
def test_a_closer_second_is_never_more_sure(first: float, one: float, other: float) -> None:
    near, far = max(one, other) * first, min(one, other) * first
    assert fitted().confidence([first, near]) <= fitted().confidence([first, far])


def test_nothing_is_no_confidence() -> None:
    assert fitted().confidence([]) == 0
    assert fitted().confidence([0.0]) == 0


def test_the_lead_of_one_alone_is_all_of_it() -> None:
    assert figures([9.5]) == figures([9.5, 0.0])


def test_the_fit_says_where_it_is_from() -> None:
    assert {"command", "date", "datasets", "cases"} <= fitted().provenance.keys()
