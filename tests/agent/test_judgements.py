"""What is judged has reasons, and blames nobody: ranks, severities, what is known; and states that figures show."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CHECKOUT = known("demo-1f9d4c")
PAIRS = [
    ("{} has a confidence of 0.62, because all of its requests fail.", "ledger", "payments"),
    ("{} is favoured, since its average latency is 2,000 ms.", "ledger", "payments"),
    ("ledger leads with 0.62, because {}.", "all of its requests fail", "payments slowed it down"),
    ("payments is {} likely than ledger, because its new errors name ledger.", "less", "more"),
    ("{} shows no deviation of its own, so it gets no confidence.", "cart", "ledger"),
    ("As 29 % of the requests of checkout fail, {} cannot be the cause.", "cart", "ledger"),
    ("This makes the incident {}.", "critical", "low"),
    ("The failures go back to {}, where all requests of ledger fail.", "ledger", "cart"),
    ("{} is down, and 100 % of the requests of ledger fail.", "ledger", "cart"),
    ("What speaks for {} is that 100 % of the requests of ledger fail.", "ledger", "cart"),
    ("Against cart speaks that it shows {} of its own.", "no deviation", "errors"),
    ("{} requests of checkout failed in the window than in the baseline.", "More", "Fewer"),
    ("ledger made the requests of {} fail.", "checkout", "inventory"),
]


@pytest.mark.parametrize(("text", "right", "wrong"), PAIRS)
def test_what_is_so_is_kept_and_what_is_not_so_is_not(text: str, right: str, wrong: str) -> None:
    assert {one.outcome for one in ground_known(text.format(right), CHECKOUT).sentences} == {"kept"}
    assert {one.outcome for one in ground_known(text.format(wrong), CHECKOUT).sentences} != {"kept"}


def test_what_a_report_cannot_know_is_marked_and_that_it_has_ended_is_refuted() -> None:
    text = "All requests of ledger fail, and {}."
    assert ground_known(text.format("cart is down"), CHECKOUT).sentences[0].outcome == "marked"
    assert "recovered" not in ground_known(text.format("it has recovered"), CHECKOUT).text
