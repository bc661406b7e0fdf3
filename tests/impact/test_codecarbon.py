"""CodeCarbon beside ours: the same energy, region and time.

Its answers were read by `benchmarks/codecarbon_answers.py` from the version that `codecarbon.json` names. It multiplies
energy with a grid factor as we do, adds neither PUE nor embodied emissions, and has factors of its own for Google's
regions only: elsewhere it falls back to a world average, which we refuse to do.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from worker.impact import energy
from worker.impact.tables import shipped

KNOWN: dict[str, Any] = json.loads((Path(__file__).parent / "codecarbon.json").read_text(encoding="utf-8"))
ANSWERS: dict[tuple[str, str], float] = {
    (one["provider"], one["region"]): 1000 * one["kg_per_kwh"] for one in KNOWN["answers"]
}
# How far its table and ours lie apart, as a ratio: in the median region, and at most.
MEDIAN_RATIO = 1.13
LARGEST_RATIO = 3.92


def ratios() -> dict[tuple[str, str], float]:
    grids = shipped().grids
    return {
        place: max(grams / grids[place].g_per_kwh, grids[place].g_per_kwh / grams) for place, grams in ANSWERS.items()
    }


def test_it_answers_for_googles_regions() -> None:
    assert len(ANSWERS) >= 30
    assert {provider for provider, _ in ANSWERS} == {"gcp"}


@pytest.mark.parametrize("place", list(ANSWERS), ids=lambda place: place[1])
def test_with_its_factor_our_arithmetic_gives_its_answer(place: tuple[str, str]) -> None:
    assert energy.operational_grams(1.0, ANSWERS[place]) == pytest.approx(ANSWERS[place])
    assert energy.software_carbon_intensity(2.5, ANSWERS[place], 0, 1) == pytest.approx(2.5 * ANSWERS[place])


def test_with_our_factor_the_answers_differ_by_what_the_tables_do() -> None:
    apart = ratios()
    assert median(apart.values()) == pytest.approx(MEDIAN_RATIO, abs=0.01)
    assert max(apart.values()) == pytest.approx(LARGEST_RATIO, abs=0.05)


def test_most_of_its_answers_lie_within_our_ranges_or_near() -> None:
    """Our range runs between two sources; its table is a year younger or older than both."""
    factors = shipped()
    near = [
        factors.intensity(factors.grids[place]).low * 0.9 <= grams <= factors.intensity(factors.grids[place]).high * 1.1
        for place, grams in ANSWERS.items()
    ]
    assert sum(near) / len(near) >= 0.7
