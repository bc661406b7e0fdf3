"""Why two reports of one alert differ: what they read, or what was made of it. Pure.

A report keeps each search with what it answered, and what it was made by. So where the findings differ, the searches
say on which side the reason lies: others were sent, the same ones were answered otherwise, or all is the same and the
judgement is not; and what the reports were made by says which part of the program or of its settings is another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from worker.replay.compare import is_same

Document = Mapping[str, Any]
OF_SEVERITY = ("severity", "severity_reasons")


class Why(StrEnum):
    """A reason, as far as two reports tell it."""

    PROFILE = "profile"
    QUERIES = "queries"
    DATA = "data"
    EVIDENCE_UNKNOWN = "evidence_unknown"
    POLICY = "policy"
    VERSION = "version"
    FACTORS = "factors"
    TERMINOLOGY = "terminology"
    JUDGEMENT = "judgement"

    @property
    def in_words(self) -> str:
        return WORDS[self]


WORDS = {
    Why.PROFILE: "another profile, or another version of it",
    Why.QUERIES: "other searches were sent: another version, or another --as-of",
    Why.DATA: "the same searches were answered otherwise: data was added, changed or deleted since",
    Why.EVIDENCE_UNKNOWN: "the report before is from a file, so it is not known what it had read",
    Why.POLICY: "the same facts were weighed otherwise: another policy, or another version of it",
    Why.VERSION: "another version of SpikeTrace, or another build of it",
    Why.FACTORS: "other factors, or another source of the grid's intensity",
    Why.TERMINOLOGY: "other words of the trade",
    Why.JUDGEMENT: "the same was read and judged otherwise, by something that the reports do not name",
}


# By which of what a report was made with.
MADE_BY = {Why.VERSION: ("version", "code"), Why.FACTORS: ("factors", "grid"), Why.TERMINOLOGY: ("terminology",)}


def reasons(before: Document, after: Document, changed: Sequence[str]) -> list[Why]:
    """Of reports (as stored) that differ in the fields `changed`; nothing where none do."""
    return list(dict.fromkeys(_reasons(before, after, changed))) if changed else []


def _reasons(before: Document, after: Document, changed: Sequence[str]) -> Iterator[Why]:
    read_otherwise = _read_otherwise(before, after)
    if read_otherwise:
        yield read_otherwise
    if _is_weighed_otherwise(before, after, changed):
        yield Why.POLICY
        changed = [name for name in changed if name not in OF_SEVERITY]
    made_otherwise = _made_otherwise(before, after)
    yield from made_otherwise
    if changed and not read_otherwise and not made_otherwise:
        yield Why.JUDGEMENT


def _made_otherwise(before: Document, after: Document) -> list[Why]:
    """By what both reports say of their making; nothing where one does not say it."""
    was, now = before.get("provenance"), after.get("provenance")
    if not was or not now:
        return []
    return [why for why, names in MADE_BY.items() if any(was.get(name) != now.get(name) for name in names)]


def _read_otherwise(before: Document, after: Document) -> Why | None:
    """By the first search that is not the same: what is asked later follows from what was answered before."""
    if _has_other_profile(before, after):
        return Why.PROFILE
    if "evidence" not in before or "evidence" not in after:
        return Why.EVIDENCE_UNKNOWN
    for was, now in zip_longest(_searches(before), _searches(after)):
        if was is None or now is None or was[0] != now[0]:
            return Why.QUERIES
        if not is_same(was[1], now[1]):
            return Why.DATA
    return None


def _has_other_profile(before: Document, after: Document) -> bool:
    was, now = before.get("provenance"), after.get("provenance")
    is_other = bool(was and now and was.get("profile") != now.get("profile"))
    return is_other or before.get("profile") != after.get("profile")


def _searches(report: Document) -> list[tuple[Any, Any]]:
    """What was asked, and what was answered."""
    return [((one.get("index"), one.get("query")), one.get("result")) for one in report["evidence"] or []]


def _is_weighed_otherwise(before: Document, after: Document, changed: Sequence[str]) -> bool:
    """By another policy: the reports say which they were weighed by, or else the facts are the same."""
    if not set(OF_SEVERITY).intersection(changed):
        return False
    was, now = before.get("provenance"), after.get("provenance")
    if was and now:
        return bool(was.get("policy") != now.get("policy"))
    facts = before.get("severity_facts")
    return facts is not None and is_same(facts, after.get("severity_facts"))
