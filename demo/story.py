"""The demo's story: a shop's two days, the alerts they would have raised, and what SpikeTrace makes of them.

Nothing is prepared: SpikeTrace runs as it would in production, on embedded engines, and knows nothing of the
truth, which this module alone compares with what comes out.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx
from rich.console import Console

from demo import telling
from demo.api import SpikeTrace
from demo.cases import Cases, Outcome
from demo.processes import DemoFailed, ready_file_of, running
from demo.shop import Shop, documents, load, open_shop, tell_truth
from demo.truth import Truth
from kibana.rules import load_rules
from kibana.simulate import can_be_simulated, simulate
from worker.announcing import due
from worker.domain.incident import Incident, IncidentStatus
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

# Rules that are set up together with the first telemetry have no past to compare with.
RULES_RUN_AFTER = timedelta(hours=2)
EXPECTED_DOCUMENTS = 109_000
# Seven destinations, an incident's end and its settling, on a machine that may be busy with something else.
DELIVERY_TIMEOUT_SECONDS = 120.0
POLL_SECONDS = 0.1


def run(*, now: datetime, seed: int, port: int, keep: bool) -> bool:
    """The whole story, on the terminal. True if all was found right. Raises DemoFailed when it cannot go on."""
    console = telling.open_console()
    begun = time.monotonic()
    shop = open_shop(now, seed)
    with ExitStack() as stack:
        directory = stack.enter_context(_workspace())
        stack.enter_context(_stopped_by_signals())
        telling.tell_step(console, "Starting SpikeTrace: webhook, queue, worker, search engine; and vendors to tell.")
        vendors = stack.enter_context(running("demo.standins", ["--port", "0"], {}, directory))
        arguments = ["up", "--embedded", "--port", str(port)]
        environment = {**vendors["environment"], "SPIKETRACE_POLICY": str(_quick_policy(directory))}
        ready = stack.enter_context(running("cli.main", arguments, environment, directory))
        is_right = tell_on(ready, vendors["url"], shop, directory, console)
        console.print(f"{time.monotonic() - begun:.0f} s in all")
        if keep:
            console.print(staying_up(ready, vendors["url"], directory))
            signal.pause()
        return is_right


def _quick_policy(directory: Path) -> Path:
    """The default one, but for the pause before an incident is resolved: two days pass here in a minute."""
    policy = directory / "policy.yaml"
    policy.write_text("incidents: {resolve_after: 2s, resolve_after_flapping: 2s}\n", encoding="utf-8")
    return policy


def tell_on(ready: Mapping[str, Any], vendors_url: str, shop: Shop, directory: Path, console: Console) -> bool:
    """The story on a SpikeTrace that is up and delivers to those stand-ins; the truth is left in `directory`."""
    with SpikeTrace(ready) as spiketrace:
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
    cases = Cases(console, spiketrace, shop, truth)
    with connect_elasticsearch(Settings(elasticsearch_url=spiketrace.elasticsearch_url)) as client:
        since = truth.now - timedelta(days=2) + RULES_RUN_AFTER
        rules = [rule for rule in load_rules() if can_be_simulated(rule)]
        for notification in simulate(client, rules, since=since, until=truth.now):
            cases.take(notification)
    return cases.finish()


def _wait_for_deliveries(spiketrace: SpikeTrace, outcome: Outcome) -> None:
    deadline = time.monotonic() + DELIVERY_TIMEOUT_SECONDS
    while any(not _is_told(spiketrace.incident(incident_id)) for incident_id in outcome.incident_ids):
        if time.monotonic() > deadline:
            raise DemoFailed(
                f"Jira and Slack were not told of all incidents and their ends within {DELIVERY_TIMEOUT_SECONDS:.0f} s"
            )
        time.sleep(POLL_SECONDS)


def _is_told(document: dict[str, Any]) -> bool:
    """Of the end, too, where all of its alerts have recovered."""
    incident = Incident.model_validate(document)
    is_ending = incident.status is IncidentStatus.OPEN and not incident.still_active
    return not is_ending and not due(incident)


def staying_up(ready: Mapping[str, Any], vendors_url: str, directory: Path) -> str:
    """Where to look, and how to get in: a password is in its file only, for it may be one of the user's own."""
    password_file = ready_file_of("cli.main", directory)
    return (
        f"\nSpikeTrace stays up at {ready['url']}/, what the vendors received at {vendors_url}/.\n"
        f"Sign in as {ready['user']}; the password is in {password_file}. Ctrl-C stops everything."
    )


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
