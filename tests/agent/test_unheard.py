"""Names of nobody where only a service can stand, and figures and denials of somebody else: pairs of a kind."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

DEPLOYED, REGION, PAUSED = "bad-deployment", "demo-7ae117", "demo-7846d9"
PAIRS = [
    # Where only a service can stand.
    (DEPLOYED, "Since 14:57 UTC, 21 % of the requests of {} fail [e2].", "checkout", "shipping"),
    (DEPLOYED, "The latency of {} rose [e2].", "checkout", "recommendations"),
    (DEPLOYED, "{} logged PoolTimeoutError 30 times [e4].", "Checkout", "Shipping"),
    (DEPLOYED, "Retries against {} rose to 37 % [e2].", "checkout", "tracking"),
    (REGION, "All new errors of payments name {} [e8].", "ledger", "messaging"),
    (DEPLOYED, "For {}, 21 % of the requests fail [e2].", "checkout", "shipping"),
    (DEPLOYED, "{}'s latency rose to 332 ms [e2].", "Checkout", "Shipping"),
    (DEPLOYED, "PoolTimeoutError is logged by {} 30 times [e4].", "checkout", "shipping"),
    # A general noun stands there as well.
    (DEPLOYED, "21 % of the requests of {} fail in us-central1 [e2].", "checkout in question", "messaging"),
    (DEPLOYED, "0 % of the log lines of {} 7.1.0 are errors [e7].", "version", "shipping"),
    # What a deployment, or a version, made no worse.
    (
        DEPLOYED,
        "{} came before the onset and made nothing worse [e7].",
        "deploy-8840 of search",
        "deploy-8841 of checkout",
    ),
    (DEPLOYED, "Version {} is no worse than the version before it [e7].", "7.1.0 of search", "2.3.0 of checkout"),
    # Never before, and of another type of errors a few times.
    (DEPLOYED, "checkout logged {}, before not once [e4].", "PoolTimeoutError 30 times", "PaymentDeclined twice"),
    # What the requests explain, and what was before, told behind what is now.
    (DEPLOYED, "checkout emitted {} than its requests explain [e1].", "more CO₂", "no more CO₂"),
    (DEPLOYED, "The p95 of checkout is {} [e6].", "749 ms and before 125 ms", "125 ms and before 749 ms"),
    # Denied at the head of a sentence.
    (DEPLOYED, "No sign of a rise of {} was found [e1 e2].", "memory", "retries"),
    (DEPLOYED, "{} names a pool [e4].", "A log line of checkout", "No log line"),
    (DEPLOYED, "No rise of {} was seen for checkout [e1 e2].", "memory", "retries"),
    (REGION, "No deployment of {} was recorded before the onset [e10].", "payments", "any service"),
    # A service's figure told of its region, a caller's of what it calls.
    (REGION, "{} % of the requests of europe-west1 fail, usually 0.4 % [e2].", "22", "100"),
    (REGION, "{} % of the calls to ledger fail.", "100", "44"),
    (DEPLOYED, "The p95 latency of checkout went to 749 ms. Before, it was {} ms [e6].", "125", "85"),
    # What was never lost, never counted, and whose part is the largest.
    (PAUSED, "The emissions of the pause {} [e3].", "are in the next sample", "are lost and appear in no sample"),
    (
        PAUSED,
        "{} no user was affected.",
        "Since no more requests fail than usual,",
        "A count of sessions confirms that",
    ),
    (PAUSED, "The largest share of the small rise in carbon belongs to {} [e4].", "recommendations", "search"),
    # Likened to another region.
    (DEPLOYED, "checkout in us-central1 has {} [e3].", "a rise of carbon", "the same rise as that in europe-west1"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PAIRS)
def test_the_true_one_is_kept_and_the_other_is_not(report: str, text: str, right: str, wrong: str) -> None:
    assert ground_known(text.format(wrong), known(report)).sentences[-1].outcome != "kept"
    assert ground_known(text.format(right), known(report)).sentences[-1].outcome == "kept"
