"""What a report says by its fields alone: its verdict, its excess, whom it blames, and what it has against whom."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

LEDGER, CONFIGURED, DEPLOYED, QUIET = "demo-b97131", "demo-f2fafe", "demo-8d3715", "demo-4eec42"
# What it cost is recorded.
RECORDED = "demo-1c5878"


def is_kept(report: str, text: str) -> bool:
    return ground_known(text, known(report)).sentences[-1].outcome == "kept"


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("The verdict is that a root cause was found.", LEDGER, QUIET),
        ("No root cause.", QUIET, LEDGER),
        ("Its verdict is that nothing is confirmed.", QUIET, DEPLOYED),
        ("There is no candidate for a cause.", QUIET, DEPLOYED),
        ("The investigation does not blame a deployment.", LEDGER, DEPLOYED),
        ("The difference lies within the range of the expectation [e1].", CONFIGURED, DEPLOYED),
        ("Slower work is part of the excess.", DEPLOYED, LEDGER),
        ("Verdict of the comparison: worse.", DEPLOYED, LEDGER),
        ("All new errors are of one type.", CONFIGURED, QUIET),
        ("Nothing was recorded about orders or revenue.", LEDGER, RECORDED),
        ("Requests do not fail more than usual.", QUIET, LEDGER),
        ("Errors are not up.", QUIET, DEPLOYED),
        ("No requests of checkout were slower than usual.", QUIET, DEPLOYED),
        ("A request took about the CO₂ it usually takes.", QUIET, DEPLOYED),
        ("vCPU-hours and cost: unknown.", "nezha-online-boutique-2022-08-22-0509", DEPLOYED),
    ],
)
def test_it_is_so_in_one_report_and_not_in_the_other(text: str, right: str, wrong: str) -> None:
    assert [is_kept(right, text), is_kept(wrong, text)] == [True, False]


@pytest.mark.parametrize(
    ("report", "text", "right", "wrong"),
    [
        (LEDGER, "Nothing in the report speaks against {}.", "ledger", "payments"),
        (LEDGER, "Against {} the ranking lists nothing.", "ledger", "checkout"),
        (LEDGER, "That is why {} cannot be the cause.", "cart", "ledger"),
        (LEDGER, "{} cannot be the cause.", "Payments", "Ledger"),
        (LEDGER, "{} is the last candidate.", "Deploy-8736", "Payments"),
        (LEDGER, "deploy-8736 went to {}.", "cart", "payments"),
        (DEPLOYED, "No change of {} explains it.", "search in us-central1", "checkout in us-central1"),
    ],
)
def test_it_is_so_of_one_and_not_of_the_other(report: str, text: str, right: str, wrong: str) -> None:
    assert [is_kept(report, text.format(one)) for one in (right, wrong)] == [True, False]
