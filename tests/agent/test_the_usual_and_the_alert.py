"""Figures that are set against usual ones, the baseline's length, the alert's value, and what came first."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.grounding.report.known import Known

CHECKOUT, AUTH = known("demo-373452"), known("demo-65048e")
# Right and wrong in one place of each.
OF_CHECKOUT = [
    ("The baseline covers 11:51 to 15:37 UTC, which is {}.", "3 h 46 min", "13 min"),
    ("The baseline is the {} before the window.", "3 h 46 min", "seven days"),
    ("The p99 latency of checkout is 5,020 ms, 9 times the {} of the baseline.", "550 ms", "233 ms"),
    ("In checkout 38 % of the requests fail, against the {} of the baseline.", "0.7 %", "0.3 %"),
    ("The excess of checkout in us-central1 lies between 3.5 gCO₂e and {}.", "4.2 gCO₂e", "3.7 gCO₂e"),
    ("checkout fails 38 % of its requests and answers in 2,150 ms, where {} and 233 ms are usual.", "0.7 %", "0.3 %"),
    ("checkout answers in 2,150 ms and fails 38 % of its requests, against {} and 0.7 % usually.", "233 ms", "431 ms"),
    ("In checkout about {} requests failed per minute of the window.", "2,220", "5,780"),
    ("deploy-8722 of search has a confidence of 0, compared with {} for the first.", "0.86", "0.68"),
    ("deploy-8722 of search has a confidence of 0, where the first candidate has {}.", "0.86", "0.68"),
    ("Two candidates were weighed, and {} in us-central1 comes first.", "checkout", "search"),
    ("The latency of checkout is 2,150 ms on average, which is {} than usual.", "more", "less"),
    ("38 % of the requests of checkout fail, {} than before.", "more", "fewer"),
    ("The alert was raised {} checkout began to deviate.", "after", "before"),
    ("checkout began to deviate {} the alert was raised.", "before", "only after"),
    ("checkout logged {} PoolTimeout errors in the window than before it.", "more", "fewer"),
    ("deploy-{} of its service brought about the failures of checkout.", "8723", "8722"),
    ("Requests to checkout {} more often than usual.", "fail", "do not fail"),
]
OF_AUTH = [
    ("The alert fired at 21:51 UTC, when {} errors of auth were counted.", "10", "14"),
]


@pytest.mark.parametrize(
    ("known", "text", "right", "wrong"),
    [(known, *one) for known, told in ((CHECKOUT, OF_CHECKOUT), (AUTH, OF_AUTH)) for one in told],
)
def test_what_is_set_against_the_usual(known: Known, text: str, right: str, wrong: str) -> None:
    assert {one.outcome for one in ground_known(text.format(right), known).sentences} == {"kept"}
    assert "kept" not in {one.outcome for one in ground_known(text.format(wrong), known).sentences}


@pytest.mark.parametrize(
    ("deployment", "is_kept"), [("deploy-8723 of checkout", True), ("deploy-8722 of search", False)]
)
def test_advice_gives_no_other_cause(deployment: str, is_kept: bool) -> None:
    text = f"Roll back {deployment}, since it brought about the deviation of checkout."
    assert (ground_known(text, CHECKOUT, is_advice=True).sentences[0].outcome == "kept") == is_kept
