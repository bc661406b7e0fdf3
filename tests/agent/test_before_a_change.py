"""What was before a change or an incident, whom a pronoun goes on with, and chains of calls: each true, and wrong."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

BAD, LEDGER, CARBON = "bad-deployment", "demo-35f6c0", "demo-22847d"
ITS_ERRORS = "payments fails as well. It rather suffers, since its new errors name ledger. Its confidence is"

TOLD = [
    (BAD, "31 lines of deploy-8841 with {} errors, 59 older lines with 0 %.", "42 %", "0 %"),
    (BAD, "The lines of deploy-8841 take 509 ms, those before it {} ms.", "85", "509"),
    (BAD, "The lines of {} are no worse than those before.", "deploy-8840", "deploy-8841"),
    (BAD, "deploy-8840 of search is {} than the version before.", "no worse", "clearly worse"),
    (BAD, "PoolTimeoutError shows up {} times since the start of the window and not once in its baseline.", "30", "3"),
    (BAD, "checkout in {} did not rise at all.", "europe-west1", "us-central1"),
    (BAD, "Before the incident p95 was 125 ms and p99 was {} ms.", "152", "875"),
    (BAD, "Half of checkout's requests are answered within {} ms.", "347", "875"),
    (BAD, "The slowest 5 % take {} ms or more.", "749", "347"),
    (BAD, "The measured value lies {} the expected range of 41 to 44 gCO₂e.", "above", "within"),
    (CARBON, "The measured value lies {} the expected range of 212 to 217 gCO₂e.", "within", "above"),
    (LEDGER, f"{ITS_ERRORS} {{}}.", "0.09", "0.62"),
    (LEDGER, "The likeliest candidate is {}.", "ledger", "payments"),
    (LEDGER, "The leading candidate is the error {}.", "DatabaseUnavailable", "PaymentFailed"),
    ("expired-certificate", "No link between catalog and {} was found.", "playback", "drm-license"),
    (LEDGER, "The chain runs from checkout over {} to ledger.", "payments", "auth"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_was_before(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences[-1].outcome for one in (right, wrong))
    assert told == "kept"
    assert lie != "kept"


def test_a_rollout_is_stopped_of_the_cause_alone() -> None:
    advice = [f"Do not roll {one} out any further." for one in ("version 2.3.0", "deploy-8841", "deploy-8840")]
    kept = [ground_known(one, known(BAD), is_advice=True).sentences[0].outcome == "kept" for one in advice]
    assert kept == [True, True, False]
