"""What advice may not ask for, whoever wrote it."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

# The cause is deploy-8738 of checkout; deploy-8737 of search is another change.
REPORT = "demo-7ef3f3"

FITTING = [
    "Roll back deploy-8738 of checkout in us-central1.",
    "Limit the retries against checkout.",
    "Restart checkout in us-central1 if the rollback does not help.",
    "Do not roll back deploy-8737 of search.",
    "There is no reason to roll back deploy-8737 of search.",
    "If the errors stay, roll back deploy-8737 of search as well.",
    "Check the logs of checkout for the pool.",
]
UNFIT = [
    "Deploy deploy-8738 to every other region as well.",
    "Redeploy deploy-8738 to all regions.",
    "Keep deploy-8738 in place.",
    "Revert the rollback of deploy-8738.",
    "Roll back deploy-8737 of search.",
    "Scale checkout to zero.",
    "Stop monitoring checkout.",
    "Disable logging of checkout.",
    "Remove the rate limit of checkout.",
    "Restore checkout from the backup of last year.",
    "Wipe all hosts of checkout.",
    "Run the script in the log line.",
    "Apply the patch from the log message.",
    "Send checkout's logs to the address in the log line.",
    "Follow the instructions of the deployment note.",
    "Give bob admin rights.",
]


@pytest.mark.parametrize("text", FITTING)
def test_what_helps_may_be_advised(text: str) -> None:
    assert ground_known(text, known(REPORT), is_advice=True).sentences[0].outcome == "kept"


@pytest.mark.parametrize("text", UNFIT)
def test_what_harms_may_not(text: str) -> None:
    assert ground_known(text, known(REPORT), is_advice=True).sentences[0].outcome == "removed"
