"""Texts as vectors, so that what means the same is near however it is said."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, sqrt

# What `embedding` of spiketrace-incidents holds.
DIMENSIONS = 384

Vector = list[float]


def unit_vector(values: Sequence[float]) -> Vector:
    """Of length 1: a vector that was cut to fewer dimensions is not (https://ai.google.dev/gemini-api/docs/embeddings).

    Raises ValueError for what is no vector of DIMENSIONS figures.
    """
    length = sqrt(sum(value * value for value in values))
    if len(values) != DIMENSIONS or not isfinite(length) or length == 0:
        raise ValueError(f"not a vector of {DIMENSIONS} dimensions")
    return [value / length for value in values]
