"""What is told with a cause's words and causes nothing stays; the same words around what is not so do not."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

LEDGER, QUIET, CONFIG, PETS = "demo-9059f2", "demo-28f7ea", "demo-d76f3b", "petshop-low_traffic-train-issue_6"

TRUE = [
    # Why an alert fired.
    (QUIET, "The alert fired because the sum of emissions exceeded the threshold of 0.18."),
    (LEDGER, "The alert was triggered because the count of errors exceeded the threshold."),
    (LEDGER, "checkout, which raised the alert, fails for 40 % of its requests."),
    # What follows from figures, or from there being none.
    (QUIET, "The spike was not confirmed, so severity is low and no cause is named."),
    (QUIET, "deploy-8733 is not identified as a cause, since no spike was confirmed."),
    # Parts of the excess.
    (LEDGER, "Most of the excess emissions is attributed to retries."),
    (LEDGER, "The excess of 0.14 gCO₂e comes mostly from retries."),
    # Figures that are told with a cause's words.
    (
        CONFIG,
        "The confidence in this cause is 0.84, and the incident is rated critical because 74 % of the requests fail.",
    ),
    (LEDGER, "deploy-8718 of cart has a confidence of 0.0, since cart shows no deviation."),
    (LEDGER, "ledger fails for 100 % of its requests, and no recorded change explains this."),
    (LEDGER, "Retries made up 13 % of checkout's requests."),
    (LEDGER, "payments began to fail before checkout did."),
    (LEDGER, "The trail leads to ledger, which fails for 100 % of its requests."),
    (LEDGER, "Higher demand does not explain the errors."),
    # Denials.
    (LEDGER, "deploy-8718 of cart is not a convincing explanation, since cart shows no deviation."),
    (LEDGER, "cart was deployed at 09:27 UTC, yet the report does not name that deployment as the cause."),
    (LEDGER, "The higher load followed the failures rather than causing them."),
    (PETS, "What PetSite shows is explained by servi-searc.us-west-2.elb.amazonaws.com_remote to 80 %."),
    # What was not measured.
    (LEDGER, "Neither orders nor revenue were measured."),
    (LEDGER, "How many users were hit is not known, because the telemetry names no user or session."),
    # When a change was made, and which signal moved first.
    (LEDGER, "deploy-8718 started at 09:27 UTC, while checkout began to fail at 09:46 UTC."),
    (CONFIG, "Retries rose at 12:26 UTC, after the errors had begun."),
    # Figures beside each other.
    (QUIET, "Traffic, at 225,000 requests per minute against 229,800, was lower."),
    (QUIET, "The mean latency was 104 ms, below the expected 116 ms."),
    # Whose a line, a version or a name is.
    (LEDGER, "Ledger fails for 100 % of its requests."),
    (LEDGER, "Cart, which had received version 4.9.6, shows no deviation."),
    (LEDGER, "payments failed before checkout, and its errors read “503 no healthy upstream”, pointing to ledger."),
    (QUIET, "The alert on us-central1 turned out not to be an incident."),
    # What a report lists.
    (CONFIG, "Too few log lines of cfg-3095 were available for a comparison."),
    (QUIET, "There are no candidates, and severity is low."),
    (LEDGER, "No deployment fell into the last ten minutes before the onset."),
]
FALSE = [
    (QUIET, "The alert fired because errors exceeded the threshold of 0.18."),
    (QUIET, "The alert fired because deploy-8733 went out."),
    (LEDGER, "The alert was triggered because the count of errors fell below the threshold."),
    (LEDGER, "ledger, which raised the alert, fails for 100 % of its requests."),
    (QUIET, "The spike was confirmed, so deploy-8733 is named as the cause."),
    (LEDGER, "100 % of ledger's requests fail, so the cause is not known."),
    (LEDGER, "Most of the excess emissions is attributed to errors."),
    (LEDGER, "All of the excess is put down to retries."),
    (LEDGER, "ledger is not a convincing explanation, since cart shows no deviation."),
    (LEDGER, "The report does not name ledger as the cause."),
    (LEDGER, "The failures of ledger followed those of checkout rather than causing them."),
    (PETS, "What PetSite shows is explained by servi-searc.us-west-2.elb.amazonaws.com_remote to 60 %."),
    (LEDGER, "Orders and revenue were measured."),
    (LEDGER, "Excess CO₂ could not be determined for checkout."),
    (LEDGER, "deploy-8718 started at 09:46 UTC, while checkout began to fail at 09:27 UTC."),
    (CONFIG, "Retries rose first, and only afterwards did the errors follow."),
    (QUIET, "Traffic, at 225,000 requests per minute against 229,800, was higher."),
    (QUIET, "The mean latency was 104 ms, above the expected 116 ms."),
    (LEDGER, "Cart fails for 100 % of its requests."),
    (LEDGER, "Ledger, which had received version 4.9.6, fails for 100 % of its requests."),
    (LEDGER, "deploy-8718 was a deployment of ledger, recorded at 09:27 UTC."),
    (LEDGER, "The errors of ledger read “503 no healthy upstream”."),
    (QUIET, "us-central1 suffered an outage at 01:50 UTC."),
    (LEDGER, "Exactly 12,500 requests failed."),
    (LEDGER, "There are no candidates, and severity is critical."),
    (LEDGER, "There is only one candidate, and the report lists nothing against it."),
    (LEDGER, "No deployment fell into the last twenty minutes before the onset."),
    (LEDGER, "payments pulled ledger down."),
    (LEDGER, "There is no evidence that ledger had any effect."),
    (LEDGER, "ledger, which failed at 09:43 UTC, cannot have started it."),
    (LEDGER, "ledger fails for 100 % of its requests, which cart's deployment set off."),
    (LEDGER, "Since deploy-8718 went out, 40 % of checkout's requests fail."),
    (LEDGER, "Slower work accounts for most of the excess."),
    (CONFIG, "Traffic rose at 12:21 UTC and errors at 12:22 UTC."),
    (QUIET, "The rule fired although emissions stayed below the threshold of 0.18."),
    (LEDGER, "Why checkout fails stays open."),
    (LEDGER, "Retries are the root cause of the excess and of the errors."),
    (LEDGER, "A large part of the excess comes from slower work."),
    (LEDGER, "With version 4.9.6, 100 % of ledger's requests fail."),
    (LEDGER, "Users were counted."),
    (LEDGER, "checkout began to fail before ledger did."),
    (LEDGER, "The trail leads to cart, which was deployed at 09:27 UTC."),
    (LEDGER, "Because fewer requests came, checkout emitted less CO₂."),
    (LEDGER, "checkout fails in us-central1; no other service has a share in it."),
    (CONFIG, "shipping fails, and no recorded change explains this."),
    (LEDGER, "cart stopped answering, and checkout fails as a consequence of that."),
    (QUIET, "The baseline is the same hour of the previous week."),
    (QUIET, "checkout emitted 216 g of CO₂ over the past day."),
    (CONFIG, "shipping fails in all three of its regions."),
]


@pytest.mark.parametrize(("report", "text"), TRUE)
def test_what_is_so_stays(report: str, text: str) -> None:
    found = ground_known(text, known(report))
    assert found.text == text, found.sentences[0].claims


@pytest.mark.parametrize(("report", "text"), FALSE)
def test_what_is_not_so_does_not(report: str, text: str) -> None:
    found = ground_known(text, known(report))
    assert found.text != text
    assert found.claims_kept < found.claims_checked


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("If the errors persist after the rollback, cfg-3095 was not the cause.", True),
        ("Watch shipping's error rate; if it does not fall after the rollback, cfg-3095 was not the cause.", True),
        ("cfg-3095 was not the cause; if the errors persist, restart shipping.", False),
        ("Roll back cart, since cfg-3095 was not the cause.", False),
        ("Restart checkout, because it started the errors.", False),
        ("Roll back cfg-3095, after which shipping's error rate should return to its usual value.", True),
    ],
)
def test_what_advice_awaits_is_no_claim_of_now(text: str, is_kept: bool) -> None:
    found = ground_known(text, known(CONFIG), is_advice=True)
    assert (found.sentences[0].outcome == "kept") is is_kept


@pytest.mark.parametrize("made_up", ["deploy-old", "deploy-new", "deploy-release", "checkout-old", "deploy-7f3a"])
def test_a_deployment_that_is_made_of_a_known_beginning_is_no_cause(made_up: str) -> None:
    for text in ("The cause is {} of checkout.", "Deployment {} of checkout caused the errors of checkout."):
        told = [ground_known(text.format(name), known("demo-7ef3f3")) for name in ("deploy-8738", made_up)]
        assert [one.sentences[0].outcome for one in told] == ["kept", "removed"]


def test_what_is_only_joined_to_a_name_is_none() -> None:
    text = "The checkout-related errors were caused by deploy-8738."
    assert ground_known(text, known("demo-7ef3f3")).sentences[0].outcome == "kept"
