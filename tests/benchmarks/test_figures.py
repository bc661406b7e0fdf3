"""The benchmarks' own arithmetic."""

from __future__ import annotations

import pytest

from benchmarks.figures import median_ratio, percentile


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (1, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_so_many_percent_are_not_above_it(percent: float, value: float) -> None:
    assert percentile(range(100, 0, -1), percent) == value


def test_of_one_value_every_percentile_is_that_one_and_of_none_there_is_none() -> None:
    assert percentile([7.0], 99) == 7.0
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 50)


def test_each_round_is_held_against_its_neighbour() -> None:
    # The machine was half as fast in the second round: that tells nothing of either.
    assert median_ratio([50, 25, 60], [100, 50, 100]) == 0.5
    with pytest.raises(ValueError, match="zip"):
        median_ratio([1], [1, 2])
