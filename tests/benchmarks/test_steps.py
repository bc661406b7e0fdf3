"""The steps of the plots, and the lines that are made up for the benchmarks."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

from benchmarks.lines import BATCH, SPREAD, batches
from benchmarks.steps import HEIGHT, steps
from worker.domain.window import parse_time

NOW = parse_time("2026-03-09T12:00:00Z")


def test_there_is_a_step_for_each_and_text_stays_text() -> None:
    drawing = steps("a < b", {"<first>": [0.0, 1.0], "report": [10.0, 2.0, 5.0]}, ours="report")
    paths = re.findall(r'<path d="M[\d.]+ [\d.]+((?:H[\d.]+V[\d.]+)+)"', drawing)
    across, down = (
        [[float(value) for value in re.findall(rf"{axis}([\d.]+)", path)] for path in paths] for axis in "HV"
    )
    assert [len(path) for path in across] == [2, 3]
    assert across[1] == sorted(across[1])
    assert down[1] == sorted(down[1], reverse=True)
    assert all(0 < height < HEIGHT for path in down for height in path)
    assert {"a < b", "<first>", "report", "3", "10 s"} <= {
        unescape(one) for one in re.findall(r">([^<]+)</text>", drawing)
    }


def test_nothing_measured_is_an_empty_drawing() -> None:
    assert re.fullmatch("<svg.*</svg>\n", steps("t", {"ours": []}, ours="ours"))


def test_lines_are_as_many_as_asked_for_and_come_in_the_order_of_time() -> None:
    documents = [json.loads(line) for body in batches(BATCH + 5, NOW, seed=1) for line in body.splitlines()[1::2]]
    moments = [parse_time(one["@timestamp"]) for one in documents]
    assert len(documents) == BATCH + 5
    assert all(NOW - SPREAD <= moment < NOW for moment in moments)
    assert max(moments[:BATCH]) <= min(moments[BATCH:])
    assert max(moments) - min(moments) > SPREAD - timedelta(minutes=1)
    assert {one["level"] for one in documents} == {"INFO", "ERROR"}
    assert all((one["error_type"] is None) == (one["level"] == "INFO") for one in documents)
