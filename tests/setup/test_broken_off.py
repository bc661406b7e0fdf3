"""Apply ends in the middle, wherever that is: the next one finishes, and everything is there once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count

import httpx
import pytest

from kibana.setup.apply import Outcome
from tests.engines.servers import Engine
from tests.setup.conftest import EVERYTHING, Open, StartKibana, silent
from tests.standins.kibana import Kibana
from worker.settings import Settings, process_environment

AGENTS = "/api/agent_builder/agents"


class Killed(BaseException):
    """As the end of the process would: nothing catches it."""


class EndsAt(httpx.HTTPTransport):
    """Ends the run at the nth request that writes: before it is sent, or once it was carried out."""

    def __init__(self, nth: int, *, after: bool) -> None:
        super().__init__()
        self._left, self._after = nth, after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET" or request.url.path.endswith("/search"):
            return super().handle_request(request)
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        response = super().handle_request(request)
        if self._left == 0:
            raise Killed
        return response


@pytest.mark.parametrize(
    ("version", "licence", "writes"),
    [
        # Two writes a run make sixty runs.
        pytest.param("9.3.1", "trial", 2, marks=pytest.mark.long),
        ("9.3.1", "trial", 8),
        ("8.19.8", "basic", 3),
        ("8.19.8", "trial", 7),
        ("9.2.0", "basic", 5),
        ("9.2.0", "trial", 11),
        ("9.3.1", "basic", 5),
        ("9.4.3", "basic", 5),
        ("9.4.3", "trial", 9),
    ],
)
def test_a_run_that_is_always_killed_finishes_in_the_end(
    version: str, licence: str, writes: int, start_kibana: StartKibana, open_setup: Open
) -> None:
    """Every run ends at its nth write: at the second where there is the most to write, so that each is hit somehow."""
    kibana = start_kibana(version=version, licence=licence)
    runs = sum(1 for _ in killed_runs(kibana, open_setup, writes))
    assert runs >= 2

    with open_setup(kibana) as setup:
        plan = setup.plan()
        assert (plan.pending, plan.kept, plan.left_over) == ([], [], [])
        removed = setup.remove(silent, dry_run=False)
    assert {item.outcome for item in removed} == {Outcome.REMOVED}
    assert not any(kibana.space.summary().values())


def killed_runs(kibana: Kibana, open_setup: Open, writes: int) -> Iterator[int]:
    """Until one comes to its end: every third is killed before its request is sent, the others after."""
    for number in count():
        with open_setup(kibana, transport=EndsAt(writes, after=number % 3 > 0)) as setup:
            try:
                done = setup.apply(None, silent)
            except Killed:
                yield number
                continue
        assert [item for item in done if item.outcome is Outcome.FAILED] == []
        return


def test_a_process_that_is_killed(start_kibana: StartKibana, open_setup: Open, embedded_engine: Engine) -> None:
    kibana = start_kibana()
    kibana.fail(AGENTS, when="after", delay_seconds=3)
    settings = Settings(kibana_url=kibana.url, elasticsearch_url=embedded_engine.url, **EVERYTHING)
    command = [sys.executable, "-m", "cli.main", "setup", "apply"]
    with subprocess.Popen(command, env=process_environment(settings), stdout=subprocess.DEVNULL) as process:
        while ("POST", AGENTS) not in kibana.deployment.requests:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    assert process.returncode == -signal.SIGKILL

    with open_setup(kibana) as setup:
        done = setup.apply(None, silent)
        assert setup.plan().pending == []
    assert {item.outcome for item in done} == {Outcome.UNCHANGED, Outcome.LEFT_OUT}
