"""Past incidents alike in meaning: found after the report is stored, and appended to those that were found by words.

The incident's text is embedded once a report (redacted, short), kept with the incident, and compared with those of past
incidents. Nothing of it delays a report, and what fails leaves the report as it was, with a gap that says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from worker.domain.embedding import Vector
from worker.domain.evidence import Gap
from worker.domain.redaction.of_report import redact_report
from worker.domain.redaction.redact import excerpt
from worker.domain.report import BY_MEANING, Report, SimilarIncident
from worker.domain.spending import Spending
from worker.domain.text import one_line
from worker.domain.window import utc_now
from worker.domain.wording import cause_in_words
from worker.errors import ConfigurationError, InvestigationError, NotMeasured, QueueUnavailable
from worker.known import Knowledge, known
from worker.ports import EmbeddedIncidents, Embedder, ModelLedger, NearIncidents
from worker.similar import is_past, similar

log = structlog.get_logger(__name__)

LONGEST_TEXT = 1_500
CHARACTERS_A_TOKEN = 3
MOST_NEAR = 1
EFFECT = "similar incidents were found by their words, service, region and cause alone"

Change = Callable[[Report], Report]


@dataclass(frozen=True)
class Embedding:
    """One text after the other, within a day's budget. `embedder` is made when the first text needs it."""

    embedder: Callable[[], Embedder]
    ledger: ModelLedger
    max_seconds: float
    day_calls: int
    usd_per_million_tokens: float
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic

    @property
    def model(self) -> str:
        return self.embedder().embedding_model

    def __call__(self, text: str) -> Vector:
        """What leaves here is redacted. Raises ModelUnavailable, BudgetExceeded, QueueUnavailable."""
        told = excerpt(one_line(text), LONGEST_TEXT)
        wanted = self._spending(LONGEST_TEXT)
        day = self.ledger.reserve(wanted, wanted.times(self.day_calls), now=self.now())
        began, outcome = self.clock(), "failed"
        try:
            vector = self.embedder().embed(told, seconds=self.max_seconds)
            outcome = "done"
        finally:
            spent = self._spending(len(told))._replace(seconds=self.clock() - began)
            self.ledger.settle(day, wanted, spent, outcome=outcome, of="embeddings")
        return vector

    def _spending(self, characters: int) -> Spending:
        """Gemini's interface does not tell the tokens of an embedding: they are guessed, and never too few."""
        tokens = characters // CHARACTERS_A_TOKEN + 1
        return Spending(1, tokens, self.max_seconds, tokens * self.usd_per_million_tokens / 1e6)


@dataclass(frozen=True)
class Remembering:
    embed: Embedding
    near: NearIncidents
    incidents: EmbeddedIncidents

    def __call__(self, report: Report) -> Change:
        """What is to be changed of the report, and of it as it may have been changed meanwhile; not of its Markdown."""
        if report.incident_id is None:
            return lambda stored: stored
        began = time.monotonic()
        try:
            vector = self.embed(gist_of(report))
            self.incidents.embed(report.incident_id, vector, self.embed.model)
            found = self._found(report, vector)
        except (InvestigationError, ConfigurationError, NotMeasured, QueueUnavailable) as error:
            log.warning("no similar incidents by meaning", report_id=report.report_id, reason=error.reason)
            gap = Gap(what=BY_MEANING, reason=error.reason, effect=EFFECT)
            return lambda stored: _changed(stored, [], [gap], time.monotonic() - began)
        return lambda stored: _changed(stored, found, [], time.monotonic() - began)

    def _found(self, report: Report, vector: Vector) -> list[SimilarIncident]:
        hits = self.near.near(vector, self.embed.model, report.window.start)
        past = known(hits, report.timestamp, Knowledge(by=report.known_by, is_first=True), most=len(hits))
        told = {one.id for one in report.similar_incidents} | {report.incident_id}
        new = [
            hit for hit in past if hit["_id"] not in told and is_past(hit["_source"], report.window, report.alert_id)
        ]
        alike = (similar(hit, "alike in meaning") for hit in new[:MOST_NEAR])
        return [one.model_copy(update={"found_by": "meaning"}) for one in alike]


def gist_of(report: Report) -> str:
    """What the incident is about, without figures: the cause, the headline, and what the errors say."""
    cause = report.root_cause or (report.candidates[0] if report.candidates else None)
    told = [cause_in_words(cause) if cause else "", report.headline, *_messages(report)]
    return ". ".join(part for part in told if part)


def gist_of_document(document: Mapping[str, Any]) -> str:
    """Of an incident as anybody may have written it."""
    return ". ".join(str(part) for name in ("title", "summary") if (part := document.get(name)))


def _messages(report: Report) -> Iterable[str]:
    """Of the first errors by type that were read."""
    for item in report.evidence:
        for error in item.result.get("types", [])[:2]:
            with suppress(KeyError, IndexError, TypeError):
                yield f"{error['name']}: {error['messages'][0]}"


def _changed(stored: Report, found: list[SimilarIncident], gaps: list[Gap], seconds: float) -> Report:
    changed = stored.model_copy(
        update={
            "similar_incidents": [*stored.similar_incidents, *found],
            "gaps": [*stored.gaps, *gaps],
            "timings": {**stored.timings, "embedding_seconds": round(seconds, 4)},
        }
    )
    return redact_report(changed)
