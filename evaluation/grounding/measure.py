"""How many lies pass unmarked, and how many claims of true text are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from evaluation.grounding.lies import Lie
from evaluation.grounding.mutations import mutations
from worker.agent.grounding.facts import known_of
from worker.agent.grounding.ground import Grounded, ground_known
from worker.domain.report import Report

# Real reports of the tests' shop, without their queries and charts.
REPORTS = Path(__file__).parent / "reports"


class Kept(NamedTuple):
    """Of one report's own text: claims, those that were kept, and the sentences in which one was not."""

    report: str
    claims: int
    kept: int
    doubted: tuple[str, ...]


def shipped() -> dict[str, Report]:
    return {path.stem: read(path) for path in sorted(REPORTS.glob("*.json"))}


def read(path: Path) -> Report:
    return Report.model_validate_json(path.read_text(encoding="utf-8"))


def told(lies: Iterable[Lie], reports: dict[str, Report]) -> Iterator[tuple[Lie, Grounded]]:
    known = {name: known_of(report) for name, report in reports.items()}
    for lie in lies:
        yield lie, ground_known(lie.text, known[lie.report])


def unmarked(lies: Iterable[Lie], reports: dict[str, Report]) -> list[Lie]:
    """Lies of which a sentence is shown as if it held."""
    return [lie for lie, found in told(lies, reports) if any(one.outcome == "kept" for one in found.sentences)]


def kept_of(name: str, report: Report) -> Kept:
    """Of the text that the template wrote."""
    known = known_of(report)
    found = [ground_known(text, known, is_advice=text in report.sections.recommendations) for text in texts_of(report)]
    doubted = tuple(one.text for each in found for one in each.sentences if one.claims and one.outcome != "kept")
    return Kept(name, sum(one.claims_checked for one in found), sum(one.claims_kept for one in found), doubted)


class Seen(NamedTuple):
    """Of one kind of mutation: how many there are, and how many were not shown as if they held."""

    kind: str
    texts: int
    seen: int


def seen(reports: dict[str, Report]) -> list[Seen]:
    counts: dict[str, list[bool]] = {}
    for report in reports.values():
        known = known_of(report)
        for mutation in mutations(texts_of(report), known):
            outcomes = [one.outcome for one in ground_known(mutation.text, known).sentences]
            counts.setdefault(mutation.kind, []).append(any(outcome != "kept" for outcome in outcomes))
    return [Seen(kind, len(found), sum(found)) for kind, found in sorted(counts.items())]


def texts_of(report: Report) -> list[str]:
    sections = report.sections
    prose = (
        sections.overview,
        sections.user_impact,
        sections.carbon_compute_impact,
        sections.business_impact,
        sections.deployment_correlation,
    )
    return [*prose, *sections.recommendations]
