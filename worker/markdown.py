"""The report as Markdown, for places that show Markdown and nothing else.

Everything that is not this file's own words is escaped: a name from telemetry can neither open a heading, a table, a
link or HTML, nor be turned into a link by a renderer that links what looks like an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from worker.domain.evidence import Evidence
from worker.domain.figures import span_of, time_of
from worker.domain.report import Candidate, Report, SimilarIncident, Verdict
from worker.domain.terms import section_label
from worker.domain.text import one_line, paragraphs
from worker.domain.wording import (
    VERDICTS,
    ImpactGroup,
    cause_in_words,
    confidence_in_words,
    impact_groups,
    narrative_in_words,
    provenance_in_words,
    scope_in_words,
    sentences,
)

# Addresses, also bare ones ("evil.example"): many renderers make them links, in code spans none does.
_ADDRESS = re.compile(r"://|@|\b(?:javascript|data|mailto|vbscript|file|tel):|\w\.[^\W\d_]{2}", re.IGNORECASE)
_TRAILING = ".,;:!?)]}'\""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ESCAPED = str.maketrans(_ENTITIES | {letter: f"\\{letter}" for letter in "\\`*_{}[]#|~!$^"})
SECTIONS = {
    "overview": "Overview",
    "user_impact": "User impact",
    "carbon_compute_impact": "Carbon and compute impact",
    "business_impact": "Business impact",
    "deployment_correlation": "Deployment correlation",
    "recommendations": "Recommendations",
}
_LIST_START = re.compile(r"^(?:([-+=:])|(\d+)([.)])(?=\s|$))")


def render_markdown(report: Report) -> str:
    """The report's `markdown`: headings, the six sections, tables of impact and candidates, gaps and evidence."""
    blocks = [*_opening(report), *_sections(report), *_candidates(report), *_calculation(report), *_rest(report)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def escape(text: str) -> str:
    """`text` on one line, as words wherever it is put in a paragraph, a list or a table."""
    escaped = " ".join(_word(word) for word in one_line(text).split(" "))
    return _LIST_START.sub(lambda start: f"\\{start[1]}" if start[1] else f"{start[2]}\\{start[3]}", escaped)


def _word(word: str) -> str:
    if not _ADDRESS.search(word):
        return _letters(word)
    name = word.rstrip(_TRAILING)
    return code(name) + _letters(word[len(name) :])


def _letters(text: str) -> str:
    return text.translate(_ESCAPED)


def code(text: str) -> str:
    """A code span; a pipe in it becomes its look-alike, since a table is split at pipes even there."""
    line = one_line(text).replace("|", "¦")
    if not line:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    edge = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{edge}{line}{edge}{fence}"


def _opening(report: Report) -> Iterator[str]:
    scope = (report.service, report.region)
    yield f"# \\[{report.severity.value}\\] {escape(scope_in_words(*scope))}: {VERDICTS[report.verdict].lower()}"
    facts = [f"Window: {span_of(report.window)}", f"Baseline: {span_of(report.baseline)}"]
    if report.confidence is not None:
        facts.insert(0, f"Confidence: {confidence_in_words(report.confidence)}")
    if report.verdict is Verdict.ROOT_CAUSE and report.root_cause:
        facts.insert(0, f"Cause: {escape(cause_in_words(report.root_cause, reported=scope))}")
    if report.severity_reasons:
        facts.append(f"Severity: {escape(sentences(report.severity_reasons))}")
    yield _list(facts)


def _sections(report: Report) -> Iterator[str]:
    yield from _told(report, "overview")
    yield from _impact(impact_groups(report.impact))
    for key in ("user_impact", "carbon_compute_impact", "business_impact", "deployment_correlation"):
        yield from _told(report, key)
    yield from _section("Reasoning", report.narrative.reasoning)
    if recommendations := report.sections.recommendations:
        yield f"## {escape(section_title('recommendations'))}"
        yield "\n".join(f"{number}. {escape(text)}" for number, text in enumerate(recommendations, 1))


def _told(report: Report, key: str) -> Iterator[str]:
    yield from _section(escape(section_title(key)), getattr(report.sections, key))


def section_title(key: str) -> str:
    """In the words of the trade, as text."""
    return section_label(key, SECTIONS[key])


def _section(title: str, text: str) -> Iterator[str]:
    if text.strip():
        yield f"## {title}"
        yield from (escape(paragraph) for paragraph in paragraphs(text))


def _impact(groups: Sequence[ImpactGroup]) -> Iterator[str]:
    rows = [
        (
            escape(group.name),
            escape(f"{label} ({group.basis})" if group.basis else label),
            figure.likely,
            figure.interval or "",
        )
        for group in groups
        for label, figure in group.figures
    ]
    if rows:
        yield "## Impact"
        yield _table(("Impact on", "Figure", "Likely", "90 % interval"), [tuple(map(_cell, row)) for row in rows])
    yield from (escape(group.note) for group in groups if group.note)


def _candidates(report: Report) -> Iterator[str]:
    if report.candidates:
        yield "## Candidates"
        yield _table(
            ("#", "Cause", "Confidence", "For", "Against", "To settle it", "Evidence"),
            [_candidate(candidate, (report.service, report.region)) for candidate in report.candidates],
        )


def _candidate(candidate: Candidate, reported: tuple[str | None, str | None]) -> tuple[str, ...]:
    return (
        str(candidate.rank),
        escape(cause_in_words(candidate, reported=reported)),
        confidence_in_words(candidate.confidence),
        escape(candidate.reason),
        escape(candidate.against or ""),
        escape(candidate.check),
        escape(" ".join(candidate.evidence)),
    )


def _calculation(report: Report) -> Iterator[str]:
    if report.impact.calculation:
        yield "## How the figures are computed"
        yield _table(
            ("Step", "Calculation", "Result"),
            [
                tuple(escape(text) for text in (step.name, step.formula, step.result))
                for step in report.impact.calculation
            ],
        )


def _rest(report: Report) -> Iterator[str]:
    if report.gaps:
        yield "## Not read or not known"
        yield _list(
            f"{escape(gap.what)}: {escape(sentences([gap.reason, f'Effect: {gap.effect}']))}" for gap in report.gaps
        )
    if report.similar_incidents:
        yield "## Similar incidents"
        yield _list(_similar(incident) for incident in report.similar_incidents)
    if report.evidence:
        yield "## Evidence"
        yield _list(_evidence(item) for item in report.evidence)
    rule = report.alert.rule_name or report.alert.rule_id
    replay = f", a replay of {code(report.replay_of)}" if report.replay_of else ""
    if words := narrative_in_words(report.narrative):
        yield escape(words)
    yield f"Alert of {time_of(report.alert.date)} by the rule {code(rule)}. Report {code(report.report_id)}{replay}."
    if made := provenance_in_words(report):
        yield escape(f"Made by {made}.")


def _similar(incident: SimilarIncident) -> str:
    scope = escape(scope_in_words(incident.service, incident.region))
    status = f", {escape(incident.status)}" if incident.status else ""
    course = "".join(f"; {escape(part)}" for part in (incident.ended, incident.helped_in_words) if part)
    return f"{escape(incident.title)} ({scope}, {time_of(incident.at)}{status}): {escape(incident.why)}{course}"


def _evidence(item: Evidence) -> str:
    return f"{escape(item.id)}: {escape(item.title)}, {code(item.index)}, {span_of(item.window)}"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
