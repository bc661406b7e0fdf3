"""One alert again: with what was known then, under an id of its own, and once."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.replay.builders import NOW, planned, report, seconds
from tests.tasks import samples
from worker.bootstrap import Stores
from worker.domain.alert import Alert
from worker.domain.report import Report, Verdict, report_id_of
from worker.errors import InvestigationError
from worker.known import Knowledge
from worker.replay.again import ReplayDesk, claim, give_up, is_cancelled, run
from worker.replay.life import cancel
from worker.replay.model import Item, ItemState, Label, Manner, replay_report_id
from worker.replay.starting import Comparison, start_replay


@dataclass
class Investigations:
    """Gives the report it is told to give, and keeps what it was asked with."""

    found: Report = field(default_factory=lambda: report("a1"))
    knowledge: list[Knowledge] = field(default_factory=list)

    def __call__(self, alert: Alert, alert_id: str, knowledge: Knowledge) -> Report:
        self.knowledge.append(knowledge)
        return self.found.model_copy(update={"alert_id": alert_id, "report_id": report_id_of(alert_id)})


class Refusing:
    """No delivery was asked for."""

    def record(self, report: Report) -> Report:
        raise AssertionError(report.report_id)

    def tell(self, report: Report) -> None:
        raise AssertionError(report.report_id)


@pytest.fixture
def investigations() -> Investigations:
    return Investigations()


@pytest.fixture
def desk(stores: Stores, investigations: Investigations) -> ReplayDesk:
    return ReplayDesk(stores.replays, stores.reports, investigations, Refusing(), max_attempts=2)


def claimed(stores: Stores, desk: ReplayDesk, *, manner: Manner | None = None, **more: object) -> Item:
    comparison = more.pop("comparison", None)
    assert comparison is None or isinstance(comparison, Comparison)
    replay = start_replay(planned("a1", **more), stores.replays, now=NOW, manner=manner, comparison=comparison)
    item = claim(replay.replay_id, "a1", "me", desk)
    assert item
    return item


def test_what_was_known_when_the_original_was_begun(
    stores: Stores, desk: ReplayDesk, investigations: Investigations
) -> None:
    run(claimed(stores, desk, known_by=NOW - seconds(9)), desk)
    run(claimed(stores, desk), desk)
    run(claimed(stores, desk, known_by=NOW, manner=Manner(as_of="now")), desk)
    assert investigations.knowledge == [
        Knowledge(by=NOW - seconds(9)),
        Knowledge(by=samples.FIRED),
        Knowledge(as_of_now=True),
    ]


def test_a_report_of_its_own_that_says_whose_it_is(stores: Stores, desk: ReplayDesk) -> None:
    item = run(claimed(stores, desk), desk)
    found = stores.reports.get(replay_report_id(item.replay_id, "a1"))
    assert found
    assert (found.alert_id, found.replay_of, found.replay_id) == ("a1", "r-a1", item.replay_id)
    assert "a replay of `r-a1`" in found.markdown
    assert found.report_id in found.markdown
    assert stores.reports.get("r-a1") is None


def test_it_is_compared_with_the_original(stores: Stores, desk: ReplayDesk, investigations: Investigations) -> None:
    stores.reports.create(report("a1"))
    assert run(claimed(stores, desk, original="r-a1"), desk).state is ItemState.SAME
    investigations.found = report("a1", verdict=Verdict.INCONCLUSIVE)
    item = run(claimed(stores, desk, original="r-a1"), desk)
    assert (item.state, item.changed, item.lost) == (ItemState.DIFFERENT, ["verdict"], True)
    assert run(claimed(stores, desk), desk).state is ItemState.NEW


def test_a_label_judges_both(stores: Stores, desk: ReplayDesk, investigations: Investigations) -> None:
    stores.reports.create(report("a1"))
    investigations.found = report("a1", verdict=Verdict.INCONCLUSIVE)
    labels = Comparison(labels={"a1": Label(verdict=Verdict.INCONCLUSIVE)})
    item = run(claimed(stores, desk, original="r-a1", comparison=labels), desk)
    assert (item.right_before, item.right_after) == (False, True)


def test_a_report_that_an_attempt_left_behind_is_used(
    stores: Stores, desk: ReplayDesk, investigations: Investigations
) -> None:
    item = claimed(stores, desk)
    stores.reports.create(report("a1", report_id=replay_report_id(item.replay_id, "a1"), headline="the first one"))
    assert run(item, desk).state is ItemState.NEW
    assert investigations.knowledge == []


def test_one_worker_at_a_time(stores: Stores, desk: ReplayDesk) -> None:
    item = claimed(stores, desk)
    assert claim(item.replay_id, "a1", "another", desk) is None
    again = claim(item.replay_id, "a1", "me", desk)
    assert again
    assert again.attempts == 2
    run(again, desk)
    assert claim(item.replay_id, "a1", "me", desk) is None


def test_claims_that_came_to_nothing_count(stores: Stores, desk: ReplayDesk) -> None:
    item = claimed(stores, desk)
    for _ in range(2):
        again = claim(item.replay_id, "a1", "me", desk)
        assert again
        item = again
    with pytest.raises(InvestigationError, match="2 attempts ended without a report"):
        run(item, desk)


def test_what_is_finished_stays_as_it_is(stores: Stores, desk: ReplayDesk) -> None:
    item = claimed(stores, desk)
    run(item, desk)
    give_up(item, desk, reason="too late")
    found = stores.replays.item(item.replay_id, "a1")
    assert found
    assert (found.state, found.reason) == (ItemState.NEW, None)


def test_who_fails_now_has_lost_the_report_there_was(stores: Stores, desk: ReplayDesk) -> None:
    """Also one of a file, which is kept with the item and left out of lists."""
    against = Comparison(name="reports.json", reports={"a1": report("a1").model_dump(mode="json", by_alias=True)})
    for comparison, lost in ((against, True), (Comparison(name="other.json"), False)):
        item = claimed(stores, desk, comparison=comparison)
        give_up(item, desk, reason="no index")
        (found,) = stores.replays.items(item.replay_id)
        assert (found.state, found.lost) == (ItemState.FAILED, lost)


def test_one_of_a_cancelled_replay_is_not_investigated(
    stores: Stores, desk: ReplayDesk, investigations: Investigations
) -> None:
    item = claimed(stores, desk)
    assert not is_cancelled(item, desk)
    cancel(item.replay_id, stores.replays, NOW)
    assert is_cancelled(item, desk)
    assert stores.replays.tally(item.replay_id) == {ItemState.CANCELLED: 1}
    assert investigations.knowledge == []
