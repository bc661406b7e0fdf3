"""Of a list each figure is its own name's, of so many it is what they are, and what nobody has is no service's."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

PROSE = [
    # Where a region was alerted, a figure without an owner is the region's.
    ("demo-7ae117", "{} of the requests fail.", "22 %", "38 %"),
    ("demo-7ae117", "Checkout is slow. In europe-west1, the latency is {}.", "616 ms", "1,870 ms"),
    ("demo-f8bf9d", "{} has 30 % of the rise, deploy-8716 25 %.", "deploy-8696", "deploy-8727"),
    ("demo-f8bf9d", "Deploy-8696 has {} % of the rise, deploy-8716 25 %.", "30", "25"),
    ("demo-f8bf9d", "{} touched us-central1.", "", "Two deployments"),
    ("demo-f8bf9d", "{} failed.", "None of the 131 requests", "131 requests"),
    # Of another statistic, which the sentence before tells.
    ("demo-bccffc", "The p95 latency is 5,010 ms. Before, it was {}.", "417 ms", "232 ms"),
    ("demo-bccffc", "The confidence in {} is 0.74.", "deploy-8730", "deploy-8729"),
    ("demo-7ae117", "Retries rose at {} UTC.", "09:42", "09:47"),
    ("demo-7ae117", "The latency rose at {} UTC.", "", "09:42"),
    # Who failed first, and from whom one suffers.
    ("demo-e7abe1", "{} checkout, {} failed.", "Before|ledger", "After|ledger"),
    ("demo-e7abe1", "{} followed {} three minutes later.", "Checkout|ledger", "Ledger|checkout"),
    ("demo-e7abe1", "Payments suffers from {}.", "ledger", "checkout"),
    ("demo-7ae117", "{} fail 38 % of their requests.", "", "Both ledger and checkout"),
    ("demo-bccffc", "PoolTimeout came {} in the window.", "13 times", "twice"),
    # When the samples paused.
    ("demo-7846d9", "No sample of us-central1 came between {} UTC [e3].", "10:58 UTC and 11:18", "10:58 UTC and 11:20"),
    ("demo-7846d9", "The pause {} at 10:58 UTC [e3].", "began", "ended"),
    # The end of a range, told as what is likely.
    ("demo-bccffc", "The rollback of deploy-8730 saves about {} an hour.", "14 g", "15 g"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PROSE)
def test_each_has_its_own(report: str, text: str, right: str, wrong: str) -> None:
    assert ground_known(text.format(*wrong.split("|")), known(report)).sentences[-1].outcome != "kept"
    if right:
        assert ground_known(text.format(*right.split("|")), known(report)).sentences[-1].outcome == "kept"
