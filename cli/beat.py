"""`spiketrace beat`: the clock as a process."""

from __future__ import annotations

import click

from cli.options import json_logs
from cli.startup import prepare_broker, prepare_process
from tasks.clock import run_beat


@click.command(short_help="Keep the clock.")
@json_logs
def beat(json_lines: bool) -> None:
    """Keep the clock: every few seconds, have a worker look for alerts that nobody investigates.

    A deployment needs one; a second one does no harm.

    \b
    Example:
      spiketrace beat --json
    """
    settings = prepare_process("beat", json_lines=json_lines)
    prepare_broker(settings)
    run_beat(settings)
