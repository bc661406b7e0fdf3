"""Figures as the evidence has them, each of whom it is told, and what is told of the ranking in other words."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

LEDGER, PAYMENTS, SHIPPING = "demo-306ba8", "demo-4138dd", "demo-59cc77"
QUIET, CHECKOUT, CATALOG = "demo-28f7ea", "demo-1c5878", "demo-0c0fa7"


FIGURES = [
    (PAYMENTS, "payments as a whole had a latency of {} on average.", "555 ms", "785 ms"),
    (SHIPPING, "shipping and auth have shares of the rise of errors, {}.", "0.9081 and 0.09195", "0.09195 and 0.9081"),
    (SHIPPING, "Of the rise of errors ledger has a share of {}.", "0", "0.9081"),
    (SHIPPING, "auth has a share of {} in the rise of errors.", "0.09195", "0"),
    (QUIET, "frontend, search and auth have parts in the rise, with {}.", "0.4505, 0.2852 and 0.2345", "0.3, 0.2, 0.1"),
    (QUIET, "Behind it come search with {} and auth with 0.2345 of the rise.", "0.2852", "0.4505"),
    (LEDGER, "ledger is named by 100 % of payments' new errors and by {} of checkout's new errors.", "40 %", "60 %"),
    (LEDGER, "{} is named by 40 % of checkout's new errors.", "ledger", "payments"),
    (CHECKOUT, "deploy-8717 has a confidence of {}, deploy-8716 of search one of 0.0.", "0.85", "0.0"),
    (LEDGER, "The confidence in DatabaseUnavailable as the cause is {}.", "0.71", "0.89"),
    (
        CHECKOUT,
        "The log lines since deploy-8717 take {} ms.",
        "1,650 ms, the earlier ones 214",
        "214 ms, the earlier ones 1,650",
    ),
    (CHECKOUT, "Latency is at {} on average.", "1,620 ms after 233 ms", "233 ms after 1,620 ms"),
    (
        LEDGER,
        "DatabaseUnavailable shows up {} times in its baseline.",
        "12 times in ledger's window and 0",
        "0 times in ledger's window and 12",
    ),
]
TOLD = [
    (SHIPPING, "None of recommendations, {} and ledger shows a rise of errors.", "cart", "auth"),
    (QUIET, "In us-central1 {} shows the largest rise of carbon.", "frontend", "search"),
    (QUIET, "Each request in us-central1 took {}.", "the CO₂ it usually takes", "more CO₂ than it usually does"),
    (QUIET, "18 g were emitted a minute, so a request costs {}.", "what it usually costs", "more than it usually does"),
    (
        SHIPPING,
        "{}, seen twice in shipping's baseline, does not occur in the window.",
        "CarrierUnavailable",
        "TariffZoneUnknown",
    ),
    (SHIPPING, "AddressNotServed was logged {} in shipping's baseline.", "once", "twice"),
    (LEDGER, "Against {} as the cause speaks that its new errors name ledger.", "payments", "ledger"),
    (CHECKOUT, "What argues against {} is that it shows no deviation.", "search", "checkout"),
    (CATALOG, "Since 13:49 UTC catalog does more work, {} a lost cache.", "which might be", "with"),
]
OF_REPORTS = [
    (
        "A comparison of log lines with and without {} proves it worse.",
        (CHECKOUT, "deploy-8717"),
        (SHIPPING, "cfg-3095"),
    ),
    ("There is no record of a change in us-central1 before the onset{}.", (CATALOG, ""), (CHECKOUT, "")),
    (
        "What weakens the case is that there are too few lines of {} to compare.",
        (SHIPPING, "cfg-3095"),
        (CHECKOUT, "deploy-8717"),
    ),
    ("{} has been answering slowly.", (CATALOG, "catalog"), (SHIPPING, "shipping")),
    ("Each request of {} took the CO₂ it usually takes.", (SHIPPING, "shipping"), (CATALOG, "catalog")),
    ("Nothing was wrong in us-central1 {}, with 18 g a minute.", (QUIET, "at all"), (CATALOG, "at all")),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), [*FIGURES, *TOLD])
def test_what_is_told_as_the_evidence_has_it(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences[-1] for one in (right, wrong))
    assert told.outcome == "kept"
    assert lie.outcome != "kept"


@pytest.mark.parametrize(("text", "right", "wrong"), OF_REPORTS)
def test_what_one_report_says_and_another_does_not(text: str, right: tuple[str, str], wrong: tuple[str, str]) -> None:
    outcomes = [ground_known(text.format(name), known(report)).sentences[-1].outcome for report, name in (right, wrong)]
    assert [one == "kept" for one in outcomes] == [True, False]
