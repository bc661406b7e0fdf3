"""The `spiketrace` command. A subcommand's module is loaded when it is asked for."""

from __future__ import annotations

import importlib
import sys
from typing import NamedTuple

import click

from worker.errors import ConfigurationError, SpikeTraceError

EXIT_FAILED = 1
EXIT_MISCONFIGURED = 2


class Subcommand(NamedTuple):
    """Where a subcommand is, and its line in `spiketrace --help`, which so needs to load none of them."""

    module: str
    attribute: str
    summary: str


# In the order in which a newcomer needs them.
SUBCOMMANDS = {
    "demo": Subcommand("demo.command", "demo", "See it work, on a shop's two days with incidents hidden in them."),
    "up": Subcommand("cli.up", "up", "Run everything in one place."),
    "doctor": Subcommand("cli.doctor", "doctor", "Say what is missing and what to do about it."),
    "setup": Subcommand("cli.setup", "setup", "Install what is needed in Kibana and Elasticsearch."),
    "investigate": Subcommand("cli.investigate", "investigate", "Investigate one service at one time, and print it."),
    "ask": Subcommand("cli.ask", "ask", "Ask a question in plain words."),
    "replay": Subcommand("cli.replay", "replay", "Past alerts again, as if it were then."),
    "rules": Subcommand("cli.rules", "rules", "When Kibana's rules would have fired."),
    "evaluate": Subcommand("cli.evaluate", "evaluate", "Labelled incidents through the real pipeline, scored."),
    "label": Subcommand("cli.label", "label", "An incident of your own as a labelled case."),
    "webhook": Subcommand("cli.webhook", "webhook", "Take Kibana's alerts by HTTP and show the reports."),
    "worker": Subcommand("cli.worker", "worker", "Investigate alerts and deliver what was found."),
    "beat": Subcommand("cli.beat", "beat", "Keep the clock."),
    "mcp": Subcommand("cli.mcp", "mcp", "Serve other agents by the Model Context Protocol."),
    "agents": Subcommand("cli.agents", "agents", "Serve other agents by HTTP: MCP and A2A."),
    "incidents": Subcommand("cli.incidents", "incidents", "See incidents, and close what is over."),
    "policy": Subcommand("cli.policy", "policy", "Say what the policy would do with a report."),
    "dead-letters": Subcommand("cli.dead_letters", "dead_letters", "See what could not be investigated."),
    "retention": Subcommand("cli.retention", "retention", "Delete what is older than SPIKETRACE_RETENTION_DAYS."),
}


class LazyGroup(click.Group):
    """Loads a subcommand when it is asked for. The signatures are click's."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if not (found := SUBCOMMANDS.get(cmd_name)):
            return None
        command: click.Command = getattr(importlib.import_module(found.module), found.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, subcommand.summary) for name, subcommand in SUBCOMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="spiketrace")
def spiketrace() -> None:
    """Investigates carbon and error spikes when a Kibana alert fires.

    \b
    Try it, with nothing installed but this:
      spiketrace demo
      spiketrace up --embedded
    Run it, each part a process of its own:
      spiketrace webhook
      spiketrace worker
      spiketrace beat
    See what is missing, and connect Kibana:
      spiketrace doctor
      spiketrace setup plan

    Settings come from the environment: SPIKETRACE_ELASTICSEARCH_URL, SPIKETRACE_REDIS_URL,
    SPIKETRACE_WEBHOOK_USER and _PASSWORD first; .env.example lists all. A secret may instead be in a file
    named by SPIKETRACE_<NAME>_FILE.

    Exit codes: 0 done, 1 failed, 2 a setting or an argument is missing or wrong.
    """


def main() -> None:
    if sys.argv[1:2] and sys.argv[1] in SUBCOMMANDS:
        log_to_stderr(sys.argv[1])
    try:
        spiketrace()
    except ConfigurationError as error:
        _fail(error, EXIT_MISCONFIGURED)
    except SpikeTraceError as error:
        _fail(error, EXIT_FAILED)


def log_to_stderr(name: str) -> None:
    """What a command prints is on stdout, and with --json nothing else is; what goes wrong it says itself.

    Processes set up their own logging.
    """
    # Loads structlog, which `spiketrace --help` need not wait for.
    from worker.logs import configure_logging  # noqa: PLC0415

    configure_logging("ERROR", process=name)


def _fail(error: SpikeTraceError, code: int) -> None:
    click.echo(f"spiketrace: {error.reason}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
