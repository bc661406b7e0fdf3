"""What a model may write of a report: words, and an order of candidates. Nothing else of its answer is read."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from worker.domain.report import Candidate, Report, Verdict

# Candidates whose confidences differ by no more than this are all but equal.
MARGIN = 0.05

EvidenceId = Annotated[str, Field(max_length=8)]


class Read(BaseModel):
    """A field that nobody asked for is passed over: a model cannot set what is not here."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Ranked(Read):
    candidate: int
    evidence: list[EvidenceId] = Field(max_length=12)


class Draft(Read):
    overview: str = Field(max_length=2_000)
    reasoning: str = Field(default="", max_length=3_000)
    recommendations: list[Annotated[str, Field(max_length=600)]] = Field(default_factory=list, max_length=5)
    ranking: list[Ranked] = Field(default_factory=list, max_length=10)


def reordered(report: Report, ranking: list[Ranked]) -> list[Candidate]:
    """The candidates in the order that the ranking asks for, as far as it may: all as they were, or all as asked.

    Each that it names must be cited with evidence of its own, and none may pass another whose confidence is more than
    MARGIN above its own. The first stays where a cause was found: verdict, severity and incident rest on it.
    """
    known = {one.rank: one for one in report.candidates}
    named = [one.candidate for one in ranking]
    if not named or len(set(named)) != len(named) or not set(named) <= known.keys():
        return report.candidates
    if not all(set(one.evidence) & set(known[one.candidate].evidence) for one in ranking):
        return report.candidates
    # Those it does not name keep their places behind.
    order = [known[rank] for rank in named] + [one for one in report.candidates if one.rank not in named]
    if not _is_allowed(order, report):
        return report.candidates
    return [one.model_copy(update={"rank": place}) for place, one in enumerate(order, 1)]


def _is_allowed(order: list[Candidate], report: Report) -> bool:
    if report.verdict is Verdict.ROOT_CAUSE and order[0] is not report.candidates[0]:
        return False
    return all(
        later.confidence - earlier.confidence <= MARGIN
        for place, earlier in enumerate(order)
        for later in order[place + 1 :]
    )
