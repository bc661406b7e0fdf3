"""The ends of a range, and what is told of several at once, as others tell it: each true with one wrong thing."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CARBON, DEMAND, DEPLOYED, POOL, LEDGER = "demo-22847d", "demo-7d647c", "demo-0ef562", "demo-c24d4d", "demo-7e8969"

TOLD = [
    (CARBON, "Expected were 214 gCO₂e, within {} and 217 gCO₂e.", "212", "202"),
    (CARBON, "Measured were 214 gCO₂e, expected 212 to {} gCO₂e.", "217", "227"),
    (DEPLOYED, "The excess is 3.5 gCO₂e: its range starts at 3.1 and ends at {} gCO₂e.", "4.1", "5.1"),
    (DEPLOYED, "The excess is 3.5 gCO₂e. Its interval runs from {} to 4.1 gCO₂e.", "3.1", "3.7"),
    (POOL, "In money it is $0.047, within {} and $0.24.", "$0.027", "$0.24"),
    (CARBON, "notifications and {} emitted less than expected.", "ledger", "recommendations"),
    (CARBON, "{} is the only service whose carbon rose.", "recommendations", "frontend"),
    (DEMAND, "The rise of carbon is led by {}.", "recommendations", "frontend"),
    (DEMAND, "The carbon for this demand was expected at {} g/min.", "24.2375", "24.5574"),
    (CARBON, "No money was lost, since the spike was {}confirmed.", "not ", ""),
    (LEDGER, "The investigation holds {} responsible.", "ledger", "cart"),
    (LEDGER, "PaymentFailed has a confidence of {}, while deploy-8734 of cart has 0.0.", "0.04", "0.67"),
    (DEMAND, "The traffic candidate has a confidence of 0.73, and {} other past incidents are listed.", "one", "five"),
    (DEPLOYED, "Changes on record are deploy-8737 and deploy-8736, both of {}.", "us-central1", "europe-west1"),
    (DEPLOYED, "deploy-8737 and deploy-8736 came before it. Both were in {}.", "us-central1", "europe-west1"),
    (DEPLOYED, "deploy-8737 and deploy-8736 came before it. The versions are 2.18.0 and {}.", "3.12.4", "6.2.13"),
    (DEPLOYED, "checkout and {} were deployed in us-central1.", "search", "payments"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_told_of_several(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences[-1].outcome for one in (right, wrong))
    assert told == "kept"
    assert lie != "kept"


def test_what_returns_does_so_from_now_to_the_usual() -> None:
    advice = "Watch the latency of payments until it is back from {} ms to about {} ms."
    told = [advice.format(*one) for one in (("1,330", "264"), ("264", "1,330"), ("1,130", "264"))]
    kept = [ground_known(one, known(LEDGER), is_advice=True).sentences[0].outcome == "kept" for one in told]
    assert kept == [True, False, False]
