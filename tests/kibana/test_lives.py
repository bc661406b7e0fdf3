"""Lives of alerts that hold whatever comes, and against the plainest reading of the rules without flapping."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kibana.lives import Lives
from kibana.rules import Flapping
from tests.kibana.builders import make_rule, minute

NAMES = ("a", "b")
histories = st.lists(st.sets(st.sampled_from(NAMES)), max_size=60)
delays = st.integers(1, 4)
OFF = Flapping(enabled=False)


def plainly(history: list[set[str]], name: str, delay: int) -> tuple[list[int], list[int]]:
    """The runs in which an alert is active, and those in which it recovers: no state, only the history up to then."""
    active, recovered = [], []
    for run in range(len(history)):
        met = [name in reported for reported in history[: run + 1]]
        in_a_row = next((back for back, is_met in enumerate(reversed(met)) if not is_met), len(met))
        if in_a_row >= delay:
            active.append(run)
        before = next((back for back, is_met in enumerate(reversed(met[:-1])) if not is_met), len(met) - 1)
        if not met[-1] and before >= delay:
            recovered.append(run)
    return active, recovered


@given(histories, delays)
def test_without_flapping_it_is_what_the_last_runs_say(history: list[set[str]], delay: int) -> None:
    lives = Lives(make_rule(alert_delay={"active": delay}), OFF)
    runs = [lives.run(minute(number), reported) for number, reported in enumerate(history)]
    for name in NAMES:
        active = [number for number, run in enumerate(runs) if name in {life.instance for life in run.active}]
        recovered = [number for number, run in enumerate(runs) if name in {life.instance for life in run.recovered}]
        assert (active, recovered) == plainly(history, name, delay)


@given(histories, delays, st.integers(2, 6), st.integers(2, 6))
def test_a_life_ends_once_and_never_comes_back(
    history: list[set[str]], delay: int, look_back: int, changes: int
) -> None:
    settings = Flapping(look_back_window=max(look_back, changes), status_change_threshold=changes)
    lives = Lives(make_rule(alert_delay={"active": delay}), settings)
    ended: set[UUID] = set()
    for number, reported in enumerate(history):
        run = lives.run(minute(number), reported)
        active, recovered = [life.uuid for life in run.active], [life.uuid for life in run.recovered]
        assert max(Counter(active + recovered).values(), default=0) <= 1
        assert not ended.intersection(active, recovered)
        ended.update(recovered)


@given(histories)
def test_flapping_never_makes_more_alerts(history: list[set[str]]) -> None:
    def begun(flapping: Flapping) -> int:
        lives = Lives(make_rule(), flapping)
        runs = [lives.run(minute(number), reported) for number, reported in enumerate(history)]
        return len({life.uuid for run in runs for life in run.active})

    assert begun(Flapping(look_back_window=6, status_change_threshold=2)) <= begun(OFF)


@given(histories)
def test_runs_that_change_nothing_may_be_left_out(history: list[set[str]]) -> None:
    every, fewer = (Lives(make_rule(), Flapping()) for _ in range(2))
    for number, reported in enumerate(history):
        expected = every.run(minute(number), reported)
        if reported or not fewer.is_idle:
            assert fewer.run(minute(number), reported) == expected
        else:
            assert not expected.active
            assert not expected.recovered
