"""What is said not to be there: missing calls, a rise elsewhere, an onset, lines; and what was expected."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

MISSING, LEDGER = "nezha-online-boutique-2022-08-22-0509", "demo-b97131"
CPU, COST = "nab-aws-rds-cpu-utilization-cc0c53-1393312500", "nab-ads-exchange-3-cpm-results-1312287301"
QUIET, DEPLOYED, CONFIGURED = "demo-4eec42", "demo-8d3715", "demo-f2fafe"


TOLD = [
    (MISSING, "checkoutservice has stopped calling {}.", "emailservice", "shippingservice"),
    (MISSING, "checkoutservice is the cause. It hardly calls {} any more.", "emailservice", "shippingservice"),
    (MISSING, "Calls from {} to emailservice are missing.", "checkoutservice", "frontend"),
    (MISSING, "{} is the only callee missing from checkoutservice's calls.", "emailservice", "shippingservice"),
    (MISSING, "The missing calls to emailservice put {} first among the candidates.", "checkoutservice", "frontend"),
    (LEDGER, "The rise of errors belongs to {} alone.", "europe-west1", "us-central1"),
    (LEDGER, "All of the rise of errors is that of checkout in {}.", "europe-west1", "us-central1"),
    (LEDGER, "There is a rise of errors, of which {} shows none.", "us-central1", "europe-west1"),
    (QUIET, "6.3 gCO₂e were measured and 6.1 gCO₂e expected, with a range of {} to 6.3.", "6", "4"),
    (QUIET, "Latency was 226 ms, {} its usual value.", "2.5 % below", "2.5 % above"),
    (QUIET, "For {} of the window's 10 minutes there is no sample of its own.", "2", "4"),
    (DEPLOYED, "checkout emits 0.63 g of CO₂ a minute, about twice the usual {}.", "0.32 g", "0.52 g"),
    (CONFIGURED, "Of the 10 timed lines only {} was slower than the usual p95.", "1", "4"),
]
OF_REPORTS = [
    ("No onset was found in the metric.", COST, CPU),
    ("Its onset was not found.", COST, DEPLOYED),
    ("Nothing was logged in the window, so it is unknown whether requests failed or became slow.", CPU, DEPLOYED),
    ("No lines were logged in the window, so failed and slowed requests are unknown.", CPU, QUIET),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_not_there_and_what_was_expected(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences[-1] for one in (right, wrong))
    assert told.outcome == "kept"
    assert lie.outcome != "kept"


@pytest.mark.parametrize(("text", "right", "wrong"), OF_REPORTS)
def test_what_one_report_has_not_and_another_has(text: str, right: str, wrong: str) -> None:
    assert [ground_known(text, known(one)).sentences[-1].outcome == "kept" for one in (right, wrong)] == [True, False]
