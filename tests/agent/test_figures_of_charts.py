"""What is told of a report's charts, and how far onsets of signals and services are apart."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CPU, MENTIONS = "nab-aws-rds-cpu-utilization-cc0c53-1393312500", "nab-tweets-twitter-volume-ups-1425343373"
COST = "nab-ads-exchange-3-cpm-results-1312287301"
DEPLOYED, LEDGER, CERTIFICATE = "demo-8d3715", "demo-b97131", "demo-17cf1c"


DRAWN = [
    (CPU, "CPU peaked at {}.", "25 %", "16 %"),
    (CPU, "cpu_percent reached {} at its peak.", "25.1 %", "16 %"),
    (CPU, "CPU peaked at 25.1 % at {} UTC.", "07:16", "07:26"),
    (CPU, "The last value of the chart, {}, is still more than usual.", "14 %", "17.2 %"),
    (CPU, "Within the window the lowest value is {}.", "14 %", "5.6 %"),
    (CPU, "In the chart CPU goes down from 17.2 % to {}.", "14.5 %", "6.5 %"),
    (MENTIONS, "The first point of the window in the chart has {} mentions.", "59", "10"),
    (COST, "The expected range ends at {}, and 0.92 is within it.", "0.99", "0.89"),
    (COST, "The chart comes down from 0.93 to {}.", "0.56", "0.76"),
    (DEPLOYED, "CO₂ peaked at {} a minute.", "0.9 g", "0.63 g"),
    (DEPLOYED, "Retries peaked at {}.", "80 %", "43 %"),
    (LEDGER, "The highest latency in the chart is {}.", "3.2 s", "1.8 s"),
    (MENTIONS, "In the chart they {} from 59 to 30.", "fall", "rise"),
    (COST, "Up to {} would have been within the expected range.", "0.99", "0.85"),
    (DEPLOYED, "CO₂ peaked at 0.9 g a minute, almost {} times the expected 0.32 g.", "three", "five"),
    (DEPLOYED, "The chart shows retries of up to {}.", "80 % of the requests", "80 % of the users"),
]
APART = [
    (LEDGER, "ledger began to fail at 09:42 UTC, {} before checkout did.", "a minute", "five minutes"),
    (LEDGER, "Errors of payments rose at 09:42 UTC, {} before those of checkout.", "one minute", "three minutes"),
    (LEDGER, "The latency of ledger rose at 09:42 UTC, {} before checkout's.", "a minute", "eight minutes"),
    (LEDGER, "The cause is ledger, which fails as well and began to do so {} earlier.", "a minute", "four minutes"),
    (CERTIFICATE, "Retries began to rise at 21:50 UTC, {} after that of the errors.", "four minutes", "nine minutes"),
    (LEDGER, "ledger's onset at 09:42 UTC was {} before the alert.", "25 minutes", "12 minutes"),
    (LEDGER, "CO₂ rose at 09:46 UTC, {} into the window.", "three minutes", "nine minutes"),
    (CERTIFICATE, "Errors rose at 21:46 UTC, {} before the traffic did.", "two minutes", "six minutes"),
]


QUIET, CONFIGURED, NETWORK = "demo-4eec42", "demo-f2fafe", "nab-aws-ec2-network-in-5abac7-1394248260"
FRONTEND, PETSITE = "nezha-online-boutique-2022-08-23-1430", "petshop-low_traffic-train-issue_7"
WORKED_OUT = [
    (FRONTEND, "The median latency rose {}, from 125 ms to 693 ms.", "sixfold", "twentyfold"),
    (FRONTEND, "The median latency of frontend went up by a factor of {}, from 125 ms to 693 ms.", "5.5", "7.5"),
    (QUIET, "6.3 gCO₂e were measured where 6.1 gCO₂e are expected, with bounds of {} and 6.3.", "6", "5"),
    (QUIET, "No metric is more than {} standard deviations from its usual value.", "two", "0.1"),
    (PETSITE, "The p99 of PetSearch_AWS::ECS::Fargate is 181 ms, 3.6 times the usual {}.", "50", "80"),
    (QUIET, "Memory is within {} standard deviations of its usual value.", "1.5", "0.5"),
    (NETWORK, "The network received {} bytes.", "2.65 million", "3.65 million"),
    (CONFIGURED, "13,000 requests failed, at least {} and at most 21,100.", "4,910", "8,910"),
    (CONFIGURED, "{} of 10 timed lines were slower than the usual p95.", "1", "3"),
    (PETSITE, "PetSite's availability fell by {} percentage points to 96.3 %.", "3.7", "1.7"),
    (PETSITE, "The p99 of PetSearch_AWS::ECS::Fargate is up by {}, from 50 ms to 181 ms.", "262 %", "62 %"),
    (LEDGER, "The traffic of checkout is {} higher, 3,208 requests per minute where 2,472 are usual.", "30 %", "3 %"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), DRAWN + APART + WORKED_OUT)
def test_what_is_told_of_charts_and_of_onsets(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences[-1] for one in (right, wrong))
    assert told.outcome == "kept"
    assert lie.outcome != "kept"
