"""Quantiles told as the share that is done in time, what a change holds, and when the rule fired."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

LEDGER, DEPLOYED = "demo-8d9a2d", "demo-2fdb0d"

PAIRS = [
    (LEDGER, "Usually 95 % of payments' requests take no longer than {} [e7].", "468 ms", "2,041 ms"),
    (
        LEDGER,
        "Before, 95 % of the requests of payments in europe-west1 were answered within {} [e7].",
        "468 ms",
        "656 ms",
    ),
    (DEPLOYED, "95 percent of checkout's requests now complete within {}.", "5,007 ms", "431 ms"),
    (DEPLOYED, "Usually {} percent of checkout's requests take no longer than 559 ms.", "99", "95"),
    (DEPLOYED, "Its excess of 2.28 gCO₂e corresponds to {}.", "0.005 kWh", "0.05 kWh"),
    (DEPLOYED, "The excess is 2.28 gCO₂e. It stands for {} of energy.", "0.005 kWh", "0.0061 kWh"),
    (
        LEDGER,
        "The alert of the rule “Errors by service” for payments came {} after the onset.",
        "four minutes",
        "five minutes",
    ),
    (DEPLOYED, "deploy-8717 {}.", "preceded the onset by 3 min", "set the number of workers from 8 to 2"),
    (DEPLOYED, "deploy-8717 of checkout {}.", "is the cause", "emptied the cache"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PAIRS)
def test_the_true_one_is_kept_and_the_wrong_one_is_not(report: str, text: str, right: str, wrong: str) -> None:
    kept = ground_known(text.format(right), known(report)).sentences
    assert {one.outcome for one in kept} == {"kept"}, [one for one in kept if one.outcome != "kept"]
    assert ground_known(text.format(wrong), known(report)).sentences[-1].outcome != "kept"
