"""Several figures in one sentence: each is of its own service, signal and time, and its swapped twin is not."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.grounding.text.numerals import numbers

CHECKOUT, PAYMENTS, PEAK, SHOP = (
    "demo-373452",
    "silent-dependency",
    "evening-peak",
    "nezha-online-boutique-2022-08-23-1430",
)

PAIRS = [
    # What another clause speaks of is not inherited by a figure that cannot be of it.
    (
        CHECKOUT,
        "checkout fails on 38 % of its requests and needs 2,150 ms on average where 233 ms is normal.",
        "checkout fails on 38 % of its requests and needs 233 ms on average where 2,150 ms is normal.",
    ),
    (CHECKOUT, "Latency is 2.1 s on average after 233 ms.", "Latency is 233 ms on average after 2.1 s."),
    (
        CHECKOUT,
        "checkout loses 38 % of its requests, against 0.7 % normally.",
        "checkout loses 0.7 % of its requests, against 38 % normally.",
    ),
    (CHECKOUT, "CPU is at 85 % where 94 % would fit its traffic.", "CPU is at 94 % where 85 % would fit its traffic."),
    (
        CHECKOUT,
        "It emitted 7.6 gCO₂e where 3.9 gCO₂e was expected, 3.7 gCO₂e too much (3.5 to 4.2).",
        "It emitted 7.6 gCO₂e where 3.9 gCO₂e was expected, 3.7 gCO₂e too much (3.9 to 4.6).",
    ),
    (
        CHECKOUT,
        "Most of the excess, 2.7 gCO₂e, goes to retries, and only 0.4 gCO₂e to errors.",
        "Most of the excess, 0.4 gCO₂e, goes to retries, and only 2.7 gCO₂e to errors.",
    ),
    (
        CHECKOUT,
        "deploy-8722 took search from 3.12.4 to 3.12.5, and deploy-8721 took payments in europe-west1 to 6.2.12.",
        "deploy-8722 took search from 3.12.4 to 6.2.12, and deploy-8721 took payments in europe-west1 to 3.12.5.",
    ),
    (
        CHECKOUT,
        "CO₂ was 2 times the usual, 3.7 g more than expected.",
        "CO₂ was 2 times the usual, 7.6 g more than expected.",
    ),
    (
        PAYMENTS,
        "payments fails on 57 % of its requests, some 190 times its usual 0.3 %.",
        "payments fails on 57 % of its requests, some sixty times its usual 0.3 %.",
    ),
    (
        PAYMENTS,
        "All of payments' new errors name ledger, and so do 100 % of checkout's.",
        "All of payments' new errors name ledger, and so do 60 % of checkout's.",
    ),
    (
        PEAK,
        "Latency was lower than usual, at 88 ms instead of 146 ms.",
        "Latency was lower than usual, at 146 ms instead of 88 ms.",
    ),
    (
        PEAK,
        "Latency was below normal, at 88 ms instead of 146 ms.",
        "Latency was above normal, at 88 ms instead of 146 ms.",
    ),
    (
        PEAK,
        "10.2 g/min was to be expected, and 10.7 g/min was measured.",
        "10.7 g/min was to be expected, and 10.2 g/min was measured.",
    ),
    (PEAK, "The expectation ranges from 105 to 110 gCO₂e.", "The expectation ranges from 107 to 110 gCO₂e."),
    (
        SHOP,
        "frontend waits 127 ms for it and recommendationservice waits 120 ms, where 4.2 ms and 3.5 ms are usual.",
        "frontend waits 127 ms for it and recommendationservice waits 120 ms, where 3.5 ms and 4.2 ms are usual.",
    ),
    (
        SHOP,
        "The p50 is 693 ms where 125 ms is usual, and the p95 1.9 s where 727 ms is.",
        "The p50 is 693 ms where 727 ms is usual, and the p95 1.9 s where 125 ms is.",
    ),
    (
        SHOP,
        "frontend's p95 is about eight times that of recommendationservice.",
        "frontend's p95 is about three times that of recommendationservice.",
    ),
    (
        SHOP,
        "productcatalogservice leads with 0.87 against 0.04 for the next one.",
        "productcatalogservice leads with 0.87 against 0.4 for the next one.",
    ),
    (SHOP, "The latency p50 of frontend rose to 0.7 s.", "The latency p50 of frontend rose to 1 s."),
    (
        PAYMENTS,
        "payments fails on 57 % of its requests after 0.3 %, checkout on 56 % after 1 %.",
        "payments fails on 57 % of its requests after 1 %, checkout on 56 % after 0.3 %.",
    ),
    (
        PAYMENTS,
        "Both payments and checkout fail on about 57 % of their requests.",
        "Both payments and checkout retry about 16 % of their requests.",
    ),
    (
        PAYMENTS,
        "ledger is put at 0.73, against 0.03 for payments.",
        "ledger is put at 0.03, against 0.73 for payments.",
    ),
    (
        CHECKOUT,
        "Traffic is twice the usual, at 5,776 requests a minute, before 2,905.",
        "Traffic is twice the usual, at 2,905 requests a minute, before 5,776.",
    ),
    (
        CHECKOUT,
        "deploy-8723 has 40 % of errors in its lines. Of the lines before it, 0.6 % are errors.",
        "deploy-8723 has 40 % of errors in its lines. Of the lines before it, 40 % are errors.",
    ),
]


@pytest.mark.parametrize(("report", "right", "wrong"), PAIRS)
def test_each_of_several_figures_is_of_its_own(report: str, right: str, wrong: str) -> None:
    def outcome(text: str) -> str:
        return ground_known(text, known(report)).sentences[-1].outcome

    assert outcome(right) == "kept"
    assert outcome(wrong) != "kept"


UNITS = [
    (
        "872,000 more requests took longer than 66 ms, with a range of 789,000 to 954,000.",
        ["requests", "seconds"] + ["requests"] * 2,
    ),
    ("SCI 180 mgCO₂e per 1,000 requests, before 114.", ["grams_per_requests", "requests", "grams_per_requests"]),
    ("It stands for 1.8 vCPU-hours (1.3 to 7.7).", ["vcpu_hours"] * 3),
    ("It emitted 0.58 g of CO₂ a minute, expected were 0.33 g.", ["grams_per_minute"] * 2),
    ("The excess is 1.2 gCO₂e (-1.1 to 3.5).", ["grams"] * 3),
    ("Half of payments' requests used to be done in 17 ms.", ["seconds"]),
    ("Three things speak for it: a, b and c.", []),
]


@pytest.mark.parametrize(("text", "dimensions"), UNITS)
def test_a_figure_takes_its_unit_from_the_one_it_belongs_to(text: str, dimensions: list[str]) -> None:
    assert [one.dimension for one in numbers(text)] == dimensions
