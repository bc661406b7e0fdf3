"""What may be said of a case."""

from __future__ import annotations

from worker.analysis.ranking import CONFIDENT
from worker.analysis.study import Case
from worker.domain.report import Verdict


def judge(case: Case) -> Verdict:
    """`inconclusive` also where there was nothing to judge by: silence of the telemetry is no all-clear."""
    if case.reading is None or not case.reading.deviations:
        return Verdict.INCONCLUSIVE
    if not case.confirmed:
        return Verdict.INCONCLUSIVE if case.doubt else Verdict.NOT_CONFIRMED
    if case.suspects and case.suspects[0].confidence >= CONFIDENT:
        return Verdict.ROOT_CAUSE
    return Verdict.INCONCLUSIVE
