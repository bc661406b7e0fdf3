"""What was told in other words: no verdict, counted deployments, judgements with a ground, the time between two."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

NO_VERDICT, QUIET, DEMAND, LEDGER = "demo-1498e2", "demo-3c9131", "demo-2eeef4", "demo-8d9a2d"
DEPLOYED, BASIC, CART = "demo-2fdb0d", "nezha-train-ticket-2023-01-30-1206", "nezha-online-boutique-2022-08-23-1245"


TOLD = [
    (DEMAND, "The demand was served at {} cost.", "the usual", "twice the usual"),
    (DEPLOYED, "{} had no share in the rise of errors of checkout.", "Europe-west1", "Us-central1"),
    (LEDGER, "Of the new errors of checkout, {}.", "20 % name ledger and 100 % name payments", "100 % name ledger"),
    (
        LEDGER,
        "All new errors of payments name ledger, which makes {} rather than the origin.",
        "it a victim",
        "ledger a victim",
    ),
    (LEDGER, "All new errors of payments name ledger, which makes {} the origin.", "ledger", "payments"),
    (LEDGER, "The cause is {}, because it is named by payments.", "ledger", "payments"),
    (LEDGER, "In milliseconds, the latency of payments climbed from 266 to {} on average.", "1,440", "1,810"),
    (LEDGER, "The latency of ledger rose to 1,810 ms from {}.", "19", "190"),
    (DEPLOYED, "{} deployments took place before the alert.", "Several", "Many"),
    (
        BASIC,
        "The cause is ts-basic-service, because calls from {} spend 2 s between the two.",
        "ts-preserve-service",
        "ts-food-service",
    ),
    (
        CART,
        "Deployments play {} part, as none was recorded in the two hours before the alert.",
        "no visible",
        "a visible",
    ),
    (QUIET, "The usual value comes from {}.", "one earlier day", "the hours before"),
    (QUIET, "The usual value rests on {}.", "1 earlier day", "several weeks of earlier days"),
    (QUIET, "The usual value rests on {}.", "a single earlier day", "3 earlier days"),
    (LEDGER, "Emissions rose to 0.066 g of CO₂ a minute from {}.", "0.047 g", "0.017 g"),
    (NO_VERDICT, "There is no verdict on frontend, because the {}.", "evidence is too thin", "database was down"),
]
OF_REPORTS = [
    ("No candidate for a cause was put forward.", NO_VERDICT, LEDGER),
    ("No cause was put forward.", NO_VERDICT, LEDGER),
    ("A release can hardly be blamed, since no deployment was recorded.", CART, DEPLOYED),
    ("The evidence lists no service that makes fewer calls than usual.", CART, "nezha-online-boutique-2022-08-22-0402"),
    ("Frontend makes fewer calls for each request it receives.", "nezha-online-boutique-2022-08-22-0402", CART),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_told_in_other_words(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences[-1] for one in (right, wrong))
    assert told.outcome == "kept"
    assert lie.outcome != "kept"


@pytest.mark.parametrize(("text", "right", "wrong"), OF_REPORTS)
def test_what_holds_of_one_report_and_not_of_another(text: str, right: str, wrong: str) -> None:
    assert [ground_known(text, known(one)).sentences[-1].outcome == "kept" for one in (right, wrong)] == [True, False]


def test_nothing_tells_how_many_users_were_affected() -> None:
    users, failed = (f"Nothing tells us how many {what}." for what in ("users were affected", "requests failed"))
    assert [ground_known(one, known(LEDGER)).sentences[0].outcome == "kept" for one in (users, failed)] == [True, False]


@pytest.mark.parametrize("what", ["Test the network path between {} and ts-basic-service.", "Read {}'s stack traces."])
def test_advice_on_what_to_look_at(what: str) -> None:
    right, wrong = (what.format(one) for one in ("ts-travel-service", "ts-billing-service"))
    told, lie = (ground_known(one, known(BASIC), is_advice=True).sentences[0] for one in (right, wrong))
    assert (told.outcome, lie.outcome != "kept") == ("kept", True)
