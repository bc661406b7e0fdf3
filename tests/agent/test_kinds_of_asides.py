"""Pauses, parts of a rise, versions and tests of a cause, as others tell them: each true with one wrong thing."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.neutral import neutralise

PAUSED, LEDGER, DEPLOYED, SHIPPING = "demo-7846d9", "demo-306ba8", "demo-8d3715", "demo-f2fafe"
AUTH, CATALOG, DEMAND = "demo-17cf1c", "demo-025d41", "demo-7d647c"
SPREAD, WORSE = "demo-7d647c", "demo-0ef562"
HOT = "nab-known-machine-temperature-system-failure-1392475500"
OF_ERRORS = "The whole rise of errors is that of shipping in europe-west1. "
OF_AUTH = "The whole rise of errors is that of auth in europe-west1. "
TRAFFIC = "The traffic of auth in europe-west1 is 18,100 requests/min, with 15,800 expected. "

TOLD = [
    # How long the samples paused, and of how many services.
    (PAUSED, "The metrics paused for {} before 11:18 UTC.", "20 minutes", "40 minutes"),
    (PAUSED, "The samples of {} services were missing for 20 minutes.", "12", "7"),
    (PAUSED, "None of {} services in us-central1 sent a sample between 10:58 UTC and 11:18 UTC.", "12", "9"),
    # Who has no part in a rise.
    (SHIPPING, f"{OF_ERRORS}Shipping in {{}} adds nothing to it.", "us-central1", "europe-west1"),
    (SHIPPING, f"{OF_ERRORS}In {{}} it did not rise.", "us-central1", "europe-west1"),
    (AUTH, "Auth in {} did not rise at all.", "asia-east1", "europe-west1"),
    (AUTH, f"{OF_AUTH}It belongs to auth in {{}} and not to the other regions.", "europe-west1", "asia-east1"),
    (AUTH, f"{TRAFFIC}It {{}}.", "rose", "fell"),
    (SPREAD, "Most of the small rise of carbon lies with {} and frontend.", "recommendations", "cart"),
    (
        AUTH,
        "Auth was looked at in asia-east1 and {}, and neither region shows a rise of errors.",
        "us-central1",
        "europe-west1",
    ),
    # Load that is not the cause; which version came for which.
    (CATALOG, "The traffic is as usual, so {} not explain it.", "more requests do", "catalog does"),
    (AUTH, "So {} not the reason.", "more requests are", "auth is"),
    (DEPLOYED, "deploy-8739 of search brought version 3.12.5 in place of version {}.", "3.12.4", "3.12.5"),
    (DEPLOYED, "deploy-8739 took search in {} to version 3.12.5.", "us-central1", "europe-west1"),
    (DEPLOYED, "The lines of deploy-8740 are {} than those of the older versions.", "clearly worse", "no worse"),
    # Candidates by their place, and by their type of errors.
    (LEDGER, "The {} candidate carries a confidence of 0.71, ahead of payments with 0.04.", "first", "second"),
    (LEDGER, "ledger has 0.71, ahead of payments and {} with 0.04 each.", "PaymentFailed", "DatabaseUnavailable"),
    # Who those are that were counted.
    (WORSE, "Three changes are on record. They are deploy-8737, deploy-8736 and {}.", "deploy-8735", "search"),
    # What is denied beside something else.
    (SHIPPING, "So shipping fails but {}.", "is not slow", "does not fail"),
    (SHIPPING, "AddressNotServed was logged once before the window, and {} in it.", "not", "again"),
    (CATALOG, "catalog uses far {} CPU and carbon than its requests usually take.", "more", "less"),
    (DEMAND, "The requests were {} the usual number and were served at the usual cost.", "1.6 times", "2.9 times"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_told_in_passing(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences[-1].outcome for one in (right, wrong))
    assert told == "kept"
    assert lie != "kept"


@pytest.mark.parametrize(
    ("report", "right", "wrong"),
    [
        (
            DEPLOYED,
            "Within minutes checkout should be as before, or deploy-8740 was not the cause.",
            "Within minutes checkout should be as before, and deploy-8740 was not the cause.",
        ),
        (
            SHIPPING,
            "Keep cfg-3095 away from us-central1, because that region shows no rise of errors.",
            "Keep cfg-3095 away from europe-west1, because that region shows no rise of errors.",
        ),
        (
            PAUSED,
            "Add an alert on missing samples, as 12 services sent nothing from 10:58 UTC to 11:18 UTC.",
            "Add an alert on missing samples, as 8 services sent nothing from 10:58 UTC to 11:18 UTC.",
        ),
        (
            DEPLOYED,
            "Look at the pool of checkout, as PoolTimeout came 13 times since the window began.",
            "Look at the pool of checkout, as PoolTimeout came 31 times since the window began.",
        ),
    ],
)
def test_what_is_told_in_passing_of_advice(report: str, right: str, wrong: str) -> None:
    told = [ground_known(one, known(report), is_advice=True).sentences[-1].outcome for one in (right, wrong)]
    assert told[0] == "kept"
    assert told[1] != "kept"


@pytest.mark.parametrize(
    ("report", "text", "removed"),
    [
        (SHIPPING, "shipping in us-central1 adds nothing to it [e3].", 0),
        (SHIPPING, "Nothing to do here, shipping is fine.", 1),
        (HOT, "Machine_temperature_system_failure is at 104.", 0),
    ],
)
def test_what_only_looks_dismissed_or_encoded(report: str, text: str, removed: int) -> None:
    assert neutralise(text, known(report).report).removed == removed
