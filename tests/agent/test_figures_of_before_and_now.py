"""What 1,000 requests took, what was usual until then, what other lines hold, a range around a figure, and a bare 0."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CHECKOUT, PAYMENTS, PEAK = "demo-373452", "silent-dependency", "evening-peak"

PAIRS = [
    # The second is a minute's as well.
    (
        "demo-d44d78",
        "recommendations in asia-east1 runs at 9 g a minute, and 2.6 g is expected [e1].",
        "recommendations in asia-east1 runs at 9 g a minute, and 5.6 g is expected [e1].",
    ),
    # Whose place it is told behind has another confidence.
    (
        "demo-588375",
        "frontend ranks behind the first candidate with a confidence of 0.22.",
        "frontend ranks behind the first candidate with a confidence of 0.48.",
    ),
    # What 1,000 requests of a service take, whoever is named between.
    (
        CHECKOUT,
        "1,000 requests of checkout in us-central1 took 217 mgCO₂e, before it 116 mgCO₂e.",
        "1,000 requests of checkout in us-central1 took 116 mgCO₂e, before it 217 mgCO₂e.",
    ),
    (
        CHECKOUT,
        "1,000 requests to checkout now take 217 mgCO₂e.",
        "1,000 requests to checkout now take 7.6 gCO₂e.",
    ),
    # What was usual before: the digits of a name are no figure.
    (
        CHECKOUT,
        "Before the incident, checkout in us-central1 failed only 0.7 % of its requests [e2].",
        "Before the incident, checkout in us-central1 failed only 38 % of its requests [e2].",
    ),
    (
        CHECKOUT,
        "Until 15:37 UTC, checkout in us-central1 failed almost none of its requests, 0.7 % [e2].",
        "Until 15:37 UTC, checkout in us-central1 failed almost none of its requests, 38 % [e2].",
    ),
    (
        CHECKOUT,
        "Before deploy-8723, 0.6 % of the log lines of checkout were errors [e4].",
        "Before deploy-8723, 40 % of the log lines of checkout were errors [e4].",
    ),
    # What other lines hold.
    (
        CHECKOUT,
        "Log lines of deploy-8723 hold 40 % errors, while the other lines of checkout hold 0.6 % [e4].",
        "Log lines of deploy-8723 hold 40 % errors, while the other lines of checkout hold 40 % [e4].",
    ),
    (
        CHECKOUT,
        "In the log lines of deploy-8723 40 % are errors. Those lines also take longer, 2,230 ms against 227 ms [e4].",
        "In the log lines of deploy-8723 40 % are errors. Those lines also take longer, 227 ms against 2,230 ms [e4].",
    ),
    # A range is around the figure before it.
    (CHECKOUT, "The excess is 3.7 gCO₂e, from 3.5 to 4.2 [e1].", "The excess is 3.7 gCO₂e, from 3.1 to 4.2 [e1]."),
    (
        PEAK,
        "The measured value is within the range of 105 to 110 gCO₂e [e1].",
        "The measured value is within the range of 105 to 120 gCO₂e [e1].",
    ),
    # A part of the excess, of what was spoken of before.
    (
        CHECKOUT,
        "Retries of checkout went up to 64 %. They are responsible for 2.7 gCO₂e of the excess.",
        "Errors of checkout went up to 38 %. They are responsible for 2.7 gCO₂e of the excess.",
    ),
    # Of a whole, told first.
    (
        PEAK,
        "Of the rise of carbon of playback, a share of 0.955 belongs to southamerica-east1 [e3].",
        "Of the rise of carbon of playback, a share of 0.955 belongs to asia-northeast1 [e3].",
    ),
    # As a bare 0.
    (PEAK, "Errors and retries of playback stayed at 0 [e2].", "Errors and latency of playback stayed at 0 [e2]."),
    (PAYMENTS, "Usually retries of payments were 0 [e2].", "Retries of payments were 0 [e2]."),
    # A quantile hardly changed, or did.
    (
        PAYMENTS,
        "The average latency of payments is 409 ms, where 85 ms is usual.",
        "The median latency of payments hardly changed: 401 ms against 79.6 ms [e6].",
    ),
    # What the rule sums, and at what it fires.
    (
        CHECKOUT,
        "The rule fires when the sum of estimated_co2_grams is greater than 6.",
        "The rule fires when the sum of estimated_co2_grams is greater than 8.",
    ),
    # Confidences of several, as causes.
    (PAYMENTS, "Payments as a cause reaches 0.03.", "Payments as a cause reaches 0.57."),
    # Which changes are not blamed.
    (
        CHECKOUT,
        "Search received deploy-8722 at 15:25 UTC [e6]. None of these changes is given as the cause.",
        "Checkout received deploy-8723 at 15:36 UTC [e6]. None of these changes is given as the cause.",
    ),
]


@pytest.mark.parametrize(("report", "right", "wrong"), PAIRS)
def test_only_what_was_recorded_is_kept(report: str, right: str, wrong: str) -> None:
    of = known(report)
    assert [one.outcome for one in ground_known(right, of).sentences] == ["kept"] * right.count(". ") + ["kept"]
    assert ground_known(wrong, of).sentences[-1].outcome != "kept"
