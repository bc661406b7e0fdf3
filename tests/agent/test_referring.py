"""Whom "the former", "both of these services" and "that change" mean, and what is told of lists one by one."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

# checkout suffers from payments, and both from ledger; a change of the configuration; a deployment that is the cause.
LEDGER, CONFIGURED, DEPLOYED = "demo-b97131", "demo-f2fafe", "demo-8d3715"
TWO = "Payments and checkout fail. "


def is_kept(report: str, text: str, *, is_advice: bool = False) -> bool:
    return ground_known(text, known(report), is_advice=is_advice).sentences[-1].outcome == "kept"


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (f"{TWO}The former retries {{}} of its calls.", "40 %, the latter 15 %", "15 %, the latter 40 %"),
        ("{} fail. These services retry as well.", "Checkout and payments", "Checkout and ledger"),
        (f"{TWO}Both of these services {{}}.", "name ledger in their new errors", "are as usual"),
        (f"{TWO}Both {{}}.", "are slow", "call cart"),
        ("deploy-8736 was made 16 min ago. That change {}.", "came before the onset", "started the errors of checkout"),
        ("Payments fails. {} in the same region fails, too.", "Ledger", "Cart"),
        ("{} in the same region suffer from ledger.", "Payments and checkout", "Payments and cart"),
        ("The rise of errors belongs to {} alone.", "europe-west1", "us-central1"),
        ("Checkout in {} shows no rise of errors.", "us-central1", "europe-west1"),
        ("The excess of 0.3 gCO₂e is put down to {} alone.", "retries", "slower work"),
        ("The lines of {} speak of refused connections to ledger-db-0.", "ledger", "cart"),
        ("{} ranks last.", "Deploy-8736", "Payments"),
    ],
)  # fmt: skip
def test_whom_words_mean_is_read(text: str, right: str, wrong: str) -> None:
    assert [is_kept(LEDGER, text.format(one)) for one in (right, wrong)] == [True, False]


@pytest.mark.parametrize(
    ("report", "text", "holds"),
    [
        (CONFIGURED, "The change left the version at 2.5.4.", True),
        (CONFIGURED, "The change left the version at 2.5.3.", False),
        (CONFIGURED, "cfg-3095 changed the configuration and not the version.", True),
        (CONFIGURED, "cfg-3095 changed the version.", False),
        (CONFIGURED, "The version was 2.5.4 before and after the change.", True),
        (CONFIGURED, "Cfg-3095, a configuration change, is the likely cause.", True),
        (DEPLOYED, "Deploy-8740, a configuration change, is the likely cause.", False),
        (DEPLOYED, "Deploy-8740 changed the configuration and not the version.", False),
        (DEPLOYED, "Errors, retries and latency rose to 44 %, 24 % and 1,450 ms.", False),
    ],
)
def test_what_a_change_kept_and_lists_in_turn(report: str, text: str, holds: bool) -> None:
    assert is_kept(report, text) == holds


@pytest.mark.parametrize("latency", [230, 1450])
@pytest.mark.parametrize(
    "text",
    [
        "Check that checkout's error rate returns to 0 %, and its latency to about {} ms.",
        "Check that the error rate is at 0 % again, the retries at 1.2 % and the latency at {} ms.",
    ],
)
def test_advice_may_wait_for_what_is_usual(text: str, latency: int) -> None:
    assert is_kept(DEPLOYED, text.format(latency), is_advice=True) == (latency == 230)
