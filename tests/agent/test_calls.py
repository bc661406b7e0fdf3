"""What is told of calls: how long they take against what is usual, and which are no longer made."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

# checkoutservice hardly calls emailservice any more; calls of frontend to checkoutservice take longer.
MISSING, SLOWER = "nezha-online-boutique-2022-08-22-0509", "nezha-online-boutique-2022-08-23-1403"


def outcome(report: str, text: str, *, is_advice: bool = False) -> str:
    return ground_known(text, known(report), is_advice=is_advice).sentences[-1].outcome


@pytest.mark.parametrize(
    ("report", "text", "right", "wrong"),
    [
        (SLOWER, "The calls from frontend to {} slowed down as well.", "checkoutservice", "emailservice"),
        (SLOWER, "{} waits longer for emailservice than usual.", "Checkoutservice", "Frontend"),
        (SLOWER, "Checkoutservice's calls to emailservice are much {} than usual.", "slower", "faster"),
        (MISSING, "{} is still called as before.", "Checkoutservice", "Emailservice"),
        (MISSING, "{} hardly calls emailservice any more.", "Checkoutservice", "Frontend"),
        (MISSING, "{} is the one callee that is missing from checkoutservice's calls.", "Emailservice", "Frontend"),
        (MISSING, "Calls from checkoutservice to {} are no longer made.", "emailservice", "shippingservice"),
        (MISSING, "Checkoutservice {} emailservice as before.", "no longer calls", "calls"),
        (MISSING, "The missing calls to {} put checkoutservice first.", "emailservice", "shippingservice"),
    ],
)
def test_calls_are_as_they_were_read(report: str, text: str, right: str, wrong: str) -> None:
    assert [outcome(report, text.format(one)) == "kept" for one in (right, wrong)] == [True, False]


def test_advice_may_wait_for_a_call_to_be_made_again() -> None:
    text = "Verify that {} calls emailservice as before."
    told = [outcome(MISSING, text.format(one), is_advice=True) for one in ("checkoutservice", "shippingservice")]
    assert told == ["kept", "removed"]
