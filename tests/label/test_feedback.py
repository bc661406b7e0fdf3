"""What people said in Slack, as the truth of a labelled case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evaluation.label import Verdict, verdict_of
from tests.incidents.samples import DEPLOYMENT, FIRED
from worker.domain.incident import Feedback
from worker.domain.report import CauseKind, RootCause
from worker.errors import ConfigurationError

LEDGER = RootCause(kind=CauseKind.DEPENDENCY, service="ledger")


def said(by: str, *, right: bool, cause: RootCause | None = DEPLOYMENT, minute: int = 0) -> Feedback:
    return Feedback(at=FIRED + timedelta(minutes=minute), by=by, report_id="r-1", right=right, root_cause=cause)


def test_a_thumbs_up_makes_the_root_cause_the_truth() -> None:
    found = verdict_of([said("slack:U1", right=True)])
    assert found == Verdict("checkout", "deployment", "2.3.0")
    assert found.truth("t")["deployment"] == {"service": "checkout", "version": "2.3.0"}


def test_another_kind_of_cause_clears_the_deployments() -> None:
    assert verdict_of([said("slack:U1", right=True, cause=LEDGER)]).truth("t")["deployment"] is None


@pytest.mark.parametrize(
    ("feedback", "service"),
    [
        ([said("a", right=True), said("b", right=True, cause=LEDGER, minute=1)], "ledger"),
        ([said("a", right=False), said("b", right=True, minute=1)], "checkout"),
        (
            [said("a", right=True, cause=LEDGER), said("b", right=True, minute=1), said("c", right=False, minute=2)],
            "ledger",
        ),
    ],
)
def test_the_latest_that_nobody_has_denied_counts(feedback: list[Feedback], service: str) -> None:
    assert verdict_of(feedback).service == service


@pytest.mark.parametrize(
    ("feedback", "reason"),
    [
        ([], "nobody has said in Slack"),
        ([said("slack:U1", right=False)], "slack:U1 said that deployment in checkout is wrong"),
        ([said("a", right=True), said("b", right=False, minute=1)], "b said that deployment in checkout is wrong"),
        ([said("a", right=True, cause=None)], "a said that the root cause is right"),
        ([said("a", right=True, cause=RootCause(kind=CauseKind.UNKNOWN))], "Name it with --service"),
    ],
)
def test_what_names_no_cause_is_listed(feedback: list[Feedback], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        verdict_of(feedback)
