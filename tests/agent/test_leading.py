"""Who leads, whose part is the largest, and who comes behind whom."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

PEAK, PAYMENTS, FRONTEND = "demo-2eeef4", "demo-2deaae", "demo-28f7ea"


def outcome(report: str, text: str) -> str:
    return ground_known(text, known(report)).sentences[-1].outcome


PLACES = [
    (PEAK, "{} contributed the most to the rise in carbon.", "Recommendations", "Search"),
    (PEAK, "The largest part of the rise in CO₂ comes from {}.", "recommendations", "catalog"),
    (PEAK, "Recommendations accounts for the largest share of the rise in carbon, followed by {}.",
     "frontend and search", "search and frontend"),
    (PEAK, "Frontend has a larger share of the rise in carbon than most, ahead of {}.", "search", "recommendations"),
    (FRONTEND, "{} had the largest increase in carbon.", "Frontend", "Auth"),
    (PAYMENTS, "{} leads the list of candidates with a confidence of 0.8.", "Ledger", "Payments"),
    (PAYMENTS, "Among the candidates {}.", "ledger is followed by payments", "payments is followed by ledger"),
]  # fmt: skip


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PLACES)
def test_who_leads_and_who_comes_behind(report: str, text: str, right: str, wrong: str) -> None:
    claims = [ground_known(text.format(one), known(report)).sentences[-1].claims for one in (right, wrong)]
    states = [[claim.holds for claim in found if claim.kind == "state"] for found in claims]
    assert states[0]
    assert all(states[0])
    assert not all(states[1])


def test_parts_that_differ_are_not_spread_evenly() -> None:
    assert outcome("demo-442fa7", "The rise of carbon is spread evenly over asia-east1 and europe-west1.") == "removed"


def test_what_one_explains_of_another_is_no_level_of_its_own() -> None:
    assert outcome(PAYMENTS, "Ledger explains 100 % of what payments shows.") != "kept"
    assert outcome(PAYMENTS, "In payments 100 % of the requests fail.") != "kept"
