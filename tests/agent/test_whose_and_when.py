"""Right figures, times and ways told of another: of a service for its region, of another metric, signal or cause."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

PROSE = [
    ("demo-7d647c", "{} emits 25 g/min of CO₂, where 16 g/min is usual [e1].", "us-central1", "ledger"),
    ("demo-9f4614", "The error rate of payments rose to {} [e2].", "48 %", "48 ‰"),
    ("demo-0ef562", "The errors of checkout set in at {} UTC [e2].", "15:37", "15:44"),
    ("demo-9f4614", "The alert was about the {} of payments.", "latency", "memory"),
    ("demo-b97131", "{} fails [e2] [e4].", "checkout fails because ledger", "ledger fails because checkout"),
    ("demo-be3b51", "Checkout takes {} times the CO₂ its requests usually take [e1].", "1.1", "2.1"),
    ("edgedelta-rootcausebench-payment-nil-deref-panic", "The panic count of paymentservice is {} [e1].", "24", "0.7"),
    (
        "edgedelta-rootcausebench-metric-ingestor-metadata-deser",
        "Nothing was deployed to {} before the onset.",
        "",
        "metric-ingestor-1",
    ),
]
ADVICE = [
    ("demo-be3b51", "Look into {} first, because its errors rose [e2].", "checkout", "search"),
    ("demo-be3b51", "Scale out checkout, because its latency {} [e2].", "rose", "fell"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PROSE)
def test_what_is_told_of_another_is_not_kept(report: str, text: str, right: str, wrong: str) -> None:
    assert ground_known(text.format(wrong), known(report)).sentences[0].outcome != "kept"
    if right:
        assert ground_known(text.format(right), known(report)).sentences[0].outcome == "kept"


@pytest.mark.parametrize(("report", "text", "right", "wrong"), ADVICE)
def test_the_reason_of_advice_is_of_whom_it_names(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report), is_advice=True).sentences[0] for one in (right, wrong))
    assert told.outcome == "kept"
    assert lie.outcome != "kept"
