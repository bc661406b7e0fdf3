"""python -m demo --ready-file F --vendors-url URL: the demo's story, on a SpikeTrace that is up already."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from demo import telling
from demo.shop import SEED, open_shop
from demo.story import tell_on


@click.command()
@click.option("--ready-file", type=click.Path(path_type=Path), required=True, help="Of `spiketrace up --embedded`.")
@click.option("--vendors-url", required=True, help="Where the stand-ins for the vendors are.")
def main(ready_file: Path, vendors_url: str) -> None:
    ready = json.loads(ready_file.read_text(encoding="utf-8"))
    shop = open_shop(datetime.now(UTC), SEED)
    is_right = tell_on(ready, vendors_url, shop, ready_file.parent, telling.open_console())
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()
