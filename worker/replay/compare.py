"""Two reports of one alert side by side: which of their findings differ. Pure.

Findings are all that a report says but its ids, the times of its writing, and its Markdown, which says the same again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from worker.domain.report import BY_MEANING, CauseKind, RootCause, Verdict
from worker.domain.wording import cause_in_words
from worker.replay.model import Difference, Gist

Document = Mapping[str, Any]

# What two reports of the same findings need not have in common.
NOT_FINDINGS = frozenset(
    {
        "report_id",
        "alert_id",
        "incident_id",
        "replay_of",
        "replay_id",
        "created_at",
        "known_by",
        "timings",
        "markdown",
        "narrative",
        # What it was made by is a reason, and no finding (`worker.replay.reasons`).
        "provenance",
    }
)
# Compared as a whole, and told by the parts that are not the same: the fields that name a part.
NAMED_PARTS = {
    "candidates": ("kind", "service", "region", "deployment_id"),
    "evidence": ("title",),
    "charts": ("title",),
    "gaps": ("what",),
    "similar_incidents": ("id",),
}
# A report given for comparison may lack what takes most room.
MAY_LACK = frozenset({"evidence", "charts"})
# What people act on comes first.
FIRST = (
    "verdict",
    "root_cause.service",
    "root_cause.deployment_id",
    "root_cause.version",
    "root_cause.kind",
    "root_cause.region",
    "root_cause.error_type",
    "root_cause.metric",
    "root_cause.onset",
    "severity",
    "confidence",
)
# Engines add up floats in no fixed order, so the last digits of a sum may differ between two readings.
RELATIVE_TOLERANCE = 1e-9
LONGEST_TEXT = 300
# Of a part that is there on both sides: so many of its values, and so much of each.
PARTS_TOLD = 3
LONGEST_VALUE = 60


def differences(before: Document, after: Document) -> list[Difference]:
    """Fields of the findings in which two reports (as stored) differ, the weightiest first."""
    was, now = dict(_findings(before)), dict(_findings(after))
    lacking = {name for name in MAY_LACK if name not in before or name not in after}
    names = [name for name in dict.fromkeys([*was, *now]) if name not in lacking]
    differing = (_difference(name, was.get(name), now.get(name)) for name in sorted(names, key=_weight))
    return [one for one in differing if one]


def gist(report: Document) -> Gist:
    """What a table shows of a report (as stored)."""
    carbon = (report.get("impact") or {}).get("carbon") or {}
    excess = carbon.get("excess_co2_grams") or {}
    return Gist(
        report_id=report.get("report_id"),
        verdict=report["verdict"],
        severity=report["severity"],
        cause=_cause_in_words(report.get("root_cause")),
        confidence=report.get("confidence"),
        excess_co2_grams=excess.get("likely"),
    )


def _cause_in_words(cause: Document | None) -> str | None:
    """Of another version's report it may lack what this one always says, or say it otherwise."""
    try:
        return cause_in_words(RootCause.model_validate({"kind": CauseKind.UNKNOWN, **cause})) if cause else None
    except ValidationError:
        return str(cause.get("service") or CauseKind.UNKNOWN) if cause else None


def is_lost(before: Document, after: Document) -> bool:
    """Whether an answer that was given is given no more.

    One is given where a cause was named, or it was said that there is no spike. What was inconclusive has nothing to
    lose. Demand as a cause and "not confirmed" both say that nobody is at fault, so the one may stand for the other.
    """
    was, now = _answer(before), _answer(after)
    return was is not None and was != now


def _answer(report: Document) -> tuple[Any, ...] | None:
    verdict, cause = report["verdict"], report.get("root_cause") or {}
    if verdict == Verdict.NOT_CONFIRMED or (cause and cause.get("kind") == CauseKind.TRAFFIC):
        return ("nobody",)
    if verdict == Verdict.ROOT_CAUSE:
        return cause.get("service"), cause.get("deployment_id")
    return None


def _is_later(part: Document) -> bool:
    """What was added by meaning after the report was stored: a replay has no such part."""
    return part.get("found_by") == "meaning" or part.get("what") == BY_MEANING


def _findings(report: Document) -> Iterator[tuple[str, Any]]:
    for name, value in report.items():
        if name in NOT_FINDINGS:
            continue
        if name in NAMED_PARTS:
            yield name, [part for part in value or [] if not _is_later(part)]
        else:
            yield from _flat(name, value)


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Nested objects by their dotted paths; lists as a whole. What is not there is not told apart from null."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}", inner)
    elif value is not None:
        yield path, value


def _weight(name: str) -> tuple[int, str]:
    if name in FIRST:
        return FIRST.index(name), ""
    return len(FIRST) + (not name.startswith("impact.")) + (name.startswith("sections.") or name in NAMED_PARTS), name


def _difference(name: str, before: Any, after: Any) -> Difference | None:
    if is_same(before, after):
        return None
    if name in NAMED_PARTS:
        before, after = _unlike(name, before or [], after or []), _unlike(name, after or [], before or [])
    return Difference(field=name, before=_short(before), after=_short(after))


def is_same(before: Any, after: Any) -> bool:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return all(is_same(before.get(name), after.get(name)) for name in {*before, *after})
    if _is_list(before) and _is_list(after):
        return len(before) == len(after) and all(map(is_same, before, after))
    if _is_number(before) and _is_number(after):
        return math.isclose(before, after, rel_tol=RELATIVE_TOLERANCE, abs_tol=RELATIVE_TOLERANCE)
    return bool(before == after)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unlike(name: str, parts: Sequence[Document], others: Sequence[Document]) -> list[Any]:
    """The parts that the others have not, by name; of one that they have otherwise, also what is not the same."""
    unlike = [part for part in parts if not any(is_same(part, other) for other in others)]
    theirs = {_name_of(name, other): other for other in others}
    return [_told(_name_of(name, part), part, theirs.get(_name_of(name, part))) for part in unlike]


def _name_of(name: str, part: Document) -> Any:
    return " ".join(str(value) for key in NAMED_PARTS[name] if (value := part.get(key)) is not None)


def _told(called: str, part: Document, other: Document | None) -> str:
    if other is None:
        return called
    mine, theirs = dict(_flat("", part)), dict(_flat("", other))
    unlike = [path for path in {**mine, **theirs} if not is_same(mine.get(path), theirs.get(path))]
    told = [f"{path.removeprefix('.')} {_in_brief(mine.get(path))}" for path in unlike[:PARTS_TOLD]]
    return f"{called}: {', '.join(told)}{' …' if len(unlike) > PARTS_TOLD else ''}"


def _in_brief(value: Any) -> str:
    """Of a list only how much it holds: the reports themselves have it all."""
    if _is_list(value):
        return f"of {len(value)}"
    text = "none" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[:LONGEST_TEXT] + "…"
    if _is_list(value):
        return [_short(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _short(item) for name, item in value.items()}
    return value
