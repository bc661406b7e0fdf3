"""The one check that every fault ends with."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection

from tests.faults.deployment import Deployment
from worker.dead_letters import DELIVERY_PREFIX

# Looking takes work, from those who have to end it.
LOOK_EVERY_SECONDS = 0.5


def assert_accounted_for(deployment: Deployment, accepted: Collection[str], *, seconds: float = 120) -> None:
    """Every accepted alert has exactly one report, or exactly one dead letter with its reason, before `seconds` end."""
    deadline = time.monotonic() + seconds
    while missing := unaccounted(deployment, accepted):
        if time.monotonic() > deadline:
            log = (deployment.folder / "worker.log").read_text(encoding="utf-8")
            raise AssertionError(f"of {len(accepted)} accepted alerts without an end: {missing}\n{log[-6_000:]}")
        deployment.start_what_has_ended()
        time.sleep(LOOK_EVERY_SECONDS)


def unaccounted(deployment: Deployment, accepted: Collection[str]) -> dict[str, str]:
    """Alert id → what there is of it, for those that have not exactly one of the two."""
    those = {"terms": {"alert_id": sorted(accepted)}}
    reports = Counter(hit["_source"]["alert_id"] for hit in deployment.search("spiketrace-reports", query=those))
    letters = Counter(
        hit["_source"]["alert_id"]
        for hit in deployment.search("spiketrace-dead-letters", query=those)
        # What could not be told to a destination is told of a report that is there.
        if not hit["_source"]["kind"].startswith(DELIVERY_PREFIX) and hit["_source"]["reason"]
    )
    return {
        alert_id: f"{reports[alert_id]} reports, {letters[alert_id]} dead letters"
        for alert_id in accepted
        if reports[alert_id] + letters[alert_id] != 1
    }
