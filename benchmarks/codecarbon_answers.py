"""What CodeCarbon says of one kWh in each region of ours that it knows, as JSON.

CodeCarbon brings pandas and two dozen packages more, so it is no dependency of SpikeTrace. In an environment of its
own:

    python3 -m venv /tmp/codecarbon && /tmp/codecarbon/bin/pip install codecarbon
    /tmp/codecarbon/bin/python benchmarks/codecarbon_answers.py > tests/impact/codecarbon.json

`tests/impact/test_codecarbon.py` compares our figures with the answers and says by how much they differ.
"""

from __future__ import annotations

import csv
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

try:
    from codecarbon import __version__  # type: ignore[import-not-found]
    from codecarbon.core.emissions import Emissions  # type: ignore[import-not-found]
    from codecarbon.core.units import Energy  # type: ignore[import-not-found]
    from codecarbon.external.geography import CloudMetadata  # type: ignore[import-not-found]
    from codecarbon.input import DataSource  # type: ignore[import-not-found]
except ImportError:
    sys.exit(f"CodeCarbon is not installed here.\n\n{__doc__}")

TABLE = Path(__file__).resolve().parents[1] / "worker" / "impact" / "factors" / "grid_intensity.csv"
# What CodeCarbon answers where it has no region of that name: the world's average, silently.
ITS_FALLBACK_KG = 0.475


def main() -> None:
    logging.disable(logging.CRITICAL)
    emissions, one = Emissions(DataSource()), Energy.from_energy(kWh=1)
    answers: list[dict[str, Any]] = []
    with TABLE.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cloud = CloudMetadata(provider=row["provider"], region=row["region"])
            kilograms = emissions.get_cloud_emissions(one, cloud)
            if round(kilograms, 6) != ITS_FALLBACK_KG:
                answers.append(
                    {"provider": row["provider"], "region": row["region"], "kg_per_kwh": round(kilograms, 6)}
                )
    about = {"codecarbon": __version__, "read_on": f"{datetime.now(UTC):%Y-%m-%d}"}
    print(json.dumps(about | {"answers": answers}, indent=1))


if __name__ == "__main__":
    main()
