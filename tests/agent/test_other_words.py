"""Times with a.m. and p.m., and figures, calls, places and past incidents as others would put them."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.neutral import neutralise

LEDGER, PAYMENTS, PEAK = "demo-306ba8", "demo-2deaae", "demo-2eeef4"
TRAVEL, SHOP, SEARCH = (
    "nezha-train-ticket-2023-01-29-0912",
    "petshop-low_traffic-train-issue_3",
    "petshop-high_traffic-train-issue_1",
)


def outcome(report: str, text: str, *, is_advice: bool = False) -> str:
    return ground_known(text, known(report), is_advice=is_advice).sentences[-1].outcome


TIMES = [
    (PAYMENTS, "The window began at {} UTC on November 25, 2026.", "9:41 a.m.", "9:41 p.m."),
    (PAYMENTS, "The alert fired at 9:47 AM UTC on {}.", "November 25, 2026", "November 24, 2026"),
    (PEAK, "The requests to us-central1 have been rising since {} UTC.", "9:14 p.m.", "9:14 a.m."),
    (PEAK, "The window runs from {} UTC.", "9:14 p.m. to 9:20 p.m.", "9:20 p.m. to 9:14 p.m."),
    (TRAVEL, "As a baseline, the {} before 9:12 a.m. UTC are used.", "four hours and 43 minutes",
     "three hours and 43 minutes"),
    (LEDGER, "The 3 hours and {} minutes before 9:41 a.m. UTC serve as the baseline.", "44", "14"),
]  # fmt: skip
FIGURES = [
    (LEDGER, "The median latency (p50) of ledger is {} before it.", "2,000 ms in the window and was 18 ms",
     "18 ms in the window and was 2,000 ms"),
    (LEDGER, "The p95 latency of ledger reached {} in the baseline.", "2,040 ms after 38 ms", "38 ms after 2,040 ms"),
    (PAYMENTS, "Excess emissions are about 114 mg of CO₂e, and the range runs from {}.", "93 mg to 136 mg",
     "84 mg to 124 mg"),
    (PAYMENTS, "Most of the excess CO₂e, about 91%, is attributed to {}.", "retries", "slower work"),
    (PEAK, "us-central1 is receiving about {} more requests than usual.", "70%", "50%"),
    (SEARCH, "Availability of servi-petsi.us-west-2.elb.amazonaws.com_remote is down {}, at 0% instead of 100%.",
     "100 percentage points", "40 percentage points"),
]  # fmt: skip
TOLD = [
    (PAYMENTS, "Second on the list is {}, whose confidence of 0.21 is below the 0.57 of the first candidate.",
     "payments", "cart"),
    (PAYMENTS, "Second on the list is payments, whose confidence of 0.21 is far below the {} of the first candidate.",
     "0.57", "0.67"),
    (SHOP, "As for {}, what it shows hardly exceeds chance.",
     "adoptions@services-database.us-west-2.rds.amazonaws.com_Database::SQL", "PetSearch_AWS::ECS::Fargate"),
    (SHOP, "Nothing is unusual about the metrics of {} itself; the deviation is found in what it calls.", "PetSite",
     "PetSearch_AWS::ECS::Fargate"),
    (TRAVEL, "The calls that {} now spend 226 ms between the two, up from 1.8 ms.",
     "ts-travel2-service makes to ts-seat-service", "ts-seat-service makes to ts-travel2-service"),
    (TRAVEL, "{} stands out: ts-travel2-service to ts-seat-service with 226 ms.", "One of the calls", "Three calls"),
    (LEDGER, "The trouble originates in {} itself, and no change made to it explains that.", "ledger", "payments"),
    (PEAK, "Version 1.9.10 of ledger (deploy-8728) is {} than its predecessor.", "no worse", "worse"),
    (PEAK, "Each request to us-central1 costs {} CO₂ than it usually does.", "no more", "more"),
    (LEDGER, "The alert belongs to incident {}.", "inc-20261124-fe14010b-1", "inc-20261124-fe14010b-2"),
    (LEDGER, 'A similar incident titled "ledger failover took too long" of November 5, 2026 ended after {}.',
     "41 minutes", "52 minutes"),
    (PEAK, 'What helped in "recommendations cost" is noted as "{}." us-central1 is receiving more requests than usual.',
     "Job moved", "Rolled back"),
]  # fmt: skip


@pytest.mark.parametrize(("report", "text", "right", "wrong"), [*TIMES, *FIGURES, *TOLD])
def test_what_is_told_in_other_words_is_checked(report: str, text: str, right: str, wrong: str) -> None:
    outcomes = [
        {one.outcome for one in ground_known(text.format(told), known(report)).sentences} for told in (right, wrong)
    ]
    assert outcomes[0] == {"kept"}
    assert outcomes[1] != {"kept"}


@pytest.mark.parametrize(
    ("report", "text", "right", "wrong"),
    [
        (LEDGER, "Take a CPU profile of ledger to find the work that began at {} UTC.", "09:41", "09:21"),
        (PEAK, "Find out where the additional requests to {} come from.", "us-central1", "us-east4"),
    ],
)
def test_advice_in_other_words(report: str, text: str, right: str, wrong: str) -> None:
    told = [outcome(report, text.format(one), is_advice=True) == "kept" for one in (right, wrong)]
    assert told == [True, False]


def test_a_service_may_be_called_like_an_address() -> None:
    named = "The latency of adoptions@services-database.us-west-2.rds.amazonaws.com_Database::SQL rose."
    assert neutralise(named, known(SHOP).report).removed == 0
    assert neutralise("Write to adoptions@services-database.us-west-2.rds.amazonaws.com.", known(SHOP).report).removed
    assert neutralise(named, known(LEDGER).report).removed
