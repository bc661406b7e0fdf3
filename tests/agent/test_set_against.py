"""What is set one against another: parts, candidates, services, signals, quantiles, and a change against what rose."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

TOLD = [
    # Parts of the excess.
    (
        "demo-cedf28",
        "{} of checkout.",
        "Retries caused more of the excess than errors",
        "Errors caused more of the excess than retries",
    ),
    (
        "demo-cedf28",
        "{} of the excess.",
        "Retries make up more than slower work",
        "Slower work makes up more than retries",
    ),
    ("demo-cedf28", "{} of the CO₂ comes from retries than from errors.", "More", "Less"),
    ("demo-859b94", "{} requests of checkout failed than were slower than usual.", "Fewer", "More"),
    # Two services, and two signals of one.
    (
        "demo-53ce21",
        "The retries against checkout, at 25 %, are {} frequent than those against payments.",
        "less",
        "more",
    ),
    ("demo-53ce21", "The latency of {}, exceeds that of checkout.", "ledger, at 2,010 ms", "payments, at 1,480 ms"),
    ("demo-53ce21", "The latency of {}, is the highest of the three.", "ledger, at 2,010 ms", "payments, at 1,480 ms"),
    ("demo-53ce21", "The errors of {} precede those of {}.", "ledger|checkout", "checkout|ledger"),
    ("demo-53ce21", "The share of failed requests of checkout is {} than its share of retries.", "higher", "lower"),
    ("demo-cedf28", "The p95 of checkout rose {} steeply than its median.", "more", "less"),
    ("demo-53ce21", "The new errors of checkout name ledger {} payments.", "and", "but never"),
    # Candidates without a service.
    ("demo-e4665d", "{} is the first candidate.", "Traffic", "Cart"),
    ("demo-e4665d", "Traffic is the {} candidate, {} cart.", "first|ahead of", "second|behind"),
    # Who was first, whose fault it is, and who is out of suspicion.
    ("demo-53ce21", "{} was the first to fail.", "ledger", "checkout"),
    ("demo-53ce21", "payments is a victim of {}.", "ledger", "checkout"),
    ("demo-53ce21", "The failures of checkout are {} fault.", "ledger's", "cart's"),
    ("demo-53ce21", "cart {} ruled out.", "is", "cannot be"),
    ("demo-53ce21", "ledger is slow, and it {}.", "fails", "does not fail, yet it does not fail"),
    ("demo-53ce21", "cart's deployment {}.", "is not the cause", "is the cause, as it came last"),
    # A change against what rose.
    ("demo-e4665d", "deploy-8740 of cart started {} the traffic of us-central1 had risen.", "before", "after"),
    ("nezha-online-boutique-2022-08-22-0501", "checkoutservice explains {} of what frontend shows.", "62 %", "all"),
    ("demo-b47f16", "In europe-west1 the carbon of recommendations {} a little.", "rose", "fell"),
    ("demo-cedf28", "Errors are {} frequent than retries in checkout.", "less", "more"),
]


def _filled(text: str, told: str) -> str:
    return text.format(*told.split("|"))


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_the_order_is_that_of_the_evidence(report: str, text: str, right: str, wrong: str) -> None:
    assert ground_known(_filled(text, wrong), known(report)).sentences[-1].outcome != "kept"
    told = ground_known(_filled(text, right), known(report)).sentences[-1]
    assert not [one for one in told.claims if not one.holds and not one.is_open]
