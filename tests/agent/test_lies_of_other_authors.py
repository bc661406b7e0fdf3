"""Lies that outsiders wrote of new reports, in other words and of other reports, and what is true in their place."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

LEDGER, CONFIG, QUIET = "demo-9059f2", "demo-d76f3b", "demo-28f7ea"
PAIRS = [
    # Who makes whom slow.
    (LEDGER, "payments is slow because ledger fails.", "cart is slow because ledger fails."),
    (LEDGER, "The investigation shows that ledger makes payments slow.", "ledger makes catalog slow."),
    # Whom errors name, and of which type they are.
    (LEDGER, "Payments' new errors name ledger.", "Payments' new errors do not name ledger."),
    (LEDGER, "Checkout's new errors name payments.", "None of checkout's new errors names payments."),
    (LEDGER, "All of ledger's errors are of type DatabaseUnavailable.", "Most of payments' errors are CardDeclined."),
    (
        CONFIG,
        "The errors of shipping are almost all TariffZoneUnknown.",
        "The errors of shipping are mostly of type AddressNotServed.",
    ),
    # Whom the report names, and who ranks first.
    (
        LEDGER,
        "The report names ledger as root cause with confidence 0.62.",
        "The report names payments as root cause with confidence 0.62.",
    ),
    (LEDGER, "payments is not named as the root cause.", "ledger is not identified as the root cause."),
    (
        LEDGER,
        "The strongest candidate is the error DatabaseUnavailable of ledger.",
        "The top candidate is the error PaymentFailed of checkout.",
    ),
    (
        CONFIG,
        "The investigation found that a change of shipping explains the errors.",
        "The investigation found that a dependency of shipping explains the errors.",
    ),
    # How many.
    (LEDGER, "Every request to ledger in europe-west1 fails.", "Each request to payments in europe-west1 has failed."),
    (
        LEDGER,
        "Nearly half of the 15 timed lines of checkout were slower than the usual p95.",
        "Most of the 15 timed lines of checkout were slower than the usual p95.",
    ),
    (QUIET, "The excess is not proven.", "The excess cannot be chance."),
    (
        QUIET,
        "1 of 152 sampled log lines are errors.",
        "Several changes are recorded in us-central1 in the two hours before the alert.",
    ),
    (
        LEDGER,
        "100 % of the requests to ledger in europe-west1 fail.",
        "100 % of the requests to ledger in europe-west1 fail, and so do those to its caller recommendations.",
    ),
]


@pytest.mark.parametrize(("report", "right", "wrong"), PAIRS)
def test_the_truth_stays_and_its_opposite_does_not(report: str, right: str, wrong: str) -> None:
    found = ground_known(right, known(report))
    assert found.text == right, found.sentences[0].claims
    assert ground_known(wrong, known(report)).sentences[-1].outcome != "kept"
