"""What made a report, in a few short words: two reports with the same provenance were made by the same code and tables.

A digest says whether two things are the same, and nothing else about them.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from worker.domain.report import Provenance
from worker.domain.terms import terms
from worker.impact.tables import Factors
from worker.severity import Thresholds
from worker.telemetry.profiles import Profile

DIGITS = 12


def provenance_of(profile: Profile, thresholds: Thresholds, factors: Factors, *, is_hourly: bool) -> Provenance:
    """`is_hourly`: whether the grid's intensity is asked for by the hour, beside the tables' of a year."""
    return Provenance(
        version=version("spiketrace"),
        code=_code(),
        profile=digest(profile),
        policy=digest(thresholds),
        factors=digest(factors),
        grid="hourly" if is_hourly else "yearly",
        terminology=digest(terms()),
    )


def digest(value: Any) -> str:
    """Of what it says, whatever order it says it in."""
    content = json.dumps(_plain(value), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:DIGITS]


def _plain(value: Any) -> Any:
    """Tables are kept by keys of several parts, which JSON has not."""
    if isinstance(value, dict):
        return [[_plain(key), _plain(inner)] for key, inner in sorted(value.items())]
    plain = vars(value) if isinstance(value, Factors) else to_jsonable_python(value)
    return {name: _plain(inner) for name, inner in plain.items()} if isinstance(value, Factors) else plain


@cache
def _code() -> str:
    """Of all that is installed of the investigation: two builds of one version are told apart, too."""
    root = Path(str(files("worker")))
    found = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        found.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:DIGITS]
