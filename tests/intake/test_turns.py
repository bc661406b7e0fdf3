"""In a storm the first alert of each scope is put before all further ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.standins.queue import Queued
from tests.store.builders import NOON, an_alert
from worker import turns as turns_module
from worker.domain.alert import Alert
from worker.intake import record
from worker.ports import Notification, Recorded
from worker.turns import SPAN_SECONDS, Turns


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def alert(group: str, *, rule: str = "r1", uuid: str = "u", instance: str = "query matched") -> Alert:
    known = an_alert()
    changes = {"group": group, "uuid": uuid, "instance": instance}
    return known.model_copy(update=changes | {"rule": known.rule.model_copy(update={"id": rule})})


def test_the_first_of_a_scope_is_first_whatever_rule_names_it_until_the_span_is_over() -> None:
    clock = Clock()
    turns = Turns(clock)
    assert [turns.is_first(alert("checkout", rule=rule)) for rule in ("r1", "r1", "r2")] == [True, False, False]
    assert turns.is_first(alert("search"))
    clock.now += SPAN_SECONDS - 1
    assert not turns.is_first(alert("checkout"))
    clock.now += 2
    # The alerts between did not make it longer: a scope that never rests has its turn again and again.
    assert [turns.is_first(alert("checkout")) for _ in range(2)] == [True, False]


def test_without_a_group_a_rule_speaks_for_itself() -> None:
    turns = Turns()
    assert [turns.is_first(alert("", rule=rule)) for rule in ("r1", "r2", "r1")] == [True, True, False]
    assert turns.is_first(alert("", rule="r1", instance="all documents"))


def test_its_memory_is_bounded_and_nobody_is_put_behind_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "MOST_SCOPES", 2)
    clock = Clock()
    turns = Turns(clock)
    assert all(turns.is_first(alert(group)) for group in ("a", "b", "c", "c"))
    assert not turns.is_first(alert("a"))
    clock.now += SPAN_SECONDS + 1
    assert [turns.is_first(alert(group)) for group in ("c", "c", "a")] == [True, False, True]


class Stored:
    """Everything is new to it, and waits."""

    def record(self, notifications: Sequence[Notification]) -> list[Recorded]:
        return [
            Recorded(alert_id=one.alert.alert_id, status="accepted", is_waiting=True, refused=None)
            for one in notifications
        ]


def test_a_storm_is_enqueued_with_one_of_each_scope_in_front(queue: Queued) -> None:
    storm = [alert(group, uuid=f"{group}-{number}") for group in ("a", "b") for number in range(3)]
    arriving = [Notification(alert=one, received_at=NOON) for one in storm]
    turns = Turns()
    stored, letters = Stored(), Stored()
    record(arriving[:4], stored, letters, queue, turns=turns)  # type: ignore[arg-type]
    record(arriving[4:], stored, letters, queue, turns=turns)  # type: ignore[arg-type]
    ids = [one.alert_id for one in storm]
    assert queue.further == [ids[1], ids[2], ids[4], ids[5]]
    assert [one for one in queue.alert_ids if one not in queue.further] == [ids[0], ids[3]]


@pytest.fixture
def queue() -> Queued:
    return Queued()
