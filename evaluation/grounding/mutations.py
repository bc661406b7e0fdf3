"""True text made false in one place: every figure, time and name of a report's own sentences, changed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import NamedTuple

from worker.agent.grounding.ground import ground_known
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import units
from worker.agent.grounding.text.claims import Claim

SEED = 20_261_125
# What is told not to be measured of one service is not measured of the others either.
UNKNOWN = "Not known"


class Mutation(NamedTuple):
    kind: str
    text: str


def mutations(texts: list[str], known: Known, seed: int = SEED) -> Iterator[Mutation]:
    """Of every sentence that is kept as it is, each single claim changed in each way that fits it."""
    rng = random.Random(seed)  # noqa: S311 - repeatable
    for text in texts:
        for sentence in ground_known(text, known).sentences:
            if sentence.outcome == "kept" and not sentence.text.startswith(UNKNOWN):
                for claim in sentence.claims:
                    for kind, changed in _changes(claim, known, rng):
                        start, end = claim.span
                        yield Mutation(kind, f"{sentence.text[:start]}{changed}{sentence.text[end:]}")


def _changes(claim: Claim, known: Known, rng: random.Random) -> Iterator[tuple[str, str]]:
    if claim.kind == "number" and (found := units.number_pattern().match(claim.text)):
        yield "figure", _with_digits(found, float(found["digits"].replace(",", "")) * rng.uniform(1.2, 3) + 1)
        yield "digit", _with_one_digit_more(found)
        if "gCO" in claim.text:
            yield "unit", claim.text.replace("gCO", "kgCO")
        elif claim.text.endswith(" ms"):
            yield "unit", claim.text.replace(" ms", " s")
    elif claim.kind == "time":
        yield "time", re.sub(r"(\d\d):(\d\d)", lambda at: f"{at[1]}:{(int(at[2]) + 23) % 60:02d}", claim.text, count=1)
    elif claim.kind == "name" and claim.text in known.services:
        others = sorted(known.services - {claim.text})
        yield "invented service", "warehouse-service-7"
        if others:
            yield "another service", rng.choice(others)
    elif claim.kind == "name":
        yield "invented name", re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), f"{claim.text}-7")


def _with_digits(found: re.Match[str], value: float) -> str:
    decimals = len(found["digits"].partition(".")[2])
    return found[0].replace(found["digits"], f"{value:,.{decimals}f}", 1)


def _with_one_digit_more(found: re.Match[str]) -> str:
    """The first digit one higher: 21 becomes 31, 9.3 becomes 1.3."""
    digits = found["digits"]
    return found[0].replace(digits, f"{(int(digits[0]) % 9) + 1}{digits[1:]}", 1)
