"""Starts processes, starts again what dies, and leaves none behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from worker.errors import ConfigurationError

POLL_SECONDS = 0.1
# A process that ends by itself sooner than this after its start is waited for longer each time.
QUICK_DEATH_SECONDS = 15.0
# What ends so often while it is waited for will not stay.
HOPELESS_DEATHS = 3
# What our own processes end with then.
EXIT_MISCONFIGURED = 2
LAST_WORDS_CHARACTERS = 1_000
LONGEST_PAUSE_SECONDS = 30.0
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Program:
    """Something to keep running, or to run once.

    Without a log file it writes to our own output. `stop_seconds` is how long it may take to finish its work when
    told to stop.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log_file: Path | None
    stop_seconds: float = 10.0
    runs_once: bool = False


@dataclass
class Child:
    """A program with the process that runs it now."""

    program: Program
    process: subprocess.Popen[bytes]
    started_at: float
    quick_deaths: int = 0
    is_misconfigured: bool = False
    start_at: float | None = None

    @property
    def pid(self) -> int:
        return self.process.pid


@dataclass
class Supervisor:
    """Keeps its programs running until it is told to stop.

    Used from the main thread only: on Linux a child dies with the *thread* that started it
    (https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html).
    """

    on_restart: Callable[[str], None]
    children: dict[str, Child] = field(default_factory=dict)
    signals_received: int = 0

    @property
    def stopping(self) -> bool:
        return self.signals_received > 0

    def listen_for_signals(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, *_: object) -> None:
        self.signals_received += 1

    def start(self, program: Program) -> Child:
        child = Child(program, _spawn(program), time.monotonic())
        self.children[program.name] = child
        return child

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_seconds: float) -> bool:
        """True when ready; False when told to stop meanwhile.

        Raises TimeoutError, at once if one of the programs ends by itself again and again, and ConfigurationError
        if one says that it was not set up well.
        """
        deadline = time.monotonic() + timeout_seconds
        while not self.stopping:
            if is_ready():
                return True
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not answer for {timeout_seconds:.0f} s")
            self._check_that_all_stay()
            self.tick()
        return False

    def _check_that_all_stay(self) -> None:
        for child in self.children.values():
            if child.is_misconfigured:
                raise ConfigurationError(f"{child.program.name} refused to start: {_last_words(child.program)}")
            if child.quick_deaths >= HOPELESS_DEATHS:
                raise TimeoutError(
                    f"{child.program.name} ended {child.quick_deaths} times:\n{_last_words(child.program)}"
                )

    def tick(self) -> None:
        """Start again what has died, then rest for a moment. To be called until told to stop."""
        for child in list(self.children.values()):
            if self._restart_if_dead(child):
                self.on_restart(child.program.name)
        time.sleep(POLL_SECONDS)

    def _restart_if_dead(self, child: Child) -> bool:
        if child.process.poll() is not None and child.program.runs_once:
            return False
        if child.start_at is None and child.process.poll() is not None:
            self._bury(child)
        if child.start_at is None or time.monotonic() < child.start_at:
            return False
        child.process, child.started_at, child.start_at = _spawn(child.program), time.monotonic(), None
        log.info("started again", action="program-restarted", program=child.program.name, pid=child.pid)
        return True

    def _bury(self, child: Child) -> None:
        _signal_group(child.pid, signal.SIGKILL)
        lived_seconds = time.monotonic() - child.started_at
        child.is_misconfigured = child.process.returncode == EXIT_MISCONFIGURED
        child.quick_deaths = child.quick_deaths + 1 if _died_by_itself(child, lived_seconds) else 0
        pause_seconds = min(LONGEST_PAUSE_SECONDS, 2.0 ** (child.quick_deaths - 2)) if child.quick_deaths else 0.0
        child.start_at = time.monotonic() + pause_seconds
        log.warning(
            "died",
            program=child.program.name,
            pid=child.pid,
            exit_code=child.process.returncode,
            lived_seconds=round(lived_seconds, 1),
            starts_again_in_seconds=pause_seconds,
            log_file=str(child.program.log_file),
        )

    def stop(self, names: list[str]) -> None:
        """Stop these one after the other, in this order; a second signal hurries."""
        for name in names:
            if child := self.children.pop(name, None):
                self._stop(child)

    def _stop(self, child: Child) -> None:
        child.process.terminate()
        deadline = time.monotonic() + child.program.stop_seconds
        while child.process.poll() is None and time.monotonic() < deadline and self.signals_received < 2:
            time.sleep(POLL_SECONDS / 2)
        _signal_group(child.pid, signal.SIGKILL)
        child.process.wait()


def _died_by_itself(child: Child, lived_seconds: float) -> bool:
    """A kill from outside is no sign that the next start would fail, too."""
    return lived_seconds < QUICK_DEATH_SECONDS and child.process.returncode not in (-signal.SIGKILL, -signal.SIGTERM)


def _last_words(program: Program) -> str:
    text = program.log_file.read_text(encoding="utf-8", errors="replace") if program.log_file else ""
    return text[-LAST_WORDS_CHARACTERS:].strip()


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    with program.log_file.open("ab") if program.log_file else nullcontext() as log_file:
        return subprocess.Popen(
            program.command,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=subprocess.STDOUT if log_file else None,
            start_new_session=True,
            # Safe here, as nothing else runs in this process: the supervisor has one thread.
            preexec_fn=_die_with_parent if _libc else None,  # noqa: PLW1509
        )


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_own_pid = os.getpid()


def _die_with_parent() -> None:
    """Runs in the child before its program: when the supervisor is killed, so is the child."""
    assert _libc is not None
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != _own_pid:
        os._exit(1)


def _signal_group(leader_pid: int, number: signal.Signals) -> None:
    """Reaches what the process left behind in its session, whether it is still there or not."""
    with suppress(ProcessLookupError):
        os.killpg(leader_pid, number)
