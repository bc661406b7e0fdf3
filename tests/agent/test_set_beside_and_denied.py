"""Figures beside what they are set against, who rather suffers, and what did not come or was not measured."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

QUIET, DEMAND, LEDGER, DEPLOYED = "demo-3c9131", "demo-2eeef4", "demo-8d9a2d", "demo-2fdb0d"
INGESTOR = "edgedelta-rootcausebench-metric-ingestor-metadata-deser"

PAIRS = [
    (LEDGER, "The median latency of payments is 2,003 ms, was {} [e7].", "238 ms", "468 ms"),
    (DEPLOYED, "The comparison covers 35 log lines of deploy-8717 and {} others [e5].", "182", "82"),
    (DEPLOYED, "checkout fails {}.", "in us-central1", "in all regions alike"),
    (DEMAND, "The expectation for us-central1 was {}.", "140 to 150 gCO₂e", "120 to 130 gCO₂e"),
    (
        DEMAND,
        "The measured 147 gCO₂e lie {} the range expected for the requests that came [e1].",
        "within",
        "well above",
    ),
    (DEMAND, "The alert was raised by the {} rule.", "carbon", "latency"),
    (LEDGER, "{} makes it wait.", "payments is slow because ledger", "ledger is slow because checkout"),
    (LEDGER, "payments and checkout fail, and ledger and payments are {}.", "affected", "equally likely"),
    (LEDGER, "The p50 latency of payments was {} and is now 2,003 ms [e7].", "238 ms", "468 ms"),
    (LEDGER, "Half of the requests took 2,003 ms or longer, and {} was the median before [e7].", "238 ms", "328 ms"),
    (DEPLOYED, "That is {} more CO₂ than expected [e1].", "2.3 gCO₂e", "2.8 gCO₂e"),
    (DEPLOYED, "{} of the emissions come on top of what was expected [e1].", "2.3 gCO₂e", "4.8 gCO₂e"),
    (DEPLOYED, "The excess is 2.28 gCO₂e (2.09 gCO₂e to {}) [e1].", "2.75 gCO₂e", "2.55 gCO₂e"),
    (DEPLOYED, "Of the requests of checkout {} were repeated attempts [e2].", "61 %", "24 %"),
    (DEPLOYED, "The figures rest on a PUE of {}.", "1.1", "1.3"),
    (
        DEPLOYED,
        "Since deploy-8717 26 % of the log lines are errors, while before it there were {} [e5].",
        "0 %",
        "12 %",
    ),
    (DEPLOYED, "The first candidate has a confidence of 0.85; the next one has {}.", "0.00", "0.15"),
    (DEPLOYED, "The log lines of deploy-8717 {} the lines before [e5].", "are worse than", "show no difference from"),
    (DEPLOYED, "The report rates the incident in checkout as {}.", "high", "medium"),
    (DEMAND, "The figures compare {} with the hours before.", "21:14 to 21:20 UTC", "20:14 to 20:20 UTC"),
    (DEMAND, "It emits 1.6 times its usual CO₂, {}.", "while latency is as usual", "although no more requests came"),
    (
        DEMAND,
        "Carbon is 24 g a minute instead of 16 g, and the number of requests has grown, to {} per minute.",
        "312,000",
        "184,000",
    ),
    (DEMAND, "The alert concerned the carbon of {}.", "us-central1", "europe-west1"),
    (QUIET, "The excess was {} into retries, errors and slower work.", "not split", "split"),
    (QUIET, "CO₂ is at 18 g/min, {}.", "so there is no excess to explain", "as the user sessions show"),
    (LEDGER, "{} rather suffers than causes the trouble.", "Payments", "Ledger"),
    (LEDGER, "{} of payments is unremarkable.", "CPU use", "The error rate"),
    (LEDGER, "{} was deployed at 09:27 UTC, 14 min before the onset: deploy-8730.", "Cart", "Ledger"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PAIRS)
def test_what_is_set_beside(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences[-1] for one in (right, wrong))
    assert told.outcome == "kept"
    assert lie.outcome != "kept"


def test_more_of_what_a_metric_counts_is_marked() -> None:
    found = ground_known("metric-ingestor-1 flushes more envelopes per minute than usual [e1].", known(INGESTOR))
    assert "[unverified]" in found.text
