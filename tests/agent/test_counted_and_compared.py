"""What a report counts, compares and leaves open, as other authors tell it: each true with one thing that is not."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.neutral import neutralise

CARBON, DEMAND, DEPLOYED, POOL, LEDGER = "demo-22847d", "demo-7d647c", "demo-0ef562", "demo-c24d4d", "demo-7e8969"
LATENCY = "demo-be3b51"


TOLD = [
    (LEDGER, "ledger ranks first among {} candidates, at 0.67 [e4] [e5].", "4", "3"),
    (
        DEPLOYED,
        'The verdict on deploy-8737 is "worse", from {} old ones.',
        "41 new lines and 182",
        "182 new lines and 41",
    ),
    (DEPLOYED, "The comparison uses {} and 182 old ones [e4].", "41 new lines", "46 new lines"),
    (DEPLOYED, "The comparison of deploy-8737 with older log lines ended with the verdict {}.", "worse", "no worse"),
    (DEPLOYED, "Of the log lines of deploy-8737, 29 % are errors, and of the older ones {} [e4].", "0 %", "12 %"),
    (DEPLOYED, "checkout is failing one request in {}: 25 %, where 0.3 % is usual [e2].", "four", "three"),
    (DEPLOYED, "25 % of the requests of checkout fail, in place of {} [e2].", "0.3 %", "3 %"),
    (LATENCY, "The onset of errors, retries and latency of checkout is 15:37 UTC in all {} cases.", "three", "four"),
    (DEMAND, "None of the {} timed log lines was slower than the usual p95 of 332 ms [e5].", "17", "19"),
    (CARBON, "There are too few {} to estimate the business impact from.", "past incidents", "log lines"),
    (CARBON, "Before that, cart in {} ran version 4.9.6.", "europe-west1", "us-central1"),
    (CARBON, "cart in europe-west1 ran {} until then.", "4.9.6", "4.9.7"),
    (CARBON, "The one deployment on record is in {}.", "europe-west1", "us-central1"),
    (CARBON, "deploy-8734 of cart was in europe-west1, not in {}.", "us-central1", "europe-west1"),
    (CARBON, "Of the services in us-central1, only {} shows any rise of CO₂.", "recommendations", "frontend"),
    (POOL, "Only {} shows a rise of carbon per demand for checkout [e3].", "us-central1", "europe-west1"),
    (CARBON, "No failed request was found in the sampled log lines of us-central1{} [e2].", "", ", nor one in 12"),
    (POOL, "The verdict is {} and the severity low.", "root_cause", "not_confirmed"),
    (CARBON, "No measured figure reaches the threshold of {} severity.", "medium", "low"),
    (CARBON, "15 incidents were known by then, {} of which is similar.", "none", "one"),
    (CARBON, "Each request took {} CO₂ that it usually takes.", "the", "twice the"),
    (LEDGER, "ledger has 0.67, and the three others have {} or less.", "0.11", "0.05"),
    (POOL, "Deployment {} is behind it.", "deploy-8741 of version 2.18.0", "deploy-8740 of version 3.12.5"),
    (POOL, "The report sees the root cause in {}.", "deploy-8741 of checkout", "deploy-8740 of search"),
    (POOL, "The release of version 2.18.0, {}, made requests fail.", "deploy-8741", "deploy-8740"),
    (POOL, "payments is {} the candidates.", "not among", "among"),
    (DEMAND, "The demand was served at its usual {} cost.", "", "and twice its former"),
    (CARBON, "The alert of us-central1 is dated {} UTC.", "11:20", "11:30"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_counted_and_compared(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (_outcome(text.format(one), report) for one in (right, wrong))
    assert told == "kept"
    assert lie != "kept"


def _outcome(text: str, report: str) -> str:
    left = neutralise(text, known(report).report)
    return "removed" if left.removed else ground_known(left.text, known(report)).sentences[-1].outcome
