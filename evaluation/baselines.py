"""What a trivial method makes of the same telemetry, so that a score can be told from luck.

* `random`: the expected score of a random order of the services that have metrics.
* `z_score`: services by the largest deviation of any of their metrics, in standard deviations of the time before.
* `robust_scorer`: the same from the median in interquartile ranges (the scorer of BARO, Pham et al., FSE 2024).

The verdict of a z-score is `not_confirmed` where the alerted service's largest deviation is below three.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from evaluation.cases import Case, Document
from evaluation.predict import Prediction
from worker.domain.telemetry import Floats

NOT_NUMBERS = ("@timestamp", "service", "instance")
CONFIRMED_Z = 3.0
Table = Mapping[str, Mapping[str, tuple[Floats, Floats]]]
Measure = Callable[[Floats, Floats], float]


def metric_table(case: Case) -> Table:
    """Service → metric → (samples before the alert's window, samples within it)."""
    spans: dict[str, dict[str, tuple[list[float], list[float]]]] = defaultdict(lambda: defaultdict(lambda: ([], [])))
    for document in case.documents("metrics"):
        moment = datetime.fromisoformat(document["@timestamp"])
        if moment < case.alert.fired_at:
            _add(document, spans[document["service"]], is_within=moment >= case.alert.started_at)
    return {
        service: {name: (np.array(before), np.array(within)) for name, (before, within) in own.items()}
        for service, own in spans.items()
    }


def _add(document: Document, own: Any, *, is_within: bool) -> None:
    for name, value in document.items():
        if name not in NOT_NUMBERS and isinstance(value, int | float):
            own[name][is_within].append(float(value))


def by_z_score(case: Case, table: Table) -> Prediction:
    scores = _scores(table, _z)
    alerted = scores.get(case.alert.service, 0.0)
    return _predicted(case, scores, is_confirmed=alerted >= CONFIRMED_Z)


def by_robust_scorer(case: Case, table: Table) -> Prediction:
    return _predicted(case, _scores(table, _robust), is_confirmed=True)


def _scores(table: Table, measure: Measure) -> dict[str, float]:
    return {
        service: max(
            (measure(before, within) for before, within in own.values() if len(before) > 1 and len(within)), default=0.0
        )
        for service, own in table.items()
    }


def _z(before: Floats, within: Floats) -> float:
    spread = float(np.std(before))
    return float(np.max(np.abs(within - np.mean(before)))) / spread if spread > 0 else 0.0


def _robust(before: Floats, within: Floats) -> float:
    low, high = np.percentile(before, [25, 75])
    spread = float(high - low) or 1.0
    return float(np.max(within - np.median(before))) / spread


def _predicted(case: Case, scores: Mapping[str, float], *, is_confirmed: bool) -> Prediction:
    ranking = sorted(scores, key=lambda service: (-scores[service], service))
    verdict: Any = "root_cause" if is_confirmed else "not_confirmed"
    return Prediction(id=case.id, verdict=verdict, ranking=ranking, deployment=None, confidence=None, seconds=0.0)


def random_scores(cases: Sequence[tuple[Case, Table]]) -> dict[str, float | None]:
    """Expected top_1 and top_3 of a random order, over the faults."""
    faults = [(case, table) for case, table in cases if case.truth and case.truth.service]
    chances = {k: [_chance(case, table, k) for case, table in faults] for k in (1, 3)}
    return {f"top_{k}": round(sum(found) / len(found), 4) if found else None for k, found in chances.items()}


def _chance(case: Case, table: Table, k: int) -> float:
    truth = case.truth.service if case.truth else None
    return min(1.0, k / len(table)) if truth in table else 0.0
