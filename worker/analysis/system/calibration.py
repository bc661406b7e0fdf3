"""How sure a ranking is: the share of labelled incidents with such scores whose first candidate was right.

A logistic curve over two figures of the ranking, fitted by `python -m evaluation.calibrate` on labelled incidents; the
parameters and where they come from are in `calibration.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from math import exp, log1p

from pydantic import BaseModel, ConfigDict

HIGHEST = 0.99


class Calibration(BaseModel):
    """`intercept`, and the weights of a ranking's strength and of its lead; `provenance` says what it was fitted on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intercept: float
    strength: float
    lead: float
    provenance: dict[str, str | int | float]

    def confidence(self, scores: Sequence[float]) -> float:
        """Of the first of these scores, which are in falling order; 0 where there is none."""
        if not scores or scores[0] <= 0:
            return 0.0
        strength, lead = figures(scores)
        return min(HIGHEST, 1 / (1 + exp(-(self.intercept + self.strength * strength + self.lead * lead))))


def figures(scores: Sequence[float]) -> tuple[float, float]:
    """(how strong the first is, how far it leads the second: 0–1)."""
    first, second = scores[0], scores[1] if len(scores) > 1 else 0.0
    return log1p(first), (first - second) / (first + 0.5)


@lru_cache(maxsize=1)
def fitted() -> Calibration:
    text = (files("worker.analysis.system") / "calibration.json").read_text(encoding="utf-8")
    return Calibration.model_validate(json.loads(text))
