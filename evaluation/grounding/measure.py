"""How many lies pass unmarked, and how many claims of true text are kept."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from evaluation.grounding.lies import Lie
from evaluation.grounding.mutations import SEED, mutations
from worker.agent.grounding.ground import Grounded, ground_known
from worker.agent.grounding.report.facts import known_of
from worker.agent.grounding.report.known import Known
from worker.agent.neutral import neutralise
from worker.domain.report import Report

# Real reports of the tests' shop, without their queries, most without their charts.
REPORTS = Path(__file__).parent / "reports"
# Texts that were written without looking at what the rules make of them, one batch after the other: of each, what was
# lost taught the rules before the next was written.
BATCHES = Path(__file__).parent / "batches"
# Written last: no rule was changed for them.
UNSEEN = ("lies-7", "true-9", "true-43", "true-44")


class Kept(NamedTuple):
    """Of one report's own text: claims, those that were kept, and the sentences in which one was not."""

    report: str
    claims: int
    kept: int
    doubted: tuple[str, ...]


def shipped() -> dict[str, Known]:
    """What each of them knows."""
    return {path.stem: known(path.stem) for path in sorted(REPORTS.glob("*.json"))}


@cache
def known(name: str) -> Known:
    """What one of them knows, read once: there are nearly 200, and whoever asks needs a few of them."""
    return known_of(read(REPORTS / f"{name}.json"))


def read(path: Path) -> Report:
    return Report.model_validate_json(path.read_text(encoding="utf-8"))


def told(lies: Iterable[Lie], known: dict[str, Known]) -> Iterator[tuple[Lie, Grounded]]:
    for lie in lies:
        yield lie, ground_known(lie.text, known[lie.report])


def unmarked(lies: Iterable[Lie], known: dict[str, Known]) -> list[Lie]:
    """Lies of which a sentence is shown as if it held; what goes is at their end."""
    return [lie for lie, found in told(lies, known) if found.sentences[-1].outcome == "kept"]


class Batch(NamedTuple):
    """Of lies: how many there are, and those that are shown as if they held. `unseen`: no rule was changed for them."""

    name: str
    unseen: bool
    texts: int
    unmarked: tuple[str, ...]


class TrueBatch(NamedTuple):
    """Of true text: claims, those that stay as they are or marked, and the sentences that are not kept whole."""

    name: str
    unseen: bool
    sentences: int
    claims: int
    kept: int
    marked: int
    doubted: tuple[str, ...]


def batch(name: str) -> list[Lie]:
    """The texts of a batch, each with its kind: of true ones "prose" or "advice"."""
    lines = (BATCHES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Lie(**json.loads(line)) for line in lines]


def lying(known: dict[str, Known], every: int = 1) -> list[Batch]:
    """`every`: of each batch only so many a text, for a quick look."""
    return [
        Batch(name, name in UNSEEN, len(texts), tuple(one.text for one in texts if _is_shown(one, known)))
        for name, texts in _batches("lies", every)
    ]


def _is_shown(lie: Lie, known: dict[str, Known]) -> bool:
    """The lie is in the last sentence; what stands before it may be true."""
    return ground_known(lie.text, known[lie.report]).sentences[-1].outcome == "kept"


def true(known: dict[str, Known], every: int = 1) -> list[TrueBatch]:
    return [_true(name, texts, known) for name, texts in _batches("true", every)]


def _true(name: str, texts: list[Lie], known: dict[str, Known]) -> TrueBatch:
    """As a narrative's text is: without what could act or says otherwise than what is settled, then checked."""
    harmless = [neutralise(one.text, known[one.report].report) for one in texts]
    gone = [one.text for one, left in zip(texts, harmless, strict=True) if left.removed]
    found = [
        ground_known(left.text, known[one.report], is_advice=one.kind == "advice")
        for one, left in zip(texts, harmless, strict=True)
    ]
    sentences = [sentence for one in found for sentence in one.sentences]
    doubted = (*gone, *(one.text for one in sentences if one.outcome != "kept"))
    claims, kept, marked = (
        sum(getattr(one, f"claims_{what}") for one in found) for what in ("checked", "kept", "marked")
    )
    removed = sum(one.removed for one in harmless)
    return TrueBatch(name, name in UNSEEN, len(sentences) + removed, claims + removed, kept, marked, doubted)


def _batches(kind: str, every: int = 1) -> Iterator[tuple[str, list[Lie]]]:
    for path in sorted(BATCHES.glob(f"{kind}-*.jsonl")):
        yield path.stem, batch(path.stem)[::every]


def kept_of(name: str, known: Known) -> Kept:
    """Of the text that the template wrote."""
    advice = known.report.sections.recommendations
    found = [ground_known(text, known, is_advice=text in advice) for text in texts_of(known.report)]
    doubted = tuple(one.text for each in found for one in each.sentences if one.claims and one.outcome != "kept")
    return Kept(name, sum(one.claims_checked for one in found), sum(one.claims_kept for one in found), doubted)


# So many of one report's mutations are tried, of every third report: a sample, since there are thousands in all.
MOST_OF_ONE_REPORT = 10
EVERY = 3


class Seen(NamedTuple):
    """Of one kind of mutation: how many there are, and how many were not shown as if they held."""

    kind: str
    texts: int
    seen: int


def seen(reports: dict[str, Known]) -> list[Seen]:
    counts: dict[str, list[bool]] = {}
    for known in [*reports.values()][::EVERY]:
        every = list(mutations(texts_of(known.report), known))
        for mutation in random.Random(SEED).sample(every, min(MOST_OF_ONE_REPORT, len(every))):  # noqa: S311 - repeatable
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
