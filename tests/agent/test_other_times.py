"""What is told of another time or whole, or in passing: it stays where it is so, and not where it is turned."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

LEDGER, CONFIG, QUIET, DEPLOYED = "demo-9059f2", "demo-d76f3b", "demo-28f7ea", "demo-a6068b"

TRUE = [
    # Of the baseline, and of the window.
    (CONFIG, "0.6 % of the requests to shipping were already failing in the baseline."),
    (LEDGER, "checkout fails 40 % of its requests, where 0.4 % failed in the baseline."),
    (DEPLOYED, "50 % of all requests to checkout are retries."),
    (QUIET, "The 17 incidents on file are of other times."),
    (CONFIG, "shipping logged 32 TariffZoneUnknown errors in the window and none in the baseline."),
    # Past incidents.
    (LEDGER, '"ledger failover took too long" took place on 6 November 2026.'),
    (DEPLOYED, '"shipping europe-west1: failing requests since cfg-3095" is still open.'),
    # The alert.
    (LEDGER, "The alert was no false alarm: 40 % of checkout's requests fail."),
    (QUIET, "The alert on us-central1 was a false alarm."),
    (CONFIG, "The alert came 26 minutes after the onset of the trouble in shipping."),
    # In passing.
    (LEDGER, "ledger, the root cause of this incident, is named by 100 % of payments' new errors."),
    (LEDGER, "ledger, on which checkout depends, took checkout down with it."),
    (LEDGER, "payments' new errors name only ledger."),
    # Parts.
    (DEPLOYED, "The 692 mgCO₂e of retries are part of the excess of 0.87 gCO₂e."),
    (QUIET, "us-central1 emitted 180 gCO₂e, within the expected range of 177 to 182 gCO₂e."),
]
FALSE = [
    (CONFIG, "74 % of the requests to shipping were already failing in the baseline."),
    (LEDGER, "checkout, which usually fails 40 % of its requests, is in trouble."),
    (DEPLOYED, "50 % of the failed requests to checkout were retries."),
    (CONFIG, "shipping logged 32 TariffZoneUnknown errors in the baseline and none in the window."),
    (DEPLOYED, "The usual latency of checkout is 8.8 times the latency it had in the window."),
    (LEDGER, '"ledger failover took too long" took place on 18 November 2026.'),
    (LEDGER, '"checkout: orders hang" is still open.'),
    (LEDGER, "No similar incident is known."),
    (QUIET, "The alert on us-central1 was no false alarm."),
    (QUIET, "The alert on us-central1 was genuine."),
    (CONFIG, "The alert came 26 minutes before the onset of the trouble in shipping."),
    (LEDGER, "payments, the root cause of this incident, fails 61 % of its requests."),
    (LEDGER, "checkout, on which ledger depends, took ledger down with it."),
    (LEDGER, "checkout's new errors name only ledger."),
    (DEPLOYED, "deploy-8723 was a response to the failures of checkout."),
    (DEPLOYED, "checkout has been no worse since deploy-8723 than before."),
    (DEPLOYED, "The 692 mgCO₂e of retries come on top of the excess of 0.87 gCO₂e."),
    (QUIET, "us-central1 emitted 180 gCO₂e, well above the expected range."),
    (QUIET, "frontend and inventory share the rise of carbon in equal parts."),
    (QUIET, "Only frontend contributes to the rise of carbon."),
    (CONFIG, "By 12:47 UTC the error rate of shipping was back at its usual 0.6 %."),
]
ADVICE = [
    (DEPLOYED, "Keep deploy-8723 in place, since checkout was already failing before it.", False),
    (DEPLOYED, "Do not revert deploy-8723.", False),
    (DEPLOYED, "Roll back deploy-8723 rather than keeping it in place.", True),
    (LEDGER, "Do not roll back deploy-8718, since cart shows no deviation.", True),
]


@pytest.mark.parametrize(("report", "text"), TRUE)
def test_what_is_told_of_its_own_time_stays(report: str, text: str) -> None:
    found = ground_known(text, known(report))
    assert found.text == text, found.sentences[0].claims


@pytest.mark.parametrize(("report", "text"), FALSE)
def test_what_is_turned_does_not(report: str, text: str) -> None:
    assert ground_known(text, known(report)).sentences[0].outcome != "kept"


@pytest.mark.parametrize(("report", "text", "stays"), ADVICE)
def test_no_advice_keeps_the_change_that_is_the_cause(report: str, text: str, stays: bool) -> None:
    assert (ground_known(text, known(report), is_advice=True).sentences[0].outcome == "kept") == stays
