"""The demo's alerts, from the post to the judgement."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console

from demo import telling
from demo.judge import Judgement, entry_for, is_all_right, judge
from demo.shop import Shop
from demo.telling import Finding
from demo.truth import Truth
from kibana.simulate import Notification
from worker.domain.window import parse_time

INVESTIGATION_TIMEOUT_SECONDS = 120.0
OPEN_AT_ONCE = 6
POLL_SECONDS = 0.1


class Reporter(Protocol):
    """SpikeTrace, as far as alerts need it; documents are those of its API."""

    def post_alert(self, body: str) -> dict[str, Any]: ...

    def alert(self, alert_id: str) -> dict[str, Any]: ...

    def report(self, report_id: str) -> dict[str, Any]: ...

    def report_page(self, report_id: str) -> str: ...


@dataclass
class Case:
    """An alert that was posted, until its report is there."""

    notification: Notification
    alert_id: str
    posted_at: float


@dataclass
class Outcome:
    findings: list[Finding] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    incident_ids: set[str] = field(default_factory=set)

    def is_right(self, truth: Truth) -> bool:
        return not self.failures and is_all_right((finding.judgement for finding in self.findings), truth)


class Cases:
    """Posts notifications in the order they come in, and judges the reports that come back.

    Time passes only as fast as investigations end: an alert recovers after its report is there.
    """

    def __init__(self, console: Console, spiketrace: Reporter, shop: Shop, truth: Truth) -> None:
        self._console = console
        self._spiketrace = spiketrace
        self._shop = shop
        self._truth = truth
        self._open: dict[str, Case] = {}
        self._outcome = Outcome()

    def take(self, notification: Notification) -> None:
        key = str(notification.uuid)
        if notification.is_recovery:
            self._wait(lambda: key not in self._open)
            self._spiketrace.post_alert(notification.body)
            telling.tell_recovery(self._console, notification)
            return
        self._wait(lambda: len(self._open) < OPEN_AT_ONCE)
        telling.tell_alert(self._console, notification)
        answer = self._spiketrace.post_alert(notification.body)
        self._open[key] = Case(notification, answer["alert_id"], time.monotonic())

    def finish(self) -> Outcome:
        """Waits for the reports that are still out."""
        self._wait(lambda: not self._open)
        return self._outcome

    def _wait(self, is_enough: Callable[[], bool]) -> None:
        while True:
            for key, case in list(self._open.items()):
                if self._settle(case):
                    del self._open[key]
            if is_enough():
                return
            time.sleep(POLL_SECONDS)

    def _settle(self, case: Case) -> bool:
        """True when the case is closed: reported, or given up."""
        alert = self._spiketrace.alert(case.alert_id)
        if alert["report_id"]:
            self._tell(case, alert)
            return True
        waited_seconds = time.monotonic() - case.posted_at
        reason = alert["reason"] if alert["state"] == "failed" else None
        if not reason and waited_seconds > INVESTIGATION_TIMEOUT_SECONDS:
            reason = f"no report after {waited_seconds:.0f} s, the alert is {alert['state']}"
        if reason:
            self._outcome.failures.append(reason)
            telling.tell_failure(self._console, case.notification, reason)
        return reason is not None

    def _tell(self, case: Case, alert: dict[str, Any]) -> None:
        report = self._spiketrace.report(alert["report_id"])
        judgement = judge(report, entry_for(case.notification, self._truth))
        page = self._spiketrace.report_page(alert["report_id"])
        finding = Finding(case.notification, report, judgement, page, self._true_excess_co2_grams(report, judgement))
        self._outcome.findings.append(finding)
        if alert["incident_id"]:
            self._outcome.incident_ids.add(alert["incident_id"])
        telling.tell_finding(self._console, finding)

    def _true_excess_co2_grams(self, report: dict[str, Any], judgement: Judgement) -> float | None:
        """In exactly the scope and window of the report."""
        if judgement.entry is None:
            return None
        start, end = (parse_time(report["window"][name]) for name in ("start", "end"))
        return self._shop.excess_co2_grams(
            judgement.entry.id, service=report["service"], region=report["region"], start=start, end=end
        )
