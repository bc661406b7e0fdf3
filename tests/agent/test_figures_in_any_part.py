"""Figures, times, names and texts of every part of a report: past incidents, versions, the alert, SCI, gaps, rises."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CHECKOUT, SHIPPING, REGION, DASHBOARD = (
    "demo-373452",
    "demo-133406",
    "demo-059f58",
    "nezha-train-ticket-2023-01-29-0912",
)
ORDERS_HANG = "“checkout: orders hang” of 18 November 2026 concerned checkout in europe-west1. "
# Right and wrong in one place of each; what is checked is the last sentence.
PAIRS = [
    (SHIPPING, ORDERS_HANG + "It ended after {}.", "52 min", "2 h 4 min"),
    (SHIPPING, ORDERS_HANG + "What helped: “{}”.", "Rolled back, pool size raised to 10", "Restarted twice"),
    (SHIPPING, "“Psp alpha slow” lasted {}, and “checkout: orders hang” 52 min.", "2 h 4 min", "1 h 35 min"),
    (SHIPPING, "“Psp alpha slow” of 13 November 2026 hit {} in us-central1.", "payments", "shipping"),
    (SHIPPING, "In “Psp alpha slow”, {} helped.", "switching to beta for two hours", "a rollback"),
    (SHIPPING, "“Psp alpha slow” happened in the same {} as this incident.", "month", "day"),
    (CHECKOUT, "deploy-8723 of checkout was made at 15:36 UTC. It replaced version {}.", "2.17.7", "2.18.0"),
    (CHECKOUT, "deploy-8722 brought version 3.12.5 to {} at 15:25 UTC.", "search", "checkout"),
    (CHECKOUT, "deploy-8722 of search is from 15:25 UTC (version {}).", "3.12.5, after 3.12.4", "3.12.4, after 3.12.5"),
    (CHECKOUT, "deploy-8722 of search was started 12 minutes before the onset, at {} UTC.", "15:25", "15:36"),
    (CHECKOUT, "Roll checkout back from {}.", "2.18.0 to 2.17.7", "2.17.7 to 2.18.0"),
    (CHECKOUT, "The trouble began at 15:37 UTC, and the alert followed at {} UTC.", "15:50", "15:37"),
    (CHECKOUT, "checkout fails since 15:37{}.", " UTC", " Central Time"),
    (CHECKOUT, "The alert concerned the carbon of {}.", "checkout", "search"),
    (CHECKOUT, "Alert “Carbon of the order path” at 15:50 UTC: {} g over a threshold of 6 g.", "6.83", "7.83"),
    (CHECKOUT, "checkout emitted {} in 13 minutes.", "7.6 gCO₂e", "6 gCO₂e"),
    (CHECKOUT, "1,000 requests took 217 mgCO₂e, before {}.", "116 mgCO₂e", "217 mgCO₂e"),
    (CHECKOUT, "SCI: 217 mgCO₂e per 1,000 requests. Before: {}.", "116 mgCO₂e", "136 mgCO₂e"),
    (CHECKOUT, "checkout emitted 3.7 gCO₂e too much (3.5 to {}).", "4.2", "5.2"),
    (CHECKOUT, "The excess stands for 2.3 vCPU-hours ({} to 9.1).", "1.7", "2.1"),
    (
        CHECKOUT,
        "36,200 more requests than usual were slower than 431 ms, ranging from 27,200 to {}.",
        "45,200",
        "39,900",
    ),
    (CHECKOUT, "deploy-8723 was compared by 45 new lines and {} old ones.", "174", "45"),
    (CHECKOUT, "Latency of deploy-8723 is 2,230 ms on average and {} without it.", "227 ms", "2,230 ms"),
    (CHECKOUT, "{} of the 47 timed lines of checkout were faster than the usual p95.", "22", "25"),
    (REGION, "Emissions of auth, cart, catalog and {} more services have no sample of their own.", "9", "8"),
    (REGION, "The rises are search's with {} and catalog's with 15 %.", "70 %", "15 %"),
    (DASHBOARD, "The bytes that ts-ui-dashboard receives {} to 30,161.", "fell", "rose"),
    (DASHBOARD, "Bytes {} by ts-ui-dashboard: 30,161, expected 116,342.", "received", "sent"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), PAIRS)
def test_what_the_report_holds_is_kept_and_its_contrary_is_not(report: str, text: str, right: str, wrong: str) -> None:
    kept, other = (ground_known(text.format(one), known(report)).sentences for one in (right, wrong))
    assert [one.outcome for one in kept] == ["kept"] * len(kept)
    assert other[-1].outcome != "kept"
