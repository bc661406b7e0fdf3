"""Words that turn what a sentence says, and what the report says in words of its own: right kept, wrong not."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

PAIRS = [
    # Denied of another, which is read as if it were told of it.
    ("demo-439e57", "The new errors of checkout name ledger {}.", "and payments", "but never payments"),
    ("demo-1434b2", "The new errors of payments name ledger and not {}.", "psp-alpha", "checkout, but search"),
    ("demo-7846d9", "Deployment deploy-8727 went to {} [e5].", "europe-west1 and not to us-central1", "us-central1"),
    ("demo-1378d8", "deploy-8734 and deploy-8733 were of {} [e5].", "search and not of payments", "payments"),
    # Causes in other constructions.
    ("demo-1434b2", "Its {} is the reason [e4].", "dependency ledger", "caller checkout"),
    ("demo-439e57", "{} suffers from a failing dependency [e8].", "The checkout service", "The ledger service"),
    ("demo-9bed44", "A {} broke shipping: cfg-3095 [e6].", "configuration change", "surge of requests"),
    ("demo-439e57", "{} is only a consequence, since its new errors name ledger [e8].", "PaymentFailed", "Ledger"),
    ("demo-9bed44", "No other candidate was found besides {} [e6].", "cfg-3095", "checkout"),
    # What the report says without a figure.
    ("demo-1434b2", "{} past incidents record what they cost to estimate orders from.", "Too few", "Enough"),
    ("demo-1434b2", "Nothing that was read connects checkout with {} [e9].", "payments", "ledger"),
    ("demo-9bed44", "The version of shipping {} 2.5.3 with cfg-3095 [e6].", "stayed", "rose past"),
    ("demo-7846d9", "{} CO₂ than usual [e1].", "No request takes more", "Each request takes far more"),
    ("demo-7846d9", "{} sample holds the CO₂ of that whole pause [e3].", "The next", "No"),
    ("demo-7846d9", "{} loss came of it.", "No", "A considerable"),
    # Order by a pronoun, and callees.
    (
        "demo-35f6c0",
        "The errors of {} began to fail only after that.",
        "ledger began at 09:41 UTC [e5]. Payments",
        "payments began at 09:43 UTC [e7]. Ledger",
    ),
    ("demo-35f6c0", "The fault lies in what checkout calls: {} [e5].", "ledger", "all that it calls is as usual"),
    # A negative excess, and who only looks like a service.
    ("demo-d6665a", "The excess is -0.089 gCO₂e, from -0.11 to {} [e1].", "-0.069", "-0.019"),
    ("demo-d6665a", "The new errors of payments {} ledger [e6].", "name", "do not name"),
    (
        "demo-b6874d",
        "PaymentDeclined, seen 2 times in checkout before the window, {} it [e6].",
        "did not occur during",
        "occurred during",
    ),
    ("demo-b6874d", "Half of the requests of ledger took no longer than {} [e5].", "2,010 ms", "19 ms"),
    (
        "nezha-train-ticket-2023-01-29-1113",
        "It writes {} [e2].",
        "hardly any more of that line",
        "ts-order-service lines",
    ),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PAIRS)
def test_what_is_so_is_kept_and_what_is_not_so_is_not(report: str, text: str, right: str, wrong: str) -> None:
    kept, lie = text.format(right), text.format(wrong)
    assert ground_known(kept, known(report)).text == kept
    assert ground_known(lie, known(report)).text != lie


@pytest.mark.parametrize(
    ("report", "text"),
    [
        ("demo-1434b2", "payments in europe-west1 is slow and handles its queue as quickly as ledger does [e2]."),
        ("demo-1434b2", "73 % of the requests of payments fail, and its answers are tidier than those of ledger [e2]."),
        ("demo-1434b2", "73 % of the requests of payments fail, and the pool was never drained in that time [e2]."),
    ],
)
def test_a_comparison_or_a_denial_that_nothing_reads_is_not_shown_as_if_it_held(report: str, text: str) -> None:
    assert ground_known(text, known(report)).text != text
