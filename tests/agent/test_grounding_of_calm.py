"""That nothing is the matter, what was expected, whose part it is and who ranks where: what is so is kept."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CALM, FAILING = "demo-059f58", "demo-23ecac"


def outcome(report: str, text: str) -> str:
    return ground_known(text, known(report)).sentences[-1].outcome


TOLD = [
    # What was expected, and its ends.
    (CALM, "The expected range spans {}.", "212 to 218 gCO₂e", "212 to 219 gCO₂e"),
    (CALM, "The expectation lies between {}.", "212 and 218 gCO₂e", "210 and 216 gCO₂e"),
    (CALM, "It emitted 214 gCO₂e, and 215 gCO₂e was expected (between {}).", "212 and 218", "211 and 219"),
    (CALM, "The likely excess is close to none, and its interval {} zero.", "includes", "excludes"),
    # Nothing is the matter.
    (CALM, "{}.", "There is no candidate, because there is no deviation to explain", "The alert points to a problem"),
    (CALM, "Neither the errors nor the latency {} a problem.", "indicate", "are normal and carbon shows"),
    (CALM, "{} of business followed.", "No loss", "A loss"),
    (FAILING, "Neither {} points to a problem.", "CPU nor memory", "CPU nor latency"),
    (FAILING, "The investigation found {}.", "a root cause", "no significant deviation"),
    # Who ranks where, by the one that was spoken of.
    (FAILING, "Payments suffers. It is ranked {}.", "second", "third"),
    (FAILING, "Payments and checkout are ranked {}.", "second and third", "third and second"),
    (FAILING, "Payments' errors refer to {}.", "ledger", "cart"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_so_is_kept_and_what_is_not_so_is_not(report: str, text: str, right: str, wrong: str) -> None:
    assert outcome(report, text.format(right)) == "kept"
    assert outcome(report, text.format(wrong)) != "kept"
