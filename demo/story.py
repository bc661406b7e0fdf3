"""The demo's story: a shop's two days, the alerts they would have raised, and what SpikeTrace makes of them.

Nothing is prepared: SpikeTrace runs as it would in production, on embedded engines, and knows nothing of the
truth, which this module alone compares with what comes out.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx
from rich.console import Console

from demo import telling
from demo.api import SpikeTrace
from demo.judge import Judgement, entry_for, is_all_right, judge
from demo.processes import DemoFailed, running
from demo.shop import Shop, documents, load, open_shop, tell_truth
from demo.telling import Finding
from demo.truth import Truth
from kibana.rules import load_rules
from kibana.simulate import Notification, simulate
from worker.domain.incident import Incident
from worker.domain.window import parse_time
from worker.elastic import connect_elasticsearch
from worker.policy import due
from worker.settings import Settings

# Rules that are set up together with the first telemetry have no past to compare with.
RULES_RUN_AFTER = timedelta(hours=2)
EXPECTED_DOCUMENTS = 111_000
INVESTIGATION_TIMEOUT_SECONDS = 120.0
DELIVERY_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.1
OPEN_AT_ONCE = 6


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


def run(*, now: datetime, seed: int, port: int, keep: bool) -> bool:
    """The whole story, on the terminal. True if all was found right. Raises DemoFailed when it cannot go on."""
    console = telling.open_console()
    begun = time.monotonic()
    shop = open_shop(now, seed)
    with ExitStack() as stack:
        directory = stack.enter_context(_workspace())
        stack.enter_context(_stopped_by_signals())
        telling.tell_step(
            console, "Starting SpikeTrace: webhook, queue, worker, search engine; and a Jira and a Slack to tell."
        )
        vendors = stack.enter_context(running("demo.standins", ["--port", "0"], {}, directory))
        arguments = ["up", "--embedded", "--port", str(port)]
        ready = stack.enter_context(running("cli.main", arguments, vendors["environment"], directory))
        is_right = tell_on(ready, vendors["url"], shop, directory, console)
        console.print(f"{time.monotonic() - begun:.0f} s in all")
        if keep:
            _stay_up(console, ready["url"], vendors["url"])
        return is_right


def tell_on(ready: Mapping[str, Any], vendors_url: str, shop: Shop, directory: Path, console: Console) -> bool:
    """The story on a SpikeTrace that is up and delivers to those stand-ins; the truth is left in `directory`."""
    spiketrace = SpikeTrace(ready)
    truth = _set_the_stage(console, shop, spiketrace, directory)
    outcome = play(console, spiketrace, shop, truth)
    _wait_for_deliveries(spiketrace, outcome)
    telling.tell_step(console, "\nWhat people were told")
    telling.tell_received(console, httpx.get(f"{vendors_url}/received", timeout=10).json())
    telling.tell_summary(console, truth, outcome.findings, failures=len(outcome.failures))
    return outcome.is_right(truth)


def _set_the_stage(console: Console, shop: Shop, spiketrace: SpikeTrace, directory: Path) -> Truth:
    telling.tell_step(
        console, "Writing two days of a shop's telemetry: 12 services, 3 regions, with incidents hidden in it."
    )
    with telling.loading_bar(console) as bar:
        task = bar.add_task("documents", total=EXPECTED_DOCUMENTS)
        count = load(spiketrace.elasticsearch_url, documents(shop), progress=lambda batch: bar.advance(task, batch))
        bar.update(task, total=count, completed=count)
    truth = tell_truth(shop)
    truth.save(directory / "truth.json")
    return truth


def play(console: Console, spiketrace: SpikeTrace, shop: Shop, truth: Truth) -> Outcome:
    """Post what the shipped rules would have sent, in the order of time, and judge what comes back.

    Time passes only as fast as investigations end: an alert recovers after its report is there.
    """
    telling.tell_step(
        console, "Running the shipped Kibana rules over it, and posting what their connector would post.\n"
    )
    outcome, cases = Outcome(), _Cases(console, spiketrace, shop, truth)
    with connect_elasticsearch(Settings(elasticsearch_url=spiketrace.elasticsearch_url)) as client:
        since = truth.now - timedelta(days=2) + RULES_RUN_AFTER
        for notification in simulate(client, load_rules(), since=since, until=truth.now):
            cases.take(notification, outcome)
    cases.finish(outcome)
    return outcome


class _Cases:
    """The alerts that wait for their reports."""

    def __init__(self, console: Console, spiketrace: SpikeTrace, shop: Shop, truth: Truth) -> None:
        self._console = console
        self._spiketrace = spiketrace
        self._shop = shop
        self._truth = truth
        self._open: dict[str, Case] = {}

    def take(self, notification: Notification, outcome: Outcome) -> None:
        key = str(notification.uuid)
        if notification.is_recovery:
            self._wait(lambda: key not in self._open, outcome)
            self._spiketrace.post_alert(notification.body)
            telling.tell_recovery(self._console, notification)
            return
        self._wait(lambda: len(self._open) < OPEN_AT_ONCE, outcome)
        telling.tell_alert(self._console, notification)
        answer = self._spiketrace.post_alert(notification.body)
        self._open[key] = Case(notification, answer["alert_id"], time.monotonic())

    def finish(self, outcome: Outcome) -> None:
        self._wait(lambda: not self._open, outcome)

    def _wait(self, is_enough: Callable[[], bool], outcome: Outcome) -> None:
        while True:
            for key, case in list(self._open.items()):
                if self._settle(case, outcome):
                    del self._open[key]
            if is_enough():
                return
            time.sleep(POLL_SECONDS)

    def _settle(self, case: Case, outcome: Outcome) -> bool:
        """True when the case is closed: reported, or given up."""
        alert = self._spiketrace.alert(case.alert_id)
        if alert["report_id"]:
            self._tell(case, alert, outcome)
            return True
        waited_seconds = time.monotonic() - case.posted_at
        reason = alert["reason"] if alert["state"] == "failed" else None
        if not reason and waited_seconds > INVESTIGATION_TIMEOUT_SECONDS:
            reason = f"no report after {waited_seconds:.0f} s, the alert is {alert['state']}"
        if reason:
            outcome.failures.append(reason)
            telling.tell_failure(self._console, case.notification, reason)
        return reason is not None

    def _tell(self, case: Case, alert: dict[str, Any], outcome: Outcome) -> None:
        report = self._spiketrace.report(alert["report_id"])
        judgement = judge(report, entry_for(case.notification, self._truth))
        page = self._spiketrace.report_page(alert["report_id"])
        finding = Finding(case.notification, report, judgement, page, self._true_excess_co2_grams(report, judgement))
        outcome.findings.append(finding)
        if alert["incident_id"]:
            outcome.incident_ids.add(alert["incident_id"])
        telling.tell_finding(self._console, finding)

    def _true_excess_co2_grams(self, report: dict[str, Any], judgement: Judgement) -> float | None:
        """In exactly the scope and window of the report."""
        if judgement.entry is None:
            return None
        start, end = (parse_time(report["window"][name]) for name in ("start", "end"))
        return self._shop.excess_co2_grams(
            judgement.entry.id, service=report["service"], region=report["region"], start=start, end=end
        )


def _wait_for_deliveries(spiketrace: SpikeTrace, outcome: Outcome) -> None:
    deadline = time.monotonic() + DELIVERY_TIMEOUT_SECONDS
    while any(not _is_told(spiketrace.incident(incident_id)) for incident_id in outcome.incident_ids):
        if time.monotonic() > deadline:
            raise DemoFailed(f"Jira and Slack were not told of all incidents within {DELIVERY_TIMEOUT_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def _is_told(document: dict[str, Any]) -> bool:
    incident = Incident.model_validate(document)
    return not due(incident, {"jira", "slack"}) and all(
        item.state != "pending" for item in incident.deliveries.values()
    )


def _stay_up(console: Console, url: str, vendors_url: str) -> None:
    console.print(f"\nSpikeTrace stays up at {url}/, Jira and Slack at {vendors_url}/. Ctrl-C stops everything.")
    signal.pause()


@contextmanager
def _workspace() -> Iterator[Path]:
    """A directory for logs and the truth, kept only when the demo fails: they may say why."""
    directory = Path(tempfile.mkdtemp(prefix="spiketrace-demo-"))
    try:
        yield directory
    except DemoFailed as error:
        raise DemoFailed(f"{error.reason}\nLogs and truth are in {directory}") from error
    except KeyboardInterrupt:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """While inside, SIGTERM ends the story as Ctrl-C does: what was started is stopped."""

    def stop(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
