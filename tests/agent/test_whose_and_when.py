"""Right figures, times and ways told of another: of a service for its region, of another metric, signal or cause."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

PROSE = [
    ("demo-7d647c", "{} emits 25 g/min of CO₂, where 16 g/min is usual [e1].", "us-central1", "ledger"),
    ("demo-9f4614", "The error rate of payments rose to {} [e2].", "48 %", "48 ‰"),
    ("demo-0ef562", "The errors of checkout set in at {} UTC [e2].", "15:37", "15:44"),
    ("demo-9f4614", "The alert was about the {} of payments.", "latency", "memory"),
    ("demo-b97131", "{} fails [e2] [e4].", "checkout fails because ledger", "ledger fails because checkout"),
    ("demo-be3b51", "Checkout takes {} times the CO₂ its requests usually take [e1].", "1.1", "2.1"),
    ("edgedelta-rootcausebench-payment-nil-deref-panic", "The panic count of paymentservice is {} [e1].", "24", "0.7"),
    (
        "edgedelta-rootcausebench-metric-ingestor-metadata-deser",
        "Nothing was deployed to {} before the onset.",
        "",
        "metric-ingestor-1",
    ),
]
CHECKOUT, PAUSE, SHIPPING, SHOP = "demo-1c5878", "demo-1e017e", "demo-0f248a", "petshop-low_traffic-train-issue_3"
# "Checkout, us-central1", as the template has it, and what has its figure or time in plain words.
PLACED = [
    (CHECKOUT, "Usually p99 latency of checkout, us-central1 is {} ms, now it is 5,030 ms.", "615", "435"),
    (CHECKOUT, "The slowest {} of the requests of checkout, us-central1 took 5,030 ms or more.", "percent", "tenth"),
    (CHECKOUT, "55 of the 120 timed log lines of {} were slower than the usual p95.", "checkout, us-central1",
     "search, us-central1"),
    (CHECKOUT, "Since deploy-8717, {} of the log lines of checkout, us-central1 are errors, before it was 0 %.", "27 %",
     "37 %"),
    (CHECKOUT, "Deployment deploy-8716 of search, us-central1, dates from {} UTC.", "15:25", "15:36"),
    (CHECKOUT, "The whole of the rise of errors belongs to {}, us-central1.", "checkout", "cart"),
    (CHECKOUT, "More than one in {} requests to checkout, us-central1, fail.", "four", "three"),
    (CHECKOUT, "The version brought by deploy-8717 of checkout is {}.", "2.18.0", "3.12.4"),
    (CHECKOUT, "Checkout fails. Behind it stands {}.", "deploy-8717 of checkout", "deploy-8716 of search"),
    (CHECKOUT, "The confidence that it is the cause is {}.", "0.85", "0.65"),
    (SHIPPING, "Something went wrong in {} in europe-west1 at 12:20 UTC.", "shipping", "ledger"),
    (SHIPPING, "This has gone on since {} UTC.", "12:20", "11:41"),
    (PAUSE, "Cart, frontend and {} other services sent no sample between 10:58 UTC and 11:18 UTC.", "ten", "nine"),
    (PAUSE, "The pause of the samples lasted until {} UTC.", "11:18", "11:20"),
    (SHOP, "A {} is therefore not among the candidates.", "change", "dependency"),
    ("demo-306ba8", "The alert came at 09:56 UTC, {} minutes after the onset.", "14", "12"),
    ("demo-306ba8", "Cart has {} confidence.", "zero", "full"),
    ("demo-306ba8", "Average latency was {} ms.", "2,010 ms and thus above the usual 19",
     "19 ms and thus below the usual 2,010"),
    (CHECKOUT, "{} in us-central1 is not part of the rise of errors.", "Cart", "Checkout"),
    (CHECKOUT, "Nothing of it belongs to {}.", "cart, ledger or catalog", "cart, ledger or checkout"),
    (CHECKOUT, "The CO₂ per 1,000 requests of checkout {}.", "rose", "fell"),
    (CHECKOUT, "Lines of deploy-8717 take {}.", "1.65 s, older ones 214 ms", "214 ms, older ones 1.65 s"),
    (CHECKOUT, "Checkout emits 0.79 g of CO₂ a minute, and {} g is what the hours before would suggest.", "0.33",
     "0.46"),
    (CHECKOUT, "Per minute, checkout emitted {} g.", "0.79", "21"),
    (CHECKOUT, "The {} of checkout shows no significant deviation.", "memory", "carbon"),
    (PAUSE, "The expected range spans 208 to 214 gCO₂e, and the measurement lies {} it.", "within", "above"),
    (PAUSE, "The expectation ranges from 208 to 214 gCO₂e, so the difference is {}significant.", "not ", ""),
    (SHOP, "Adoptions@services-database.us-west-2.rds.amazonaws.com_Database::SQL deviates. It is ranked {}.", "third",
     "first"),
]  # fmt: skip
ADVICE = [
    ("demo-be3b51", "Look into {} first, because its errors rose [e2].", "checkout", "search"),
    ("demo-be3b51", "Scale out checkout, because its latency {} [e2].", "rose", "fell"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), [*PROSE, *PLACED])
def test_what_is_told_of_another_is_not_kept(report: str, text: str, right: str, wrong: str) -> None:
    assert ground_known(text.format(wrong), known(report)).sentences[-1].outcome != "kept"
    if right:
        assert ground_known(text.format(right), known(report)).sentences[-1].outcome == "kept"


@pytest.mark.parametrize(("report", "text", "right", "wrong"), ADVICE)
def test_the_reason_of_advice_is_of_whom_it_names(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report), is_advice=True).sentences[0] for one in (right, wrong))
    assert told.outcome == "kept"
    assert lie.outcome != "kept"
