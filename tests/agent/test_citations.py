"""What is cited exists, and holds something of what is told; a figure may be right and still be of other evidence."""

from __future__ import annotations

import re

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CATALOG, DEMAND = "demo-5844c3", "demo-2eeef4"


@pytest.mark.parametrize(
    ("report", "text", "doubted"),
    [
        (CATALOG, "Latency of catalog in us-central1 is 1,930 ms, where 41 ms is usual [e2].", []),
        (CATALOG, "Latency of catalog in us-central1 is 1,930 ms, where 41 ms is usual [e6].", ["[e6]"]),
        (CATALOG, "Latency of catalog in us-central1 is 1,930 ms, where 41 ms is usual [e99].", ["[e99]"]),
        (CATALOG, "Latency of catalog in us-central1 is 1,930 ms, where 41 ms is usual [e3 e2].", []),
        (CATALOG, "The p95 latency of catalog is 5,700 ms [e4], its average 1,930 ms [e2].", []),
        (CATALOG, "The p95 latency of catalog is 5,700 ms [e2], its average 1,930 ms [e4].", ["[e2]", "[e4]"]),
        (CATALOG, "catalog emits 2.6 g a minute, 1.6 times its usual CO₂ [e1].", []),
        (CATALOG, "catalog emits 2.6 g a minute, 1.6 times its usual CO₂ [e5].", ["[e5]"]),
        # Of a few lines, and of nothing, there is much: what is told so is cited by what else it tells.
        (CATALOG, "0 of 18 sampled log lines of catalog are errors [e2].", []),
        (DEMAND, "recommendations has 32 % of the rise of CO₂ in us-central1 [e3].", []),
        (DEMAND, "recommendations has 32 % of the rise of CO₂ in us-central1 [e5].", ["[e5]"]),
    ],
)
def test_a_citation_is_checked_against_what_it_is_said_to_hold(report: str, text: str, doubted: list[str]) -> None:
    found = ground_known(text, known(report))
    (sentence,) = found.sentences
    assert [claim.text.strip() for claim in sentence.claims if not claim.holds] == doubted
    assert re.findall(r"(\[[^\]]+\]) \[unverified\]", found.text) == doubted
