"""`spiketrace worker`: investigations and deliveries as a process."""

from __future__ import annotations

import click

from cli.options import json_logs
from cli.startup import prepare_broker, prepare_indices, prepare_process
from tasks.run import run_worker
from worker.impact.tables import load_factors


@click.command(short_help="Investigate alerts and deliver what was found.")
@json_logs
def worker(json_lines: bool) -> None:
    """Investigate alerts and deliver what was found.

    Runs SPIKETRACE_WORKER_CONCURRENCY investigations at a time (2). Start as many workers as you need, on as
    many hosts. SIGTERM lets running investigations end first; a worker that is killed loses none.

    \b
    Example:
      SPIKETRACE_WORKER_CONCURRENCY=4 spiketrace worker
    """
    settings = prepare_process("worker", json_lines=json_lines)
    # A table of one's own that cannot be read ends the process here, and not the first investigation.
    load_factors(settings.factors)
    prepare_broker(settings)
    prepare_indices(settings)
    run_worker(settings)
