"""The supervisor with small programs of the real kind: shells that sleep, end or will not go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.supervisor import Child, Program, Supervisor, _died_by_itself
from worker.errors import ConfigurationError


@pytest.fixture
def restarted() -> list[str]:
    return []


@pytest.fixture
def supervisor(restarted: list[str]) -> Iterator[Supervisor]:
    running = Supervisor(on_restart=restarted.append)
    yield running
    running.stop(list(running.children))


def program(folder: Path, script: str, *, name: str = "shell", stop_seconds: float = 5.0) -> Program:
    return Program(name, ["/bin/sh", "-c", script], {"PATH": "/usr/bin:/bin"}, folder / f"{name}.log", stop_seconds)


def tick_until(supervisor: Supervisor, condition: Callable[[], object], *, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        supervisor.tick()


def is_running(pid: int) -> bool:
    """Whether it runs; what has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_is_killed_runs_again_within_a_second(
    supervisor: Supervisor, restarted: list[str], tmp_path: Path
) -> None:
    child = supervisor.start(program(tmp_path, "exec sleep 60"))
    for number in range(1, 4):
        os.kill(child.pid, signal.SIGKILL)
        tick_until(supervisor, lambda: len(restarted) == number, seconds=1)  # noqa: B023
        assert is_running(child.pid)


def test_what_its_process_left_behind_is_gone_when_it_runs_again(supervisor: Supervisor, tmp_path: Path) -> None:
    orphan_file = tmp_path / "orphan"
    script = f"cd {tmp_path}; sleep 60 & echo $! > orphan.part; mv orphan.part orphan; wait"
    child = supervisor.start(program(tmp_path, script))
    tick_until(supervisor, orphan_file.exists)
    orphan, killed = int(orphan_file.read_text()), child.pid
    os.kill(killed, signal.SIGKILL)
    tick_until(supervisor, lambda: child.pid != killed)
    tick_until(supervisor, lambda: not is_running(orphan))


def test_what_ends_at_once_is_started_less_and_less_often(supervisor: Supervisor, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    child = supervisor.start(program(tmp_path, f"echo >> {starts}; exit 3"))
    tick_until(supervisor, lambda: child.quick_deaths == 3, seconds=10)
    assert child.start_at is not None
    assert child.start_at - time.monotonic() > 1
    assert len(starts.read_text()) == 3


@pytest.mark.parametrize(
    ("code", "lived_seconds", "by_itself"),
    [(3, 0.1, True), (3, 60, False), (-signal.SIGKILL, 0.1, False), (-signal.SIGSEGV, 0.1, True)],
)
def test_a_kill_from_outside_is_no_quick_death(
    code: int, lived_seconds: float, by_itself: bool, tmp_path: Path
) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    process.returncode = code
    assert _died_by_itself(Child(program(tmp_path, ""), process, 0.0), lived_seconds) is by_itself


def test_they_are_stopped_in_the_order_that_is_asked_for(supervisor: Supervisor, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    for name in ("first", "second", "third"):
        loop = f"echo > {tmp_path}/{name}; while :; do sleep 0.05; done"
        supervisor.start(program(tmp_path, f"trap 'echo {name} >> {ends}; exit' TERM; {loop}", name=name))
    tick_until(supervisor, lambda: all((tmp_path / name).exists() for name in ("first", "second", "third")))
    supervisor.stop(["third", "first", "second"])
    assert ends.read_text().split() == ["third", "first", "second"]


def test_what_does_not_go_is_killed_in_the_end(supervisor: Supervisor, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = supervisor.start(
        program(tmp_path, f"trap '' TERM; echo > {ready}; while :; do sleep 0.05; done", stop_seconds=0.5)
    )
    tick_until(supervisor, ready.exists)
    supervisor.stop(["shell"])
    assert child.process.returncode == -signal.SIGKILL


def test_waiting_ends_with_a_signal_and_not_only_with_readiness(supervisor: Supervisor) -> None:
    supervisor.signals_received = 1
    assert supervisor.wait_until(lambda: False, timeout_seconds=1) is False


def test_waiting_for_too_long_is_an_error(supervisor: Supervisor) -> None:
    with pytest.raises(TimeoutError, match="did not answer"):
        supervisor.wait_until(lambda: False, timeout_seconds=0.2)


def test_what_ends_again_and_again_is_not_waited_for(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(program(tmp_path, "echo no such host; exit 1"))
    with pytest.raises(TimeoutError, match="no such host"):
        supervisor.wait_until(lambda: False, timeout_seconds=60)


def test_what_has_not_been_set_up_well_says_what_to_set(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start(program(tmp_path, "echo set SPIKETRACE_THIS; exit 2"))
    with pytest.raises(ConfigurationError, match="set SPIKETRACE_THIS"):
        supervisor.wait_until(lambda: False, timeout_seconds=60)
    assert child.quick_deaths == 1


def test_what_runs_once_is_not_started_again(supervisor: Supervisor, restarted: list[str], tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    child = supervisor.start(replace(program(tmp_path, f"echo >> {runs}"), runs_once=True))
    tick_until(supervisor, lambda: child.process.poll() is not None)
    for _ in range(3):
        supervisor.tick()
    assert (restarted, runs.read_text()) == ([], "\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_supervisor_leaves_nobody_behind(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from cli.supervisor import Program, Supervisor
running = Supervisor(on_restart=print)
child = running.start(Program("sleep", ["sleep", "60"], {{}}, Path({str(tmp_path / "log")!r})))
print(child.pid, flush=True)
while True:
    running.tick()
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    assert is_running(child)
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 5
    while is_running(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)
