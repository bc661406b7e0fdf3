"""What a sentence takes from the one before: a deployment, a candidate, a past incident, a figure's metric."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

# checkout suffers from payments, and both from ledger; a deployment that is the cause, with others before it.
LEDGER, DEPLOYED, QUIET = "demo-b97131", "demo-8d3715", "nezha-online-boutique-2022-08-23-quiet-40"
SEARCH = "At 15:25 UTC search got version 3.12.5 with deployment deploy-8739. "
HANG = "On 16 November 2026 there was “checkout: orders hang”. "
OTHERS = "deploy-8739 of search and deploy-8738 of payments came before. "
ASIDE = "payments has a confidence of 0.09. Against it speaks that its errors name "
BOTH = "deploy-8740 of checkout and deploy-8739 of search came before. "


def is_kept(report: str, text: str) -> bool:
    return ground_known(text, known(report)).sentences[-1].outcome == "kept"


@pytest.mark.parametrize(
    ("report", "right", "wrong"),
    [
        (DEPLOYED, f"{SEARCH}It superseded version 3.12.4.", f"{SEARCH}It superseded version 6.2.13."),
        (DEPLOYED, f"{SEARCH}It carries version 3.12.5.", f"{SEARCH}It carries version 2.18.0."),
        (DEPLOYED, f"{SEARCH}It brought version 3.12.5.", f"{SEARCH}It brought version 3.12.5 to payments."),
        (DEPLOYED, f"{SEARCH}It is not believed to be the cause.", f"{SEARCH}It caused the errors."),
        (DEPLOYED, f"{SEARCH}It gets no confidence.", f"{SEARCH}It has a confidence of 0.86."),
        (DEPLOYED, f"{SEARCH}It is an unlikely cause, as search does not deviate.", f"{SEARCH}It is the cause."),
        (DEPLOYED, "deploy-8740 came at 15:36 UTC. It is the cause.", "deploy-8740 came then. It has no confidence."),
        (DEPLOYED, f"{OTHERS}Neither is the cause.", f"{BOTH}Neither is the cause."),
        (DEPLOYED, f"{HANG}It ended after 52 min.", f"{HANG}It ended after 44 min."),
        (DEPLOYED, f"{HANG}Over after 52 min.", f"{HANG}It lasted 13 min."),
        (DEPLOYED, f"{HANG}It concerned checkout.", f"{HANG}It concerned search."),
        (DEPLOYED, f"{HANG}It was in europe-west1.", f"{HANG}It was in us-central1."),
        (DEPLOYED, f"{HANG}What helped: “Rolled back”.", f"{HANG}What helped: “Cache cleared”."),
        (DEPLOYED, f"{HANG}It was resolved after 52 min.", f"{HANG}It is over now."),
        (LEDGER, "Payments deviates. Still, its new errors name ledger.", "Payments deviates. It is the cause."),
        (LEDGER, "Payments and checkout fail. They are less likely than ledger.", "Ledger is less likely than cart."),
        (LEDGER, f"{ASIDE}ledger.", f"{ASIDE}cart."),
        (LEDGER, "PaymentFailed came. There were none before.", "DownstreamTimeout came. There were none before."),
    ],
)  # fmt: skip
def test_it_means_what_was_spoken_of_last(report: str, right: str, wrong: str) -> None:
    assert [is_kept(report, right), is_kept(report, wrong)] == [True, False]


def test_what_names_whom_it_means_does_not_lean_on_what_was_removed() -> None:
    leaning, naming = "They retry as well.", "Therefore ledger is the cause."
    assert not is_kept(LEDGER, f"Payments was hacked. {leaning}")
    assert is_kept(LEDGER, f"Payments was hacked. {naming}")
