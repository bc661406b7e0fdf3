"""Which of the past incidents is the last, the longest or the likest."""

from __future__ import annotations

import re

from worker.agent.grounding.text import numerals
from worker.domain.report import SimilarIncident

LAST = ("recent", "last", "latest", "newest")
# "The most recent of the past incidents", "the oldest one of them".
PLACED = re.compile(
    r"\b(?:the )?(?:most )?(?P<which>recent|last|latest|newest|oldest|earliest|first|longest|shortest)"
    r"(?: one)?(?: (?:of|among) (?:the|these|those|all)(?: \w+){0,2}| (?:past|earlier|previous|prior|similar|known))"
    r" incidents?\b",
    re.IGNORECASE,
)
LIKEST = re.compile(r"\b(?:most similar|closest|likest) (?:past |earlier |previous )?incident\b", re.IGNORECASE)


def meant(text: str, past: list[SimilarIncident], named: list[SimilarIncident]) -> list[SimilarIncident]:
    """The one that the text calls so, "of ledger" of those; the report lists them with the likest first."""
    found = LIKEST.search(text) or PLACED.search(text)
    if found is None or not past:
        return []
    of = [one for one in named if re.match(rf" (?:of|at|in) {re.escape(one.service or '')}\b", text[found.end() :])]
    which = found.groupdict().get("which")
    return [at_end(which.lower(), of or past)] if which else (of or past)[:1]


def at_end(which: str, past: list[SimilarIncident]) -> SimilarIncident:
    if which in ("longest", "shortest"):
        return (max if which == "longest" else min)(past, key=length)
    return (max if which in LAST else min)(past, key=lambda one: one.at)


def lasted(one: SimilarIncident) -> list[float]:
    found = [it.value for it in numerals.numbers(one.ended or "") if it.dimension == "seconds"]
    return [sum(found)] if found else []


def length(one: SimilarIncident) -> float:
    return sum(lasted(one))
