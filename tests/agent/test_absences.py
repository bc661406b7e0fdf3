"""That there is none of what a report lists is so, or is not."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

MISSING_CALLS, SLOW_CALLS = "nezha-online-boutique-2022-08-22-0501", "nezha-online-boutique-2022-08-22-0543"
SOLE = "nab-traffic-occupancy-t4013-1442390940"


@pytest.mark.parametrize(
    ("report", "text", "is_kept"),
    [
        (SOLE, "There is only one candidate.", True),
        (MISSING_CALLS, "There is only one candidate.", False),
        (SOLE, "There are no candidates.", False),
        ("petshop-high_traffic-train-quiet-5", "There are no candidates.", True),
        ("not-confirmed", "No root cause is named.", True),
        (SLOW_CALLS, "No root cause is named.", False),
        ("not-confirmed", "The cause could not be identified.", True),
        (SLOW_CALLS, "The report reaches no verdict.", False),
        (SOLE, "No similar incident is on file.", True),
        ("demo-2deaae", "No similar incident is on file.", False),
        (MISSING_CALLS, "The list of changes is empty.", True),
        ("demo-2deaae", "The list of changes is empty.", False),
        (MISSING_CALLS, "No call got slower.", True),
        (SLOW_CALLS, "No call got slower.", False),
        (SLOW_CALLS, "No calls went missing.", True),
        (MISSING_CALLS, "No calls went missing.", False),
    ],
)
def test_there_is_none(report: str, text: str, *, is_kept: bool) -> None:
    assert (ground_known(text, known(report)).sentences[0].outcome == "kept") is is_kept
