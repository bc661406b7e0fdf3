"""What the text is written from, and the phrases that several sections share."""

from __future__ import annotations

from dataclasses import dataclass

from worker.analysis.ranking import Suspect
from worker.analysis.study import Case
from worker.domain.report import Candidate, Impact, Verdict
from worker.findings import Citations
from worker.impact.users import Totals
from worker.writing import causes
from worker.writing.figures import clock, listed

LOGGED = frozenset({"errors", "retries", "latency", "silence"})
MOST_SYMPTOMS = 2


@dataclass(frozen=True)
class Story:
    """Everything that may be told. `threshold` is a sentence about the rule's threshold, or empty."""

    case: Case
    verdict: Verdict
    candidates: list[Candidate]
    impact: Impact
    requests: Totals | None
    cite: Citations
    threshold: str
    unread: tuple[str, ...]

    @property
    def first(self) -> Suspect | None:
        return self.case.suspects[0] if self.case.suspects else None

    @property
    def what(self) -> str:
        """The weightiest confirmed deviations in words, the alerted one first."""
        return listed(symptoms(self.case)[:MOST_SYMPTOMS])

    @property
    def since(self) -> str:
        return f" since {clock(self.case.onset)}" if self.case.onset else ""

    @property
    def shown_by(self) -> str:
        """The evidence of `what`."""
        return self.cite(*dict.fromkeys(topic_of(name) for name in _told(self.case)[:MOST_SYMPTOMS]))


def symptoms(case: Case) -> list[str]:
    return [causes.symptom(found) for name in _told(case) if (found := case.deviation(name))]


def _told(case: Case) -> list[str]:
    """Carbon is said once; of a harmless surge only the demand and the carbon."""
    if case.is_demand:
        return [name for name in case.confirmed if name in ("traffic", "carbon")]
    return [name for name in case.confirmed if not (name == "carbon_per_demand" and "carbon" in case.confirmed)]


def topic_of(signal: str) -> str:
    return "logs" if signal in LOGGED else "metrics"
