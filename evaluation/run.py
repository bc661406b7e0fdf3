"""Many labelled incidents, several at a time, and the document that `spiketrace evaluate` writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from os import getpid
from pathlib import Path
from typing import Any

from evaluation import baselines
from evaluation.cases import Case, read_folder
from evaluation.predict import PAUSE_SECONDS, Prediction, patient, predict
from evaluation.scores import Scored, figures, summarise
from worker.elastic import connect_elasticsearch
from worker.errors import ConfigurationError, SpikeTraceError
from worker.settings import Settings

LOADING_TIMEOUT_SECONDS = 180.0


@dataclass(frozen=True)
class Failure:
    case_id: str
    reason: str


@dataclass(frozen=True)
class Evaluated:
    """In the order of the cases. A case that failed has no prediction and makes the whole run fail."""

    predictions: list[tuple[Case, Prediction]]
    failures: list[Failure]


def read_folders(folders: Sequence[Path]) -> list[Case]:
    """Cases of every folder that has a cases.json; files and other folders are passed over.

    Raises ConfigurationError where there is no case at all, or two have the same id.
    """
    cases = [case for folder in folders if (folder / "cases.json").is_file() for case in read_folder(folder)]
    if not cases:
        named = ", ".join(map(str, folders)) or "nothing"
        raise ConfigurationError(f"no case to evaluate: {named} holds no folder with a cases.json")
    ids = [case.id for case in cases]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise ConfigurationError(f"these ids are in more than one case: {', '.join(twice[:5])}")
    return cases


def evaluate(
    cases: Sequence[Case],
    settings: Sequence[Settings],
    told: Callable[[str], None] = lambda _: None,
    pause_seconds: float = PAUSE_SECONDS,
) -> Evaluated:
    """As many at a time as there are settings, each of which names an engine. `told` hears of every finished case.

    `pause_seconds`: how long an engine that has too much to do is left alone at first.
    """
    found: dict[str, Prediction] = {}
    failures: list[Failure] = []
    for case_id, outcome in _outcomes(cases, settings, pause_seconds):
        told(case_id)
        if isinstance(outcome, Prediction):
            found[case_id] = outcome
        else:
            failures.append(Failure(case_id, outcome))
    return Evaluated([(case, found[case.id]) for case in cases if case.id in found], failures)


def _outcomes(
    cases: Sequence[Case], settings: Sequence[Settings], pause_seconds: float
) -> Iterator[tuple[str, Prediction | str]]:
    if len(settings) == 1:
        for case in cases:
            yield case.id, attempt(case, settings[0], pause_seconds)
        return
    # Each engine has a queue of its own. A fresh interpreter: the parent has threads and open connections.
    pools = [ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) for _ in settings]
    try:
        running = {
            pools[number % len(pools)].submit(attempt, case, settings[number % len(pools)], pause_seconds): case.id
            for number, case in enumerate(cases)
        }
        for done in as_completed(running):
            yield running[done], done.result()
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def attempt(case: Case, settings: Settings, pause_seconds: float) -> Prediction | str:
    """The prediction, or why there is none."""
    unhurried = settings.model_copy(update={"elasticsearch_timeout_seconds": LOADING_TIMEOUT_SECONDS})
    with connect_elasticsearch(unhurried) as client:
        try:
            prefix = f"spiketrace-evaluation-{getpid()}"
            found: Prediction = patient(pause_seconds)(predict, case, client, prefix)
        except SpikeTraceError as error:
            return error.reason
    return found


def document(evaluated: Evaluated) -> dict[str, Any]:
    """`cases` in the form of the design; `summary` with scores where the truth is known, beside trivial methods'."""
    return {
        "cases": [prediction.model_dump(mode="json") for _, prediction in evaluated.predictions],
        "summary": {
            "cases": len(evaluated.predictions),
            "failed": [{"id": failure.case_id, "reason": failure.reason} for failure in evaluated.failures],
            "scores": summarise(evaluated.predictions),
            "baselines": _baselines([case for case, _ in evaluated.predictions]),
        },
    }


def _baselines(cases: Sequence[Case]) -> dict[str, dict[str, Any]]:
    """By system: the figures of trivial methods."""
    known: dict[str, list[tuple[Case, baselines.Table]]] = defaultdict(list)
    for case in cases:
        if case.truth is not None:
            known[case.system].append((case, baselines.metric_table(case)))
    return {
        system: {
            "random": baselines.random_scores(pairs),
            "z_score": _figures_of(pairs, baselines.by_z_score),
            "robust_scorer": _figures_of(pairs, baselines.by_robust_scorer),
        }
        for system, pairs in sorted(known.items())
    }


def _figures_of(
    pairs: Sequence[tuple[Case, baselines.Table]], method: Callable[[Case, baselines.Table], Prediction]
) -> dict[str, Any]:
    found = figures([Scored(case, method(case, table)) for case, table in pairs])
    return {name: found[name] for name in ("top_1", "top_3", "reciprocal_rank", "balanced_accuracy")}
