"""A report with a model's draft in it: neutral, grounded, beside the template's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from worker.agent.advising import is_advice
from worker.agent.draft import Draft, reordered
from worker.agent.neutral import neutralise
from worker.agent.tools.result import ToolResult
from worker.domain.evidence import Evidence, last_number
from worker.domain.redaction.of_report import redact_report
from worker.domain.report import Narrative, Report, Sections
from worker.errors import ModelUnavailable
from worker.markdown import render_markdown

CITED = re.compile(r"\s*\[((?:\s*[et]\d{1,3}\s*[,;]?)+)\]")
ID = re.compile(r"[et]\d{1,3}")
MOST_RECOMMENDATIONS = 3


class Grounded(Protocol):
    """`text` is what holds, with `[unverified]` behind what may; the counts are of claims."""

    @property
    def text(self) -> str: ...

    @property
    def claims_checked(self) -> int: ...

    @property
    def claims_marked(self) -> int: ...

    @property
    def claims_removed(self) -> int: ...


class Grounding(Protocol):
    """Compares a text with the evidence of one report; of advice only the names."""

    def __call__(self, text: str, *, is_advice: bool = False) -> Grounded: ...


class Ground(Protocol):
    """Reads a report, so that texts can be compared with it."""

    def __call__(self, report: Report) -> Grounding: ...


@dataclass
class Counts:
    checked: int = 0
    marked: int = 0
    removed: int = 0


@dataclass
class Editor:
    """Lets through what `known` supports, and counts what may not stand. `ids`: the model's id of evidence → ours."""

    known: Report
    grounding: Grounding
    ids: dict[str, str]
    counts: Counts = field(default_factory=Counts)

    def edited(self, text: str, *, is_advice: bool = False) -> str:
        harmless = neutralise(text, self.known)
        found = self.grounding(self._cited(harmless.text), is_advice=is_advice)
        self.counts.checked += found.claims_checked + harmless.removed
        self.counts.removed += found.claims_removed + harmless.removed
        self.counts.marked += found.claims_marked
        return found.text.strip()

    def advice(self, text: str) -> str:
        """What says what to do states nothing else; what does not is checked as any other sentence."""
        return self.edited(text, is_advice=is_advice(text))

    def _cited(self, text: str) -> str:
        """Citations with the ids that the report knows, in the one form that pages make links of."""
        return CITED.sub(self._citation, text)

    def _citation(self, found: re.Match[str]) -> str:
        """To cite what does not exist is a claim, too, that is removed."""
        cited = ID.findall(found[1])
        ids = [self.ids[one] for one in cited if one in self.ids]
        unknown = len(cited) - len(ids)
        self.counts.checked += unknown
        self.counts.removed += unknown
        return f" [{' '.join(dict.fromkeys(ids))}]" if ids else ""


class LookedUp(NamedTuple):
    """What tools found as evidence, numbered on from what there was. `ids`: the model's id of evidence → ours."""

    cited: list[Evidence]
    others: list[Evidence]
    ids: dict[str, str]

    @classmethod
    def among(cls, results: Iterable[ToolResult], used: Set[str], evidence: Sequence[Evidence]) -> LookedUp:
        """What is `used` comes first: of the rest nothing stays."""
        ids = {item.id: item.id for item in evidence}
        found = cls([], [], ids)
        ordered = sorted(results, key=lambda one: one.id not in used)
        for number, one in enumerate(ordered, last_number(evidence) + 1):
            ids[one.id] = f"e{number}"
            (found.cited if one.id in used else found.others).append(_as_evidence(one, ids[one.id]))
        return found


def _as_evidence(one: ToolResult, evidence_id: str) -> Evidence:
    query = {"tool": one.tool, "arguments": one.arguments}
    result = {"rows": one.rows, **({"left_out": one.left_out} if one.left_out else {})}
    return Evidence(id=evidence_id, title=one.title, index=one.index, query=query, window=one.window, result=result)


def enriched(
    report: Report,
    draft: Draft,
    results: Sequence[ToolResult],
    narrative: Narrative,
    *,
    ground: Ground,
    services: Iterable[str] = (),
) -> Report:
    """The report with the draft's words after the template's own. Raises ModelUnavailable where none of them holds.

    Verdict, severity, figures, root cause and every word of the template are as they were. `services` are names that
    the evidence need not hold, so that what is said of another service is known for that.
    """
    used = cited_ids([draft.overview, draft.reasoning, *draft.recommendations]) | _ranked_ids(draft)
    found = LookedUp.among(results, used, report.evidence)
    extended = report.model_copy(update={"evidence": [*report.evidence, *found.cited]})
    evidence = [*extended.evidence, *found.others, *named(services, report)]
    known = report.model_copy(update={"evidence": evidence})
    editor = Editor(known, ground(known), found.ids)
    overview, reasoning = editor.edited(draft.overview), editor.edited(draft.reasoning)
    advice = [text for one in draft.recommendations[:MOST_RECOMMENDATIONS] if (text := editor.advice(one))]
    if not (overview or reasoning or advice):
        raise ModelUnavailable("nothing of what the model wrote is supported by the evidence", retryable=False)
    written = extended.model_copy(
        update={
            "sections": _sections(report, overview, advice),
            "candidates": reordered(report, draft.ranking),
            "narrative": _narrative(narrative, reasoning, editor.counts),
        }
    )
    redacted = redact_report(written)
    return redacted.model_copy(update={"markdown": render_markdown(redacted)})


def named(services: Iterable[str], report: Report) -> list[Evidence]:
    """Cannot be cited: it is no part of the report."""
    names = sorted(set(services))
    result = {"names": names}
    whole = Evidence(id="services", title="Services", index="", query={}, window=report.window, result=result)
    return [whole] if names else []


def cited_ids(texts: Iterable[str]) -> set[str]:
    return {one for text in texts for found in CITED.finditer(text) for one in ID.findall(found[1])}


def _ranked_ids(draft: Draft) -> set[str]:
    return {one for entry in draft.ranking for one in entry.evidence}


def _sections(report: Report, overview: str, advice: list[str]) -> Sections:
    sections = report.sections
    return sections.model_copy(
        update={
            "overview": "\n".join(filter(None, (sections.overview, overview))),
            "recommendations": [*sections.recommendations, *advice],
        }
    )


def _narrative(narrative: Narrative, reasoning: str, counts: Counts) -> Narrative:
    return narrative.model_copy(
        update={
            "author": "gemini",
            "state": "done",
            "reasoning": reasoning,
            "claims_checked": counts.checked,
            "claims_marked": counts.marked,
            "claims_removed": counts.removed,
        }
    )
