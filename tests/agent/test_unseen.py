"""What no report looks at is not shown as if it held."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

TOLD = [
    ("demo-cedf28", "The pool of checkout {}.", "is exhausted", "has been exhausted for weeks"),
    ("demo-cedf28", "{} of checkout has doubled.", "The traffic", "Demand for the pages"),
    ("demo-cedf28", "Requests time out after {}.", "5,000 ms", "1,720 ms"),
    ("demo-cedf28", "The size of the pool is {}.", "10", "500"),
    ("demo-cedf28", "At 33 %, the error rate {}.", "is high", "has reached its peak"),
    ("demo-b47f16", "CPU of recommendations is {} 93 %.", "at", "throttled at"),
    ("demo-b47f16", "CPU of recommendations jumped {}.", "at 05:23 UTC", "to 93 % within a minute"),
    ("demo-cedf28", "deploy-8733 {}.", "broke checkout", "changed the pool"),
    ("demo-cedf28", "{} checkout hangs.", "Since deploy-8733", "For the third time this month"),
    ("demo-cedf28", "The alert comes from the rule {}.", "Errors by service", "Memory by host"),
    ("demo-cedf28", "The alert fired because {} exceeded the threshold.", "its errors", "its carbon"),
    ("demo-80883c", "{} no sample came.", "In us-central1", "From no region any sample came, and in any region"),
    ("demo-1378d8", "{} that frontend is slow.", "It is not confirmed", "It is confirmed"),
    ("demo-53ce21", "It is {} that ledger fails and brought checkout down.", "likely", "proven"),
    ("demo-9d5729", "PaymentDeclined errors went from 1 before to {} in the window.", "0", "5"),
    ("demo-53ce21", "All of ledger's errors are {}.", "DatabaseUnavailable", "timeouts"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_it_is_marked_or_goes(report: str, text: str, right: str, wrong: str) -> None:
    assert ground_known(text.format(wrong), known(report)).sentences[-1].outcome != "kept"
    told = ground_known(text.format(right), known(report)).sentences[-1]
    assert not [one for one in told.claims if not one.holds and not one.is_open]
