"""BARO's own methods, in an environment of their own: run by `benchmarks.against_baro`, and by nobody else.

Reads tables from stdin, a JSON document a line: `{"time": […], "columns": {name: […]}, "started_at": seconds}`.
Answers each with `{method: {"seconds", "ranks"}}`, and with `{"error"}` where the method could not do it.
"""

# mypy: ignore-errors

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pandas as pd
from baro.anomaly_detection import bocpd
from baro.root_cause_analysis import robust_scorer

warnings.filterwarnings("ignore")

Method = Callable[[pd.DataFrame, float], list[str]]


def scored(table: pd.DataFrame, started_at: float) -> list[str]:
    return robust_scorer(table, inject_time=started_at)["ranks"]


def detected_and_scored(table: pd.DataFrame, _: float) -> list[str]:
    return robust_scorer(table, anomalies=bocpd(table))["ranks"]


METHODS = {"scorer": scored, "bocpd and scorer": detected_and_scored}


def measured(method: Method, table: pd.DataFrame, started_at: float) -> dict[str, Any]:
    began = perf_counter()
    try:
        ranks = method(table.copy(), started_at)
    except (ValueError, IndexError, KeyError, FloatingPointError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"seconds": perf_counter() - began, "ranks": ranks}


for line in sys.stdin:
    asked = json.loads(line)
    data = pd.DataFrame({"time": asked["time"], **asked["columns"]}).ffill().fillna(0)
    answer = {name: measured(method, data, asked["started_at"]) for name, method in METHODS.items()}
    print(json.dumps(answer), flush=True)
