from __future__ import annotations

from pathlib import Path

import pytest

from cli.policy import policy
from tests.cli.conftest import Invoke, printed
from tests.incidents.samples import a_report
from tests.policy.test_explain import FACTS
from worker.bootstrap import Stores

POLICY = """
routes:
- name: nights
  when: {times: {hours: 22:00-06:00}}
- name: all
  tell: {slack: {channel: C0X}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "policy.yaml"
    written.write_text(POLICY, encoding="utf-8")
    return written


def test_a_report_is_explained_and_nothing_changed(invoke: Invoke, stores: Stores, file: Path) -> None:
    stores.reports.create(a_report(severity_facts=FACTS))
    before = stores.reports.get("report-1")
    told = invoke(policy, "explain", "report-1", "--policy", str(file)).output
    assert "Severity: critical (the report says high)" in told
    assert "no    nights: the time is not every day 22:00-06:00 UTC" in told
    assert "fits  all" in told
    assert "Named and not configured: slack" in told
    assert told.endswith("Nothing was sent or changed.\n")
    by_night = ("explain", "report-1", "--policy", str(file), "--at", "2026-03-01T03:00Z", "--json")
    document = printed(invoke(policy, *by_night))
    assert [rule["fits"] for rule in document["rules"]] == [True, False]
    assert (document["told"], document["no_incident"]) == ({}, None)
    assert stores.reports.get("report-1") == before


def test_a_report_that_is_not_there_is_named(invoke: Invoke, stores: Stores) -> None:
    result = invoke(policy, "explain", "r-none")
    assert "there is no report r-none" in str(result.exception)


def test_a_file_is_checked(invoke: Invoke, file: Path) -> None:
    assert "in order, 2 rules: nights, all" in invoke(policy, "check", str(file)).output
    assert printed(invoke(policy, "check", str(file), "--json")) == {
        "rules": ["nights", "all"],
        "not_configured": ["slack"],
    }
    file.write_text(POLICY.replace("hours", "hour"), encoding="utf-8")
    refused = invoke(policy, "check", str(file))
    assert "line 4: routes.0.when.times.0.hour: there is no such key" in str(refused.exception)
    assert "known are days, hours, time_zone" in str(refused.exception)
