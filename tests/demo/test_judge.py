from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.judge import entry_for, is_all_right, is_found, judge, scope_of
from demo.truth import STILL_ITS_ALERT, Affected, Truth, TruthEntry
from kibana.simulate import Notification, notifications
from tests.kibana.builders import counted, make_rule, minute, rule_body

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
END = START + timedelta(minutes=40)


def entry(**changes: Any) -> TruthEntry:
    values: dict[str, Any] = {
        "id": "bad-release",
        "title": "Bad release of checkout",
        "sentence": "It is bad.",
        "verdicts": ("root_cause",),
        "kinds": ("deployment",),
        "service": "checkout",
        "region": "us-central1",
        "deployment_id": "deploy-1",
        "version": "2.18.0",
        "start": START,
        "end": END,
        "affected": (
            Affected(service="checkout", region="us-central1"),
            Affected(service="frontend", region="us-central1"),
        ),
        "excess_co2_grams": 1.0,
        "total_excess_co2_grams": 2.0,
    }
    return TruthEntry(**{**values, **changes})


QUIET = entry(
    id="peak", verdicts=("not_confirmed",), kinds=(), service=None, deployment_id=None, version=None,
    affected=(Affected(service=None, region="us-central1"),),
)  # fmt: skip


def report(verdict: str = "root_cause", severity: str = "high", **changes: Any) -> dict[str, Any]:
    cause = {
        "kind": "deployment",
        "service": "checkout",
        "region": "us-central1",
        "deployment_id": "deploy-1",
        **changes,
    }
    return {"verdict": verdict, "severity": severity, "root_cause": cause if verdict == "root_cause" else None}


class TestJudging:
    def test_what_the_truth_says_is_right(self) -> None:
        judgement = judge(report(), entry())
        assert judgement.is_right
        assert judgement.said == "deployment · checkout · us-central1 · deploy-1"

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"kind": "error"}, "kind"),
            ({"service": "payments"}, "service"),
            ({"region": "asia-east1"}, "region"),
            ({"deployment_id": "deploy-2"}, "deployment"),
            ({"deployment_id": None}, "deployment"),
        ],
    )
    def test_one_wrong_thing_is_one_fault(self, changes: dict[str, Any], fault: str) -> None:
        judgement = judge(report(**changes), entry())
        assert len(judgement.faults) == 1
        assert fault in judgement.faults[0]

    def test_a_region_may_be_left_open(self) -> None:
        assert judge(report(region=None), entry()).is_right

    def test_a_deployment_named_where_none_is_guilty_is_wrong(self) -> None:
        assert not judge(report(), entry(deployment_id=None)).is_right

    @pytest.mark.parametrize("verdict", ["inconclusive", "not_confirmed"])
    def test_an_incident_that_is_not_found_is_wrong(self, verdict: str) -> None:
        assert not judge(report(verdict), entry()).is_right

    @pytest.mark.parametrize("about", [QUIET, None])
    def test_something_quiet_must_be_called_quiet(self, about: TruthEntry | None) -> None:
        assert judge(report("not_confirmed"), about).is_right
        assert not judge(report("inconclusive"), about).is_right
        assert not judge(report(), about).is_right

    @pytest.mark.parametrize("about", [QUIET, None])
    def test_something_quiet_may_be_left_open_where_that_wakes_nobody(self, about: TruthEntry | None) -> None:
        """Too few log lines are no all-clear."""
        assert judge(report("inconclusive", "low"), about).is_open
        assert not judge(report("inconclusive", "medium"), about).is_open
        assert not judge(report("root_cause", "low"), about).is_open

    def test_a_surge_may_be_called_traffic_and_nothing_worse(self) -> None:
        surge = entry(verdicts=("not_confirmed", "root_cause"), kinds=("traffic",), service=None, deployment_id=None)
        assert judge(report("not_confirmed"), surge).is_right
        assert judge(report(kind="traffic", service=None, deployment_id=None), surge).is_right
        assert not judge(report(kind="resource", deployment_id=None), surge).is_right


class TestFound:
    RIGHT = judge(report(), entry())
    OPEN = judge(report("inconclusive"), entry())
    MISSED = judge(report("not_confirmed"), entry())
    ASTRAY = judge(report(service="payments"), entry())

    def test_an_alert_that_leads_to_it_is_needed(self) -> None:
        assert is_found([self.RIGHT])
        assert not is_found([])
        assert not is_found([self.OPEN])

    def test_an_alert_without_an_answer_does_not_undo_it(self) -> None:
        assert is_found([self.OPEN, self.RIGHT])

    def test_an_alert_with_a_wrong_answer_does(self) -> None:
        assert not is_found([self.RIGHT, self.ASTRAY])
        assert not is_found([self.RIGHT, self.MISSED])

    def test_all_is_right_when_incidents_are_found_and_the_rest_is_quiet(self) -> None:
        quiet, noise = judge(report("not_confirmed"), QUIET), judge(report("not_confirmed"), None)
        assert is_all_right([self.RIGHT, quiet, noise], truth(entry(), QUIET))
        assert is_all_right([self.RIGHT], truth(entry(), QUIET))
        assert not is_all_right([quiet, noise], truth(entry(), QUIET))
        assert not is_all_right([self.RIGHT, judge(report(), None)], truth(entry(), QUIET))
        assert not is_all_right([self.RIGHT, judge(report("inconclusive"), QUIET)], truth(entry(), QUIET))
        assert is_all_right([self.RIGHT, judge(report("inconclusive", "low"), QUIET)], truth(entry(), QUIET))


def alert(instance: str, at: datetime, **params: Any) -> Notification:
    rule = make_rule(rule_body(**params))
    first = next(iter(notifications(rule, counted(**{instance: {0: 9}}), since=minute(1), until=minute(3))))
    return Notification(**{**vars(first), "date": at})


def truth(*entries: TruthEntry) -> Truth:
    return Truth(now=END, seed=1, log_sampling={}, entries=entries)


class TestMatching:
    def test_by_the_group_s_service_or_region(self) -> None:
        assert scope_of(alert("checkout", START)) == {"service": "checkout"}
        assert scope_of(alert("us-central1", START, termField="region")) == {"region": "us-central1"}
        assert entry_for(alert("checkout", START), truth(entry())) == entry()
        assert entry_for(alert("us-central1", START, termField="region"), truth(entry())) == entry()

    def test_not_for_a_scope_that_it_does_not_touch(self) -> None:
        assert entry_for(alert("search", START), truth(entry())) is None
        assert entry_for(alert("asia-east1", START, termField="region"), truth(entry())) is None

    def test_from_its_beginning_until_a_while_after_its_end(self) -> None:
        second = timedelta(seconds=1)
        assert entry_for(alert("checkout", START - second), truth(entry())) is None
        assert entry_for(alert("checkout", END + STILL_ITS_ALERT - second), truth(entry())) == entry()
        assert entry_for(alert("checkout", END + STILL_ITS_ALERT), truth(entry())) is None

    def test_of_two_it_is_about_what_began_last(self) -> None:
        older = QUIET.model_copy(update={"start": START - timedelta(hours=3)})
        assert entry_for(alert("checkout", START), truth(entry(), older)) == entry()
        assert entry_for(alert("checkout", START), truth(older, entry())) == entry()
