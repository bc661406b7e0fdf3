from __future__ import annotations

import os
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from cli.main import SUBCOMMANDS, spiketrace

HEAVY = ("celery", "elasticsearch", "fastapi", "numpy", "redis", "scipy")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPIKETRACE_")}
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(command, env=inherited | environment, capture_output=True, text=True, check=False)


def commands() -> list[tuple[str, click.Command]]:
    context = click.Context(spiketrace)
    found = []
    for name in SUBCOMMANDS:
        command = spiketrace.get_command(context, name)
        assert command is not None
        found.append((name, command))
    return found


def leaves(name: str, command: click.Command) -> list[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        return [leaf for child, sub in command.commands.items() for leaf in leaves(f"{name} {child}", sub)]
    return [(name, command)]


# The demo tells its story to people only.
LEAVES = [leaf for name, command in commands() if name != "demo" for leaf in leaves(name, command)]


def test_help_loads_none_of_the_commands() -> None:
    script = f"import cli.main, sys; cli.main.spiketrace(['--help'], standalone_mode=False); \
print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(name in done.stdout for name in SUBCOMMANDS)


def test_what_is_logged_is_not_on_standard_output() -> None:
    """With --json it is what a machine reads."""
    script = "import cli.main, structlog; cli.main.log_to_stderr('ask'); \
structlog.get_logger('x').error('said beside', action='a-b'); print('{}')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "{}\n"
    assert "said beside" in done.stderr


def test_help_is_quick() -> None:
    """The best of five, since the machine may be busy with other tests."""

    def seconds() -> float:
        begun = time.monotonic()
        assert run("--help").returncode == 0
        return time.monotonic() - begun

    assert min(seconds() for _ in range(5)) < 0.5


@pytest.mark.parametrize(("name", "command"), commands())
def test_the_summary_in_the_list_is_the_commands_own(name: str, command: click.Command) -> None:
    assert command.short_help == SUBCOMMANDS[name].summary


@pytest.mark.parametrize(("name", "command"), LEAVES)
def test_every_command_can_print_json_and_explains_itself(name: str, command: click.Command) -> None:
    assert any("--json" in parameter.opts for parameter in command.params), name
    shown = CliRunner().invoke(spiketrace, [*name.split(), "--help"])
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) > 6


def test_a_wrong_setting_is_named_and_exits_with_2() -> None:
    done = run("worker", SPIKETRACE_WORKER_CONCURRENCY="many", SPIKETRACE_WEBHOOK_PASSWORD="hunter2")
    assert done.returncode == 2
    assert done.stderr.startswith("spiketrace: SPIKETRACE_WORKER_CONCURRENCY")
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_a_destination_configured_in_part_keeps_the_worker_from_starting() -> None:
    done = run(
        "worker",
        SPIKETRACE_JIRA_URL="https://jira.example.com",
        SPIKETRACE_ELASTICSEARCH_URL="http://127.0.0.1:1",
        SPIKETRACE_REDIS_URL="redis://127.0.0.1:1",
    )
    assert done.returncode == 2
    assert "SPIKETRACE_JIRA_USER" in done.stderr


def test_a_failure_is_one_sentence_and_exits_with_1() -> None:
    done = run(
        "investigate", "--service", "x", "--at", "2026-02-26T09:30Z", SPIKETRACE_ELASTICSEARCH_URL="http://127.0.0.1:1"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("spiketrace: ")
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_command_exits_with_2() -> None:
    assert run("inspect").returncode == 2
