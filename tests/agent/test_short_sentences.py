"""Short sentences that lean on the one before, and labels with their figures: read as what they stand for."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

DEPLOYED, CALLED, EXPIRED = "demo-bccffc", "demo-35f6c0", "demo-93d59b"
TOLD = [
    (DEPLOYED, "p95: {} [e5].", "5,010 ms (was 417 ms)", "417 ms (was 5,010 ms)"),
    (DEPLOYED, "Failed requests: about {}.", "24,700 of 93,300", "93,300 of 24,700"),
    (DEPLOYED, "New in checkout: PoolTimeout, {} times [e3].", "13", "31"),
    (DEPLOYED, "The excess is 4.2 gCO₂e (at least {}) [e1].", "3.8, at most 4.6", "5.2, at most 6"),
    (DEPLOYED, "Checkout logged no {} in the window [e3].", "OutOfStock", "PoolTimeout"),
    (CALLED, "No. {} among the candidates is deploy-8732 [e10].", "5", "2"),
    (CALLED, "The origin of the trouble is not {} [e4].", "checkout itself but ledger", "ledger itself but checkout"),
    (EXPIRED, "{}, by contrast, contributed nothing [e3].", "Search", "Frontend"),
    (DEPLOYED, "{} failed.", "Of the roughly 93,300 requests, 24,700", "All of the roughly 93,300 requests"),
    (CALLED, "checkout was responsible for {}, where 1.8 gCO₂e was expected [e1].", "2.2 gCO₂e", "3.9 gCO₂e"),
    (DEPLOYED, "The {} version is clearly worse.", "new", "old"),
    (CALLED, "{} plays no part in this.", "Demand", "Latency"),
    (CALLED, "It fires when count is greater than {}.", "4", "5"),
]
LEANING = [
    (CALLED, "{} fails. So it is a victim, not the cause.", "Payments", "Ledger"),
    (CALLED, "Payments fails. But its errors name ledger. So it is {}.", "a victim", "the cause"),
    (DEPLOYED, "{} came before the onset. The rollout is thus ruled out.", "deploy-8729 of search", "deploy-8730"),
    (DEPLOYED, "The {} of checkout is 56 %. That is nothing unusual.", "memory", "error rate"),
    (DEPLOYED, "27 % of the requests of checkout fail. That is far more than the usual {}.", "0.5 %", "5 %"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_a_short_sentence_is_read_as_what_it_stands_for(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences for one in (right, wrong))
    assert [one.outcome for one in told] == ["kept"]
    assert "kept" not in {one.outcome for one in lie}


@pytest.mark.parametrize(("report", "text", "right", "wrong"), LEANING)
def test_a_sentence_that_leans_is_of_what_was_told_before(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences[-1] for one in (right, wrong))
    assert told.outcome == "kept"
    assert lie.outcome != "kept"


def test_no_other_kind_of_cause_is_blamed() -> None:
    texts = ("No deployment is blamed.", "No deployment or configuration change of it explains this.")
    outcomes = [[ground_known(one, known(of)).sentences[0].outcome for of in (CALLED, DEPLOYED)] for one in texts]
    assert outcomes == [["kept", "removed"]] * len(texts)
