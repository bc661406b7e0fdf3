"""Figures whose unit, whole or owner stands elsewhere in the sentence, and names that a list or a log line gives."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.grounding.text.numerals import numbers

UNITS = [
    ("89 gCO₂e were measured in 15 minutes against 90 (88 to 91).", ["grams", "seconds", "grams", "grams", "grams"]),
    ("73 gCO₂e were measured against 19 expected.", ["grams", "grams"]),
    ("Its network receive bytes fell from 34,923 to 22,336.", ["bytes", "bytes"]),
    ("42,500 bytes received instead of 116,000.", ["bytes", "bytes"]),
    ("It saves 357 g per hour, with a range of 354 to 403 g.", ["grams_per_hour"] * 3),
    ("The carbon of 1,000 requests went from 333 mg to 1.3 g.", ["requests"] + ["grams_per_requests"] * 2),
    ("It emitted 24 g in the 11-minute window.", ["grams", "seconds"]),
]


@pytest.mark.parametrize(("text", "dimensions"), UNITS)
def test_the_unit_of_a_figure_may_stand_elsewhere(text: str, dimensions: list[str]) -> None:
    assert [one.dimension for one in numbers(text)] == dimensions


CHECKOUT, CATALOG = "demo-373452", "demo-dd3205"
TOLD = [
    (CHECKOUT, "Most of the {} gCO₂e excess is attributed to retries.", "3.7", "7.6"),
    (CHECKOUT, "Traffic increased to about {} requests per minute from an expected 2,905.", "5,776", "2,905"),
    (CHECKOUT, "Verify that checkout's error rate has fallen from {}.", "38 %", "0.7 %"),
    (CATALOG, "The alert fired because the average latency exceeded the threshold of {}.", "500 ms", "400 ms"),
    (CATALOG, "The rule fires above {}.", "500 ms", "700 ms"),
    (CHECKOUT, "Retries are 2.7 of the {} gCO₂e excess, or about three quarters of it.", "3.7", "3.9"),
    ("demo-1c65e3", "Of the rise in carbon asia-east1 and europe-west1 account for {} and 14 %.", "86 %", "14 %"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_of_which_time_a_figure_is(report: str, text: str, right: str, wrong: str) -> None:
    def holds(value: str) -> list[bool]:
        claims = (
            ground_known(text.format(value), known(report), is_advice=text.startswith("Verify")).sentences[-1].claims
        )
        return [claim.holds for claim in claims if claim.kind == "number" and claim.text.startswith(value)]

    assert all(holds(right))
    assert holds(right)
    assert not all(holds(wrong))


NAMES = [
    ("Its messages name zones such as {} and IT-2.", "DK-2", "FR-9"),
    ("The zones DK-2 and {} appear in the messages.", "IT-2", "SE-7"),
]


@pytest.mark.parametrize(("text", "right", "wrong"), NAMES)
def test_each_name_of_a_list_is_called_so_in_a_line(text: str, right: str, wrong: str) -> None:
    def holds(name: str) -> list[bool]:
        claims = ground_known(text.format(name), known("demo-d76f3b")).sentences[-1].claims
        return [claim.holds for claim in claims if claim.text == name]

    assert holds(right) == [True]
    assert holds(wrong) == [False]
