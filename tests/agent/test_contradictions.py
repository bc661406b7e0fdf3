"""True sentences with one word turned: a denied figure, the other side, another signal, who suffers from whom."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

QUIET, DEMAND, LEDGER, DEPLOYED = "demo-3c9131", "demo-2eeef4", "demo-8d9a2d", "demo-2fdb0d"

PAIRS = [
    (LEDGER, "The severity is {}.", "critical", "not critical"),
    (LEDGER, "The severity is {}.", "not medium", "not critical"),
    (DEPLOYED, "The excess is {} 2.28 gCO₂e [e1].", "about", "not"),
    (LEDGER, "{}, and {} failed because of it.", "Ledger failed|payments", "Payments failed|ledger"),
    (LEDGER, "{} slows down as a result.", "Ledger fails and payments", "Payments fails and ledger"),
    (LEDGER, "{}.", "Ledger fails, and as a result payments fails", "Payments fails, and as a result ledger fails"),
    (LEDGER, "{}.", "Payments suffers from ledger's failure", "Ledger and checkout suffer from payments' failure"),
    (
        LEDGER,
        "The evidence narrowed this down to {} as the cause.",
        "payments as the affected service and to ledger",
        "ledger as the affected service and to payments",
    ),
    (LEDGER, "{}.", "payments is a victim of ledger", "The victim is ledger, where 90 % of the requests fail"),
    (LEDGER, "The new errors of payments name {} [e6].", "ledger", "ledger and checkout"),
    (LEDGER, "{} of payments mentions ledger [e6].", "Every new error", "Not a single log line"),
    (DEPLOYED, "24 % of its requests fail{}.", "", " despite a rollback"),
    (DEPLOYED, "24 % of its requests fail{}.", " since 15:39 UTC", ", and customers complained"),
    (DEPLOYED, "24 % of its requests fail{}.", " in us-central1", " on every instance"),
    (DEPLOYED, "24 % of its requests fail, {}.", "against 0.3 % usually", "which is a record"),
    (DEPLOYED, "{} 24 % of its requests fail.", "Since 15:39 UTC,", "As last Friday,"),
    (DEPLOYED, "In the two hours {} the onset, deploy-8717 came at 15:36 UTC [e7].", "before", "after"),
    (DEPLOYED, "deploy-8716 of search {} at 15:25 UTC [e7].", "was made in us-central1", "in europe-west1 was made"),
    (DEPLOYED, "The rise in {} belongs entirely to checkout in us-central1 [e3].", "errors", "carbon"),
    (DEPLOYED, "The {} part of the excess is due to retries.", "largest", "smallest"),
    (LEDGER, "Since {} payments' requests fail.", "09:42 UTC", "09:42 UTC search’s and"),
    (LEDGER, "{} began to deviate at 09:42 UTC.", "Payments", "Latency of search"),
    (LEDGER, "Payments fails since 09:42 UTC, and {}.", "ledger fails as well", "ledger was still healthy then"),
    (QUIET, "{} of the 136 sampled log lines are errors [e2].", "1", "All"),
    (QUIET, "There is no incident in {}.", "us-central1", "europe-west1"),
    (QUIET, "The alert on the carbon of {} was not confirmed.", "us-central1", "asia-east1"),
    (QUIET, "1 of 136 sampled log lines {} [e2].", "is an error", "is not an error"),
    (DEMAND, "It served 312,000 requests a minute, {} the usual 184,000.", "more than", "fewer than"),
    (DEMAND, "{}.", "Users affected were not measured", "No user was affected, the session records prove it"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PAIRS)
def test_a_turned_word_is_not_kept(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(*one.split("|")), known(report)).sentences[-1] for one in (right, wrong))
    assert told.outcome == "kept", [claim for claim in told.claims if not claim.holds]
    assert lie.outcome != "kept"
