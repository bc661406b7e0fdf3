"""What log lines say, figures without a unit, what is unknown, and advice of what not to do."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.advising import is_advice
from worker.agent.grounding.ground import ground_known

LEDGER, SHIPPING, DEPLOYED = "demo-306ba8", "demo-899399", "demo-23590e"


def outcome(report: str, text: str, *, is_advice: bool = False) -> str:
    return ground_known(text, known(report), is_advice=is_advice).sentences[-1].outcome


TOLD = [
    (LEDGER, "ledger logged DatabaseUnavailable 12 times, and {} of that type before.", "none", "six"),
    (SHIPPING, "{} was logged in the window; before it there was none of this type.", "TariffZoneUnknown", "AddressX"),
    (LEDGER, "One message says that there is no primary for the cluster, last seen 58 {} ago.", "seconds", "minutes"),
    (SHIPPING, "One line names the zone DK-2, another names {}.", "PL-3", "FR-7"),
    (LEDGER, "CPU is not elevated: it is at {}, against an expected 26.", "27", "87"),
    (LEDGER, "That makes {} the first candidate.", "ledger", "payments"),
    (LEDGER, "The baseline reaches until {} UTC.", "09:41", "09:56"),
    (LEDGER, "{} until 09:56 UTC.", "The window of 15 minutes lasts", "The failures lasted"),
    (LEDGER, "{} are unknown.", "Orders and revenue", "Excess CO₂ and emissions"),
    (LEDGER, "In the incident of 16 November, {} the pool size to 10 helped.", "raising", "lowering"),
    (LEDGER, "The error rate of ledger is {} what chance explains.", "far beyond", "no more than"),
    (
        DEPLOYED,
        "deploy-8740, whose lines fail more often, {} with the old version.",
        "did not run side by side",
        "ran side by side",
    ),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_so_is_kept_and_what_is_not_so_is_not(report: str, text: str, right: str, wrong: str) -> None:
    assert outcome(report, text.format(right)) == "kept"
    assert outcome(report, text.format(wrong)) != "kept"


ADVICE = [
    ("Do not roll back {} for now.", "deploy-8736", "ledger"),
    ("Do not spend time on {}.", "cart", "ledger"),
    ("{}, the cause was something else.", "If ledger still fails after the failover", "As ledger still fails"),
    ("Look at payments {} ledger turns out to be healthy.", "if", "because"),
]


@pytest.mark.parametrize(("text", "right", "wrong"), ADVICE)
def test_advice_sends_nobody_away_from_the_cause(text: str, right: str, wrong: str) -> None:
    assert outcome(LEDGER, text.format(right), is_advice=True) == "kept"
    assert outcome(LEDGER, text.format(wrong), is_advice=True) != "kept"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Do not roll back deploy-7 yet.", True),
        ("If it fires often, change the rule so that it compares with the past.", True),
        ("If cart is not as before after the rollback, the cause was something else.", True),
        ("Change cfg-7 broke cart.", False),
    ],
)
def test_what_not_to_do_is_advice(text: str, *, holds: bool) -> None:
    assert is_advice(text) is holds
