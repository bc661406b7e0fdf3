"""Scores of predictions against truth: how often the cause came first, and how often silence was right.

| figure | of |
|---|---|
| top_1, top_3, top_5, reciprocal_rank | faults: the true service among the first of the ranking |
| abstained | faults: no root cause was named |
| not_blamed | quiet cases: nobody was named as the root cause |
| balanced_accuracy | all: mean of the shares of faults not called, and quiet cases called, `not_confirmed` |
| deployment_right | cases whose truth names the guilty deployment, or says that none is |
| calibration_error | predictions with a confidence: expected calibration error in ten bins (Naeini et al., AAAI 2015) |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from evaluation.cases import Case
from evaluation.predict import Prediction

BINS = 10
# A quiet case whose figures cannot be given for want of such cases has None.
Figure = float | int | None


@dataclass(frozen=True)
class Scored:
    """A case whose truth is known, with what was predicted of it."""

    case: Case
    prediction: Prediction

    @property
    def is_fault(self) -> bool:
        return self.case.truth is not None and self.case.truth.service is not None

    @property
    def rank(self) -> int | None:
        """1 for the first of the ranking; None where the true service is not in it."""
        service = self.case.truth.service if self.case.truth else None
        return self.prediction.ranking.index(service) + 1 if service in self.prediction.ranking else None


def summarise(predictions: Iterable[tuple[Case, Prediction]]) -> dict[str, dict[str, dict[str, Figure]]]:
    """Figures overall, by dataset, by system and by kind of fault; of the cases whose truth is known."""
    scored = [Scored(case, prediction) for case, prediction in predictions if case.truth is not None]
    return {
        "overall": {"all": figures(scored)} if scored else {},
        "dataset": _by(scored, lambda one: one.case.dataset.name),
        "system": _by(scored, lambda one: one.case.system),
        "fault": _by([one for one in scored if one.is_fault], _fault),
    }


def _fault(one: Scored) -> str:
    fault = one.case.truth.fault if one.case.truth else None
    return f"{one.case.dataset.name}/{fault or 'unknown'}"


def _by(scored: Sequence[Scored], name: Callable[[Scored], str]) -> dict[str, dict[str, Figure]]:
    groups: dict[str, list[Scored]] = defaultdict(list)
    for one in scored:
        groups[name(one)].append(one)
    return {key: figures(groups[key]) for key in sorted(groups)}


def figures(scored: Sequence[Scored]) -> dict[str, Figure]:
    faults, quiet = [one for one in scored if one.is_fault], [one for one in scored if not one.is_fault]
    confirmed = _share(faults, lambda one: one.prediction.verdict != "not_confirmed")
    dismissed = _share(quiet, lambda one: one.prediction.verdict == "not_confirmed")
    return {
        "faults": len(faults),
        "quiet": len(quiet),
        **{f"top_{k}": _share(faults, partial(_is_among, first=k)) for k in (1, 3, 5)},
        "reciprocal_rank": _mean([1 / one.rank if one.rank else 0.0 for one in faults]),
        "abstained": _share(faults, lambda one: one.prediction.verdict != "root_cause"),
        "not_blamed": _share(quiet, lambda one: one.prediction.verdict != "root_cause"),
        "balanced_accuracy": None if confirmed is None or dismissed is None else round((confirmed + dismissed) / 2, 4),
        "deployments": sum(_names_deployment(one) for one in scored),
        "deployment_right": _share([one for one in scored if _names_deployment(one)], _is_deployment_right),
        "calibration_error": calibration_error(confidences(scored)),
        "seconds": round(median(one.prediction.seconds for one in scored), 3) if scored else None,
    }


def _is_among(one: Scored, first: int) -> bool:
    return one.rank is not None and one.rank <= first


def _share(scored: Sequence[Scored], holds: Callable[[Scored], bool]) -> float | None:
    return round(sum(holds(one) for one in scored) / len(scored), 4) if scored else None


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _names_deployment(one: Scored) -> bool:
    return one.case.truth is not None and one.case.truth.names_deployment


def _is_deployment_right(one: Scored) -> bool:
    truth = one.case.truth.deployment if one.case.truth else None
    said = one.prediction.deployment
    if truth is None or said is None:
        return truth is None and said is None
    return (said.service, said.version) == (truth.service, truth.version)


def confidences(scored: Iterable[Scored]) -> list[tuple[float, bool]]:
    """(confidence, whether the first of the ranking was right) of every prediction that has a confidence."""
    return [(one.prediction.confidence, one.rank == 1) for one in scored if one.prediction.confidence is not None]


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float | None:
    if not pairs:
        return None
    total = sum(abs(mean - share) * count for mean, share, count in calibration_table(pairs))
    return round(total / len(pairs), 4)


def calibration_table(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """(mean confidence, share that was right, how many) of each bin that holds any."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, right in pairs:
        bins[min(int(confidence * BINS), BINS - 1)].append((confidence, right))
    return [
        (sum(c for c, _ in found) / len(found), sum(r for _, r in found) / len(found), len(found))
        for _, found in sorted(bins.items())
    ]
