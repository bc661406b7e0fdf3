"""The least that is asked of a model's sentence: that it cites evidence which the report has."""

from __future__ import annotations

import re
from typing import NamedTuple

from worker.agent.neutral import SENTENCE
from worker.domain.report import Report


class Cited(NamedTuple):
    text: str
    claims_checked: int
    claims_marked: int
    claims_removed: int


def cited_only(text: str, report: Report) -> Cited:
    known = {item.id for item in report.evidence}
    sentences = [one.strip() for one in SENTENCE.findall(text) if one.strip()]
    kept = [one for one in sentences if known & set(re.findall(r"\be\d+\b", one))]
    return Cited(" ".join(kept), len(sentences), 0, len(sentences) - len(kept))
