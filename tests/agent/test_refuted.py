"""What is told plainly and was recorded otherwise."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

TOLD = [
    ("demo-0ef562", "Neither {} nor ledger was deployed in the two hours before the onset.", "shipping", "checkout"),
    ("demo-9f4614", "{} of sampled log lines show the errors of payments [e2].", "Dozens", "Thousands"),
    ("demo-be3b51", "The carbon per 1,000 requests of checkout {} [e1].", "went up", "went down"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_was_recorded_otherwise_goes(report: str, text: str, right: str, wrong: str) -> None:
    assert ground_known(text.format(wrong), known(report)).sentences[0].outcome != "kept"
    told = ground_known(text.format(right), known(report)).sentences[0]
    assert not [one for one in told.claims if not one.holds and not one.is_open]
