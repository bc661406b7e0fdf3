"""What stands where, how a failure spread, and what was before, told by the way."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CHECKOUT, CHAIN, REGION, AUTH = "demo-bccffc", "demo-b97131", "demo-f8bf9d", "demo-93d59b"
KAFKA = "edgedelta-rootcausebench-metric-ingestor-metadata-deser"
PROSE = [
    (CHECKOUT, "The trouble is in {}.", "checkout in us-central1", "search in us-central1"),
    (CHECKOUT, "The trouble is in {}.", "us-central1", "europe-west1"),
    (CHECKOUT, "Checkout answers in 1.57 s on average, and usually in {}.", "229 ms", "430 ms"),
    (CHECKOUT, "Its latency is now 1.57 s on average, where it was {}.", "229 ms", "1.57 s"),
    (
        CHECKOUT,
        "Deploy-8730 came 3 min before the onset. Since then {} of checkout's log lines are errors.",
        "36 %",
        "46 %",
    ),
    (
        CHECKOUT,
        "Deploy-8730 came 3 min before the onset. Since then 36 % of its log lines are errors, and {} were before.",
        "none",
        "2 %",
    ),
    (REGION, "{} by region fired at 21:20 UTC with 0.22 kg.", "Carbon", "Latency"),
    (REGION, "Carbon by region fired at 21:20 UTC with {}.", "0.22 kg", "0.24 kg"),
    (
        CHAIN,
        "So the failure spread from {}.",
        "ledger through payments to checkout",
        "checkout through payments to ledger",
    ),
    (CHAIN, "{} incidents were known when checkout in europe-west1 was investigated.", "15", "12"),
    (CHAIN, "{} of checkout's new errors name ledger.", "60 %", "40 %"),
    (CHAIN, "Nothing that was read shows that {} down.", "payments brought ledger", "ledger brought payments"),
    (CHAIN, "Cart shows no deviation, so nothing speaks for {}.", "deploy-8736", "ledger"),
    (AUTH, "The first candidate has a confidence of 0.77, while both others have {}.", "0", "0.1"),
    (AUTH, "CertificateExpired appears in {} log lines of the window and in none of the baseline.", "10", "14"),
    (KAFKA, "Envelopes flushed fell to {} a minute, from about 261.", "30", "40"),
    (KAFKA, "The log lines of metric-ingestor-1 hold {}.", "no latency", "no errors"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PROSE)
def test_told_in_passing(report: str, text: str, right: str, wrong: str) -> None:
    assert {one.outcome for one in ground_known(text.format(right), known(report)).sentences} == {"kept"}
    assert ground_known(text.format(wrong), known(report)).sentences[-1].outcome != "kept"
