"""One labelled incident through the real pipeline: telemetry in Elasticsearch, an alert in, a report out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Literal

from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk
from pydantic import BaseModel
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from evaluation.cases import KINDS, Case
from worker.domain.alert import Alert, Rule
from worker.domain.report import CauseKind, Report, Verdict
from worker.elastic import elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.investigate import Investigator
from worker.telemetry.profiles import Profile, Sampling, load_profile
from worker.telemetry.search import ElasticTelemetry

PROFILE = "labelled-cases"
RECENT_STEPS = 288
FEWEST_HOURS = 4
PAST_DAYS = 42
MAPPINGS: dict[str, Any] = {
    "dynamic_templates": [
        {"texts": {"match": "message", "mapping": {"type": "text", "index": False}}},
        {"names": {"match_mapping_type": "string", "mapping": {"type": "keyword", "ignore_above": 1024}}},
        {"numbers": {"match_mapping_type": "long", "mapping": {"type": "double"}}},
    ],
    "properties": {"@timestamp": {"type": "date"}},
}


class Deployment(BaseModel):
    service: str | None
    version: str | None


class Prediction(BaseModel):
    """What the report says of a case, in the form that is scored. `seconds` are those of the investigation alone.

    A ranking may be there where nothing is confirmed: it is the order in which to look, and blames nobody.
    """

    id: str
    verdict: Literal["root_cause", "inconclusive", "not_confirmed"]
    ranking: list[str]
    deployment: Deployment | None
    confidence: float | None
    seconds: float


PAUSE_SECONDS = 2.0


def patient(pause_seconds: float) -> Retrying:
    """Tries again where an engine has too much to do, with growing pauses."""
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, EvidenceUnavailable) and error.retryable),
        stop=stop_after_attempt(5),
        wait=wait_exponential(multiplier=pause_seconds, max=20),
        reraise=True,
    )


def predict(case: Case, client: Elasticsearch, prefix: str) -> Prediction:
    """Loads the case into indices of its own under `prefix`, investigates its alert, and deletes them again."""
    with loaded(case, client, prefix) as profile:
        started = perf_counter()
        report = Investigator(ElasticTelemetry(client, profile))(alert_of(case), case.id)
        return prediction_of(report, case.id, perf_counter() - started)


@contextmanager
def loaded(case: Case, client: Elasticsearch, prefix: str) -> Iterator[Profile]:
    """The case's telemetry in Elasticsearch, and the profile that reads it."""
    indices = {kind: f"{prefix}-{kind}" for kind in KINDS}
    with elasticsearch_errors(f"loading case {case.id}"):
        try:
            for kind, index in indices.items():
                client.indices.delete(index=index, ignore_unavailable=True)
                client.indices.create(index=index, mappings=MAPPINGS, settings={"number_of_replicas": 0})
                actions = ({"_index": index, "_source": document} for document in case.documents(kind))
                bulk(client, actions, chunk_size=2000)
            client.indices.refresh(index=list(indices.values()))
            yield profile_of(case, indices)
        finally:
            for index in indices.values():
                client.indices.delete(index=index, ignore_unavailable=True)


def profile_of(case: Case, indices: dict[str, str]) -> Profile:
    shipped = load_profile(PROFILE)
    # The shipped profile has all of them.
    assert shipped.metrics is not None
    assert shipped.edges is not None
    assert shipped.logs is not None
    places = {"labelled-deployments": indices["deployments"], "labelled-flags": indices["flags"]}
    return shipped.model_copy(
        update={
            "sampling": sampling_of(case.dataset.step_seconds),
            "metrics": shipped.metrics.model_copy(update={"index": indices["metrics"]}),
            "edges": shipped.edges.model_copy(update={"index": indices["edges"]}),
            "logs": shipped.logs.model_copy(update={"index": indices["logs"]}),
            "changes": [one.model_copy(update={"index": places[one.index]}) for one in shipped.changes],
            "topology": list(case.topology),
        }
    )


def sampling_of(step_seconds: int) -> Sampling:
    hours = max(FEWEST_HOURS, RECENT_STEPS * step_seconds / 3600)
    return Sampling(
        step_seconds=step_seconds,
        recent_hours=hours,
        past_step_seconds=max(1800, step_seconds),
        past_days=PAST_DAYS,
    )


def alert_of(case: Case) -> Alert:
    """What a rule on that metric, grouped by service, would have sent when it fired."""
    seconds = round((case.alert.fired_at - case.alert.started_at).total_seconds())
    size, unit = (seconds // 60, "m") if seconds % 60 == 0 else (seconds, "s")
    params = {
        "aggField": case.alert.metric,
        "groupBy": "top",
        "termField": "service",
        "timeWindowSize": size,
        "timeWindowUnit": unit,
    }
    return Alert(
        rule=Rule(id="evaluation", name=f"{case.alert.metric} of {case.alert.service}", params=params),
        instance=case.alert.service,
        uuid=case.id,
        action_group="threshold met",
        date=case.alert.fired_at,
        group=case.alert.service,
    )


def prediction_of(report: Report, case_id: str, seconds: float) -> Prediction:
    first = report.candidates[0] if report.candidates else None
    is_deployment = first is not None and first.kind is CauseKind.DEPLOYMENT
    says_nothing = report.verdict is Verdict.NOT_CONFIRMED
    return Prediction(
        id=case_id,
        verdict=report.verdict.value,
        ranking=[one.service for one in report.candidates if one.service],
        deployment=Deployment(service=first.service, version=first.version) if first and is_deployment else None,
        confidence=None if says_nothing or first is None else first.confidence,
        seconds=round(seconds, 4),
    )
