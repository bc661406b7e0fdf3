"""What is told of every one of a list, in another unit, of a region's own, or done to whom: kept as it was measured."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

LEDGER, REGION, QUIET, CATALOG = "demo-9059f2", "demo-7ae117", "demo-28f7ea", "demo-025d41"

PAIRS = [
    # Each of a list; and what was measured of the region is no service's own.
    (REGION, "ledger and payments show a rise in errors.", "ledger, cart and payments show a rise in errors."),
    (REGION, "Errors rose in ledger and payments.", "Errors rose in ledger, cart and payments."),
    (REGION, "ledger and payments fail.", "ledger, cart and payments fail."),
    (REGION, "payments shows a rise in errors.", "cart shows a rise in errors."),
    (QUIET, "In us-central1, auth was deployed at 01:33 UTC.", "auth and cart were deployed at 01:33 UTC."),
    # "ledger, europe-west1" is ledger in europe-west1.
    (LEDGER, "cart, europe-west1 received version 4.9.6 at 09:27 UTC.", "ledger, europe-west1 received version 4.9.6."),
    # Scales and units.
    (LEDGER, "About 12.5 thousand requests failed.", "About 12,500 thousand requests failed."),
    (LEDGER, "The excess stands for 0.42 vCPU-hours.", "The excess stands for 0.42 vCPU-days."),
    (LEDGER, "The excess costs about $0.02.", "The excess costs about $0.02 thousand."),
    # Names of every shape.
    (LEDGER, "checkout fails in europe-west1.", "/v2/quote of checkout fails in europe-west1."),
    # Who brings trouble to whom.
    (LEDGER, "ledger passes its failures on to payments.", "payments passes its failures on to ledger."),
    (LEDGER, "The trouble of ledger reached payments.", "The trouble of payments reached ledger."),
    (LEDGER, "ledger fails and makes checkout fail.", "checkout waits for ledger and made its database fail."),
    # How far apart two are, and whose confidence is the same.
    (LEDGER, "Between deploy-8718 and the onset 19 min passed.", "Between deploy-8718 and the onset 10 min passed."),
    (
        LEDGER,
        "payments and checkout have the same confidence of 0.09.",
        "payments and ledger have the same confidence.",
    ),
    (
        LEDGER,
        "The confidence that ledger is the cause is 0.62.",
        "The confidence that ledger is the cause is only 0.4.",
    ),
    # What was expected, and what 1,000 requests take.
    (
        LEDGER,
        "The expected range of 0.63 to 0.71 gCO₂e was exceeded.",
        "The expected range of 0.63 to 0.71 gCO₂e was not exceeded.",
    ),
    (LEDGER, "CO₂ per 1,000 requests rose.", "CO₂ per 1,000 requests fell."),
    # Which region has more of it, and that there was no change of anybody.
    (
        LEDGER,
        "europe-west1 holds the larger share of the rise in errors of checkout.",
        "us-central1 holds the larger share of the rise in errors of checkout.",
    ),
    (
        CATALOG,
        "No deployment or other change is recorded in us-central1.",
        "No deployment of any service was recorded in the two days before the onset.",
    ),
]


def outcome(report: str, text: str) -> str:
    return ground_known(text, known(report)).sentences[-1].outcome


@pytest.mark.parametrize(("report", "right", "wrong"), PAIRS)
def test_right_stays_and_wrong_does_not(report: str, right: str, wrong: str) -> None:
    assert (outcome(report, right), outcome(report, wrong) == "kept") == ("kept", False)


def test_advice_names_no_size_that_no_line_has() -> None:
    advice = "Raise the pool of ledger from size 4, where deploy-8718 left it."
    assert ground_known(advice, known(LEDGER), is_advice=True).sentences[-1].outcome != "kept"
