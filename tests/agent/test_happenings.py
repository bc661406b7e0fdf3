"""What is told of things that only log lines speak of, of past incidents, and of how sure the report is."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

AUTH, LEDGER, CHECKOUT = "demo-018187", "demo-bd5752", "demo-b97131"
CHARGED, NO_VERDICT, ROWS = "edgedelta-rootcausebench-tls-cert-expiry", "demo-1498e2", "demo-2fb37b"
POOL = "demo-8d3715"


def is_kept(report: str, text: str) -> bool:
    return all(one.outcome == "kept" for one in ground_known(text, known(report)).sentences)


@pytest.mark.parametrize(
    ("report", "text", "right", "wrong"),
    [
        (AUTH, "The certificate expired {}.", "before that", "at 21:46 UTC"),
        (AUTH, "Auth fails with {} confidence as the cause.", "high", "little"),
        (LEDGER, "The database of ledger {}.", "is in recovery mode", "ran out of connections"),
        (LEDGER, "The database of ledger {}.", "is in recovery mode", "was rebuilt"),
        (POOL, "Checkout ran out of {}.", "connections in its pool", "memory"),
        (CHECKOUT, "All of checkout's new errors name {}.", "payments", "ledger"),
        (NO_VERDICT, "The average rests on {} log lines.", "9", "15"),
        (NO_VERDICT, "The latency of frontend rests on 9 log lines{}.", ", too few for a verdict", ", and is reliable"),
        (ROWS, "The {} ended when a job was moved.", "recommendations incident of 3 November",
         "catalog incident of 23 November"),
        (ROWS, "The recommendations job of 3 November was {}.", "moved", "started again"),
    ],
)  # fmt: skip
def test_what_lines_and_rankings_tell(report: str, text: str, right: str, wrong: str) -> None:
    assert [is_kept(report, text.format(one)) for one in (right, wrong)] == [True, False]
