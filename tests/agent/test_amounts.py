"""What is told to be more or less than usual without a figure, who ranks where, and which way a delay goes."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

STOPPED, DELAYED = "nezha-online-boutique-2022-08-23-1504", "nezha-online-boutique-2022-08-23-1403"
PETS, CHECKOUT = "petshop-low_traffic-train-issue_7", "demo-b97131"


def is_kept(report: str, text: str, *, is_advice: bool = False) -> bool:
    return all(one.outcome == "kept" for one in ground_known(text, known(report), is_advice=is_advice).sentences)


@pytest.mark.parametrize(
    ("report", "text", "right", "wrong"),
    [
        (STOPPED, "Adservice receives {} requests than usual.", "fewer", "more"),
        (STOPPED, "{} is second among the candidates.", "Adservice", "Cartservice"),
        (STOPPED, "{} is the runner-up.", "Adservice", "Productcatalogservice"),
        (STOPPED, "Adservice is the second candidate, {}.", "far behind", "close behind"),
        (STOPPED, "The {} candidate shows hardly more than chance.", "last", "second"),
        (STOPPED, "What {} shows is hardly more than chance.", "currencyservice", "cartservice"),
        (STOPPED, "{} deviates.", "Adservice", "No service"),
        (DELAYED, "The delay of {}.", "emailservice is passed on by checkoutservice to frontend",
         "frontend is passed on by checkoutservice to emailservice"),
        (DELAYED, "{} calls take longer than usual.", "Two", "Three"),
        (DELAYED, "Emailservice is the cause, and {} itself is as usual.", "frontend", "emailservice"),
        (CHECKOUT, "{} fails all of its requests.", "Ledger", "Payments"),
        (CHECKOUT, "Payments {}, and is a victim itself.", "waits for ledger", "is called by ledger"),
    ],
)  # fmt: skip
def test_amounts_places_and_ways(report: str, text: str, right: str, wrong: str) -> None:
    assert [is_kept(report, text.format(one)) for one in (right, wrong)] == [True, False]


def test_advice_begins_with_the_cause() -> None:
    text = "Restart {} first, not {}."
    pairs = (("emailservice", "frontend"), ("frontend", "emailservice"))
    assert [is_kept(DELAYED, text.format(*one), is_advice=True) for one in pairs] == [True, False]
