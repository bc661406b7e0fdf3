"""Narratives by a real worker, with a stand-in for Gemini: after the report, and never in its way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.agent.server import GeminiServer, running_gemini
from tests.engines.servers import Engine
from tests.tasks import samples
from tests.tasks.conftest import Bench, open_bench, wait_until
from tests.tasks.scripted_worker import scripted_desk
from worker.assembly import open_desk, open_narrator
from worker.bootstrap import connect
from worker.domain.alert import AlertState
from worker.domain.report import Report, report_id_of
from worker.run import claim, complete
from worker.settings import process_environment
from worker.sweep import sweep_narratives


@pytest.fixture(scope="module")
def gemini() -> Iterator[GeminiServer]:
    with running_gemini() as running:
        yield running


@pytest.fixture
def narrated_bench(engine_of_test: Engine, redis_url: str, tmp_path: Path, gemini: GeminiServer) -> Iterator[Bench]:
    asked = gemini.settings()
    changes = {
        "gemini_api_key": asked.gemini_api_key,
        "gemini_base_url": asked.gemini_base_url,
        "gemini_max_seconds": 20,
        "task_time_limit_seconds": 40,
    }
    with open_bench(engine_of_test, redis_url, tmp_path, **changes) as bench:
        yield bench


def report_of(bench: Bench, alert_id: str) -> Report:
    report = bench.stores.reports.get(report_id_of(alert_id))
    assert report
    return report


def test_people_are_told_before_the_model_is_heard(narrated_bench: Bench, gemini: GeminiServer) -> None:
    bench = narrated_bench
    gemini.script({"text": "no answer", "delay_seconds": 3, "times": 2})
    bench.start_worker()
    first, second = bench.accept("ok", "ok")
    bench.queue.investigate([first])
    wait_until(lambda: gemini.requests, what="the first question to the model")
    assert report_of(bench, first).narrative.state == "pending"
    assert bench.record(first).state is AlertState.REPORTED
    # While the model thinks, another alert is investigated and told.
    bench.queue.investigate([second])
    incident_id = str(bench.wait_for(second, AlertState.REPORTED).incident_id)

    def told() -> bool:
        incident = bench.stores.incidents.get(incident_id)
        return bool(incident and incident.deliveries["slack"].state == "done")

    wait_until(told, what="the delivery")
    assert report_of(bench, first).narrative.state == "pending"
    assert len(gemini.requests) == 1
    wait_until(lambda: report_of(bench, first).narrative.state != "pending", what="the narrative's end")
    ended = report_of(bench, first).narrative
    assert (ended.state, ended.author, ended.calls) == ("failed", "template", 2)


def test_a_worker_that_is_killed_leaves_a_report_that_is_ended_in_time(
    narrated_bench: Bench, gemini: GeminiServer
) -> None:
    bench = narrated_bench
    gemini.script({"text": "too late", "delay_seconds": 15})
    worker = bench.start_worker()
    (alert_id,) = bench.accept("ok")
    bench.queue.investigate([alert_id])
    wait_until(lambda: gemini.requests, what="the question to the model")
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    before = report_of(bench, alert_id)
    assert before.narrative.state == "pending"
    bench.stores.client.indices.refresh(index="spiketrace-reports")

    narrator = open_narrator(bench.settings, bench.stores)
    assert sweep_narratives(narrator, bench.queue) == 1
    assert bench.queue.waiting_narratives() == 1
    later = datetime.now(UTC) + timedelta(seconds=bench.settings.narrative_wait_seconds + 1)
    assert sweep_narratives(replace(narrator, now=lambda: later), bench.queue) == 0
    after = report_of(bench, alert_id)
    assert (after.narrative.state, after.narrative.author) == ("failed", "template")
    assert "no worker came to it in time" in after.markdown
    assert after.model_copy(update={"narrative": before.narrative, "markdown": before.markdown}) == before


@pytest.mark.parametrize(("replay_of", "state", "waiting"), [(None, "pending", 1), ("r-before", "none", 0)])
def test_a_replay_gets_no_narrative(narrated_bench: Bench, replay_of: str | None, state: str, waiting: int) -> None:
    bench = narrated_bench
    (alert_id,) = bench.accept("ok")
    desk = scripted_desk(bench.settings, bench.queue)
    found = samples.report(samples.alert("ok"), alert_id).model_copy(update={"replay_of": replay_of})
    record = claim(alert_id, "me", desk)
    assert record
    complete(record, replace(desk, investigate=lambda *_: found))
    assert report_of(bench, alert_id).narrative.state == state
    assert bench.queue.waiting_narratives() == waiting


def test_without_a_key_nobody_is_asked(bench: Bench) -> None:
    (alert_id,) = bench.accept("ok")
    desk = scripted_desk(bench.settings, bench.queue)
    record = claim(alert_id, "me", desk)
    assert record
    complete(record, desk)
    assert report_of(bench, alert_id).narrative == samples.report(samples.alert("ok"), alert_id).narrative
    assert bench.queue.waiting_narratives() == 0
    assert open_desk(bench.settings, bench.queue, connect(bench.settings)).narrator is None


def test_without_a_narrative_googles_library_is_not_loaded(bench: Bench) -> None:
    script = (
        "import sys; from tasks.queue import CeleryQueue; from worker.assembly import open_desk;"
        "from worker.bootstrap import connect; from worker.settings import load_settings;"
        "import webhook.app, cli.main; settings = load_settings();"
        "keyed = settings.model_copy(update={'gemini_api_key': settings.jira_token});"
        "desks = [open_desk(one, CeleryQueue(one), connect(one)) for one in (settings, keyed)];"
        "print([desk.narrator is None for desk in desks]);"
        "print([name for name in sys.modules if name.startswith('google.genai')])"
    )
    environment = process_environment(bench.settings) | {"SPIKETRACE_JIRA_TOKEN": "some-key"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[True, False]", "[]"]
