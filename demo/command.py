"""`spiketrace demo`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from demo.extra import require_embedded
from demo.shop import SEED
from demo.story import run

EXIT_NOT_RIGHT = 1
EXIT_INTERRUPTED = 130


@click.command(short_help="See it work, on a shop's two days with incidents hidden in them.")
@click.option("--keep", is_flag=True, help="Stay up afterwards, until Ctrl-C.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The webhook's port; 0, the default, takes a free one."
)
@click.option("--now", type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="When the two days end, UTC; now by default.")
@click.option("--seed", default=SEED, show_default=True, help="Another seed, another shop.")
def demo(keep: bool, port: int, now: datetime | None, seed: int) -> None:
    """Run SpikeTrace on embedded engines, over two days of a made-up shop's telemetry.

    The shipped Kibana rules are evaluated over it; what their connector would post is posted; each report is
    printed beside the truth, which SpikeTrace does not know. Stand-ins take the place of the vendors. Settings
    in the environment are ignored: nothing leaves this machine.

    Exit code 0 if every hidden incident was found and nothing quiet was taken for one.
    """
    require_embedded("spiketrace demo")
    end = now.replace(tzinfo=UTC) if now else datetime.now(UTC)
    try:
        is_right = run(now=end, seed=seed, port=port, keep=keep)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(0 if is_right else EXIT_NOT_RIGHT)
