"""What may be said of a case."""

from __future__ import annotations

from worker.analysis.of_roles import NOTHING, SOMETHING
from worker.analysis.ranking import CONFIDENT
from worker.analysis.study import Case
from worker.domain.report import Verdict


def judge(case: Case) -> Verdict:
    """`inconclusive` also where there was nothing to judge by: silence of the telemetry is no all-clear."""
    if case.look is not None:
        return _judge_accounts(case)
    if case.reading is None or not case.reading.deviations:
        return Verdict.INCONCLUSIVE
    if not case.confirmed:
        return Verdict.INCONCLUSIVE if case.doubt else Verdict.NOT_CONFIRMED
    if case.suspects and case.suspects[0].confidence >= CONFIDENT:
        return Verdict.ROOT_CAUSE
    return Verdict.INCONCLUSIVE


def _judge_accounts(case: Case) -> Verdict:
    """By the first account: nothing points anywhere, or it does but not surely enough, or it does."""
    if not case.accounts:
        return Verdict.INCONCLUSIVE
    if case.accounts[0].score < NOTHING:
        return Verdict.INCONCLUSIVE if _alert_is_real(case) else Verdict.NOT_CONFIRMED
    return Verdict.ROOT_CAUSE if (case.confidence or 0.0) >= CONFIDENT else Verdict.INCONCLUSIVE


def _alert_is_real(case: Case) -> bool:
    """Whether the alerted service itself shows something, though not enough to blame anybody."""
    own = next((one for one in case.accounts if one.service == case.scope.service), None)
    return own is not None and own.shown >= SOMETHING
