"""When the window and the baseline are, what the lines of one region count, and courses that nothing shows."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.grounding.report.known import Known

CHECKOUT, AUTH = known("demo-373452"), known("demo-65048e")
PAYMENTS, QUIET = known("demo-4138dd"), known("demo-28f7ea")
# Right and wrong in one place of each.
OF_CHECKOUT = [
    ("The window from 15:37 to 15:50 UTC was compared with a baseline from 11:51 to {} UTC.", "15:37", "15:50"),
    ("The window runs from {} to 15:50 UTC, and the baseline from 11:51 to 15:37 UTC.", "15:37", "15:36"),
    ("The investigation looked at 13 minutes of checkout, from 15:37 UTC to {} UTC.", "15:50", "15:51"),
    ("What is usual was taken from the 3 hours and 46 minutes before {} UTC.", "15:37", "15:50"),
    ("The grid intensity used for us-central1 is {} gCO₂e/kWh.", "412.72", "103.37"),
    ("Between {} and 4.1 gCO₂e were expected of checkout in 13 minutes.", "3.7", "3.2"),
    ("checkout answers slowly, at {} against a usual 233 ms, and fails 38 % of its requests.", "2,150 ms", "1,250 ms"),
    ("Besides failures, {} (27,200 to 45,200) more requests took longer than 431 ms.", "36,200", "28,800"),
    ("deploy-8722 brought version {} of search.", "3.12.5", "3.12.4"),
    ("search shows no deviation, so deploy-{} stands last among the candidates.", "8722", "8723"),
    ("deploy-{} is no likely cause: it shows no deviation.", "8722 of search", "8723 of checkout"),
    ("At the same time its latency is {} on average, compared with 233 ms usually.", "2,150 ms", "1,250 ms"),
    ("PoolTimeout stands in 18 sampled lines of checkout, compared with {} before.", "none", "as many"),
    ("The latency of checkout is 2,150 ms on average, usually 233 ms{}.", "", ", and it is still getting worse"),
    ("38 % of the requests of checkout failed, {}.", "usually 0.7 %", "and the business lost orders"),
]  # fmt: skip
OF_AUTH = [
    ("The measured 1.1 gCO₂e lie {} the expected range of 0.88 to 1 gCO₂e.", "above", "within"),
    ("{} of the sampled log lines of auth in europe-west1 are errors.", "Eight", "Eleven"),
]
OF_PAYMENTS = [
    ("The 12 log lines of payments in europe-west1 are {} to confirm the rise.", "too few", "enough"),
]
OF_QUIET = [("{} in us-central1 than usual.", "No more requests fail", "More requests fail")]


@pytest.mark.parametrize(
    ("of", "text", "right", "wrong"),
    [
        (of, *one)
        for of, told in ((CHECKOUT, OF_CHECKOUT), (AUTH, OF_AUTH), (PAYMENTS, OF_PAYMENTS), (QUIET, OF_QUIET))
        for one in told
    ],
)
def test_what_is_told_of_spans_and_lines(of: Known, text: str, right: str, wrong: str) -> None:
    assert {one.outcome for one in ground_known(text.format(right), of).sentences} == {"kept"}
    assert {one.outcome for one in ground_known(text.format(wrong), of).sentences} != {"kept"}


@pytest.mark.parametrize(
    ("of", "text", "is_kept"),
    [
        (CHECKOUT, "There is no reason to roll back deploy-8722, because search shows no deviation.", True),
        (CHECKOUT, "There is no reason to roll back deploy-8723, because checkout shows no deviation.", False),
        (CHECKOUT, "Restart search, which has been out of memory since 15:37 UTC.", False),
        (CHECKOUT, "Restart checkout, which would free its pool.", True),
        (CHECKOUT, "Nothing needs to be repaired now.", False),
        (QUIET, "Nothing needs to be repaired now.", True),
    ],
)
def test_advice_rests_on_what_is_so(of: Known, text: str, is_kept: bool) -> None:
    assert (ground_known(text, of, is_advice=True).sentences[0].outcome == "kept") == is_kept


OTHERWISE_WORDED = [
    (CHECKOUT, "On 25 November 2026 the window began at 15:37 UTC and ended at {} UTC.", "15:50", "15:45"),
    (CHECKOUT, "On {} November 2026 the window began at 15:37 UTC and ended at 15:50 UTC.", "25", "24"),
    (CHECKOUT, "Usually the latency of checkout (us-central1) is {} on average.", "233 ms", "2,150 ms"),
    (CHECKOUT, "Version 3.12.5 of {} was deployed to us-central1 as deploy-8722.", "search", "checkout"),
    (CHECKOUT, "deploy-8722 of search has a confidence of {} as the cause.", "0", "1"),
    (CHECKOUT, "search in us-central1 is candidate {}, with a confidence of 0.", "2", "1"),
    (
        CHECKOUT,
        "In checkout, 36,200 (27,200 to 45,200) {} requests than usual were slower than 431 ms.",
        "more",
        "fewer",
    ),
    (AUTH, "The measured CO₂ is {} the expectation's range.", "above", "within"),
    (QUIET, "There is no loss of orders, since the spike was {}confirmed.", "not ", ""),
]


@pytest.mark.parametrize(("of", "text", "right", "wrong"), OTHERWISE_WORDED)
def test_what_is_told_in_other_words(of: Known, text: str, right: str, wrong: str) -> None:
    assert {one.outcome for one in ground_known(text.format(right), of).sentences} == {"kept"}
    assert {one.outcome for one in ground_known(text.format(wrong), of).sentences} != {"kept"}


def test_what_would_settle_it_is_what_the_ranking_says() -> None:
    first = CHECKOUT.report.candidates[0]
    told = first.check[0].lower() + first.check[1:].rstrip(".")
    assert ground_known(f"To settle it, one would {told}.", CHECKOUT).sentences[0].outcome == "kept"
    for text in ("To settle it, one would restart search.", "Rolling back deploy-8722 would settle it at once."):
        assert ground_known(text, CHECKOUT).sentences[0].outcome != "kept"
