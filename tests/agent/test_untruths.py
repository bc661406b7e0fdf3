"""Pairs of a kind: what follows from the evidence stays, and its fluent opposite is marked or goes."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

LEDGER, CONFIG, QUIET, DEPLOYED, PAYMENTS = "demo-9059f2", "demo-d76f3b", "demo-28f7ea", "demo-a6068b", "demo-2deaae"
TLS = "edgedelta-rootcausebench-tls-cert-expiry"
JWT = "edgedelta-rootcausebench-auth-jwt-validation-regression"
MISSING = "nezha-online-boutique-2022-08-22-0501"
CALLEE = "petshop-high_traffic-train-issue_1"

TRUE = [
    # Why a severity is what it is.
    (LEDGER, "Severity is critical because 40 % of requests failed."),
    (QUIET, "Severity is low, since the spike was not confirmed."),
    (PAYMENTS, "It was rated critical because of failed requests and a latency of 4.7 times the usual."),
    # A past incident.
    (LEDGER, "The checkout incident of 18 November was in the same region, and ended after 52 min."),
    (CONFIG, "The longest of the past incidents was that of 13 November."),
    # What is new, and what is gone.
    (CONFIG, "TariffZoneUnknown was never logged before."),
    (CONFIG, "TariffZoneUnknown had not been logged before the change."),
    (LEDGER, "DatabaseUnavailable had been logged before as well."),
    (TLS, "The line “Charge upstream call returned error, returning 502 to caller” is new in orderservice."),
    # Which rose more.
    (DEPLOYED, "Latency rose more strongly at p95 than at p50."),
    (LEDGER, "The p95 latency is far higher than the median."),
    # When it began.
    (QUIET, "The usual value was taken from one earlier day at this hour."),
    (LEDGER, "Payments was already failing when ledger failed."),
    (LEDGER, "The alert was raised at 09:55 UTC."),
    # Deployments.
    (LEDGER, "Only one deployment was recorded before the onset."),
    (CONFIG, "First cfg-3095 was rolled out, then the errors of shipping rose."),
    # How far a thing goes.
    (MISSING, "Paymentservice is hardly called any more."),
    (MISSING, "Paymentservice is no longer called by checkoutservice."),
    (LEDGER, "Payments depends on ledger, which fails all of its requests."),
    (LEDGER, "Retries account for the largest part of the excess."),
    (CONFIG, "The rise in errors is confined to shipping."),
    # Who does what to whom.
    (LEDGER, "Payments is slowed down by ledger."),
    (LEDGER, "The failure originated in ledger and spread to payments."),
]
FALSE = [
    (LEDGER, "Severity is critical because of the latency of checkout."),
    (LEDGER, "Severity is critical since only 25 % of requests fail."),
    (LEDGER, "It was rated critical because users noticed it."),
    (QUIET, "Severity is low, since only one service is affected."),
    (PAYMENTS, "The severity is critical because latency hardly changed."),
    (LEDGER, "The ledger failover of 6 November took place in europe-west1 as well."),
    (LEDGER, "The failover of 6 November concerned the same region."),
    (LEDGER, "The checkout incident of 18 November was ended by a failover."),
    (CONFIG, "TariffZoneUnknown had been logged a few times before the change as well."),
    (LEDGER, "DatabaseUnavailable appeared for the first time."),
    (LEDGER, "DatabaseUnavailable had not been logged before the onset."),
    (PAYMENTS, "CardDeclined errors also rose."),
    (TLS, "“Charge upstream call returned error, returning 502 to caller” was logged before the window as well."),
    (JWT, "“jwt validation failed: token is expired” is new in gatewayservice."),
    (LEDGER, "Ledger and payments fail equally often."),
    (LEDGER, "Checkout is hit harder than ledger."),
    (PAYMENTS, "Payments logged fewer new errors than ledger, as carbon rose more than latency did."),
    (QUIET, "The usual value was taken from the hours before."),
    (LEDGER, "Checkout was already failing when payments failed."),
    (JWT, "Userservice rejected tokens a minute before gatewayservice."),
    (LEDGER, "Errors had been rising for hours before the window began."),
    (LEDGER, "The alert was raised at 09:46 UTC."),
    (JWT, "Only one deployment was recorded before the onset."),
    (TLS, "The last deployment of orderservice came before the onset."),
    (TLS, "Orderservice was deployed once before the onset."),
    (CONFIG, "First the errors of shipping rose, then cfg-3095 was rolled out."),
    (LEDGER, "Ledger's failures began when cart was deployed."),
    (MISSING, "Checkoutservice is hardly called any more."),
    (MISSING, "Emailservice is hardly called by frontend."),
    (PAYMENTS, "Payments was deployed last."),
    (CONFIG, "Checkout is the largest contributor to the rise in errors."),
    (LEDGER, "Between 12,500 and 20,900 requests failed."),
    (LEDGER, "The p95 latency hardly moved."),
    (LEDGER, "Payments is slow although ledger answers as quickly as ever."),
    (QUIET, "The rule fires when latency exceeds its threshold."),
    (MISSING, "Frontend's success rate collapsed to nearly zero."),
    (LEDGER, "Errors account for the largest part of the excess."),
    (LEDGER, "Failed requests caused most of the excess CO₂."),
    (LEDGER, "Ledger fails 100 % of its requests, and nearly all of these are retries."),
    (LEDGER, "Only a small part of ledger's requests fail."),
    (PAYMENTS, "The rise in errors is split between europe-west1 and asia-east1."),
    (LEDGER, "The error budget of checkout is exhausted."),
    (LEDGER, "Hardly any user noticed."),
    (LEDGER, "Ledger was taken down by the deployment of cart."),
    (LEDGER, "The failure originated in payments and spread to ledger."),
    (LEDGER, "Cart's deployment deploy-8718 left ledger without a database."),
    (LEDGER, "Cart's deployment is what put ledger's database into recovery mode."),
    (LEDGER, "Cart, which was deployed 19 min before the onset, fails as well."),
    (LEDGER, "Payments is named by ledger's errors."),
    (LEDGER, "Checkout will stay slow until ledger is restarted."),
]


@pytest.mark.parametrize(("report", "text"), TRUE)
def test_what_follows_from_the_evidence_stays(report: str, text: str) -> None:
    found = ground_known(text, known(report))
    assert found.text == text, found.sentences[0].claims


@pytest.mark.parametrize(("report", "text"), FALSE)
def test_its_opposite_does_not(report: str, text: str) -> None:
    assert ground_known(text, known(report)).sentences[0].outcome != "kept"
