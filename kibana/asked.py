"""Rules that are asked run by run: those whose arithmetic is Elasticsearch's own, by script or in ES|QL.

For each run the search that Kibana would have sent, once; what it answers goes through the same lives of alerts as what
is read at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from elasticsearch import ApiError, Elasticsearch

from kibana.errors import RuleNotAsked
from kibana.esql import row_fields
from kibana.render import javascript_text
from kibana.requests import esql_request, search_request
from kibana.rules import Comparator, EsqlQueryParams, IndexThresholdParams, Rule
from kibana.windows import ALL_DOCUMENTS, MOST_VALUES, Readings, Runs, join, meets
from worker.elastic import elasticsearch_errors

# Searches in one call, of which the engine runs a few at once; and ES|QL queries at once, which go one by one.
SEARCHES_AT_ONCE = 50
CONCURRENT = 4
TOO_MANY_REQUESTS = 429
# Seconds between attempts while the engine says that it is overloaded.
PAUSES = (1, 2, 4, 8, 16, 32)
TOO_BUSY = f"Elasticsearch answered {TOO_MANY_REQUESTS} for a minute: ask again when it is less busy"

Answer = Mapping[str, Any]
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Met:
    """What met the rule's own condition, by run. Of other thresholds nothing is known; `why` says so."""

    by_run: Mapping[int, Mapping[str, float]]
    compared: Mapping[int, float]
    why: str

    def met(
        self,
        comparator: Comparator,  # noqa: ARG002 - of the port
        threshold: Sequence[float],  # noqa: ARG002 - of the port
    ) -> Iterator[tuple[int, dict[str, float]]]:
        yield from ((run, dict(met)) for run, met in self.by_run.items())

    def unmet(self, run: int) -> float | None:
        return self.compared.get(run)


@dataclass
class Asked:
    """What came of asking. `partial` are the runs whose answers lacked some shards: Kibana goes on with the others."""

    values: Readings | Met
    searches: int
    partial: int = 0


@dataclass
class Asker:
    """Asks for a rule's runs. `pause` waits so many seconds; `sent` counts the runs that were asked for."""

    client: Elasticsearch
    rule: Rule
    runs: Runs
    progress: Progress
    pause: Callable[[float], None] = time.sleep
    partial: int = field(default=0, init=False)
    sent: int = field(default=0, init=False)

    def ask(self) -> Asked:
        """Raises RuleNotAsked with the engine's reason, EvidenceUnavailable where nothing answers."""
        if isinstance(self.rule.params, EsqlQueryParams):
            values: Readings | Met = self._rows(self.rule.params)
        else:
            values = self._unseen_hits() if self.rule.excludes_seen_hits else self._readings()
        return Asked(values, self.sent, self.partial)

    def _readings(self) -> Readings:
        parts = []
        for numbers in self._slices(SEARCHES_AT_ONCE):
            answers = self._search([search_request(self.rule, self.runs.date(run)) for run in numbers])
            parts.append(_part(self.rule, self.runs, numbers, answers))
            if sum(len(part.run) for part in parts) > MOST_VALUES:
                raise RuleNotAsked(f"it compares more than {MOST_VALUES:,} values in that time: give a shorter --since")
        return join(parts, self.runs)

    def _unseen_hits(self) -> Met:
        """One by one: what a run counts depends on what the one before found."""
        params = self.rule.condition
        by_run, compared, seen_until = {}, {}, None
        for (run,) in self._slices(1):
            (answer,) = self._search([search_request(self.rule, self.runs.date(run), seen_until)])
            ((name, value),) = _compared(self.rule, answer).items()
            compared[run] = value
            if meets(value, params.threshold_comparator, params.threshold):
                by_run[run] = {name: value}
                seen_until = _newest(self.rule, answer) or seen_until
        return Met(by_run, compared, "what it counts depends on what met the condition before")

    def _rows(self, params: EsqlQueryParams) -> Met:
        by_run = {}
        with ThreadPoolExecutor(CONCURRENT) as pool:
            for numbers in self._slices(CONCURRENT):
                asked = [esql_request(params, self.runs.date(run)) for run in numbers]
                for run, answer in zip(numbers, pool.map(self._query, asked), strict=True):
                    self.partial += bool(answer.get("is_partial"))
                    if met := rows_met(params, answer):
                        by_run[run] = met
        return Met(by_run, {}, "its ES|QL does the comparing, and answers with the rows that are left")

    def _slices(self, length: int) -> Iterator[range]:
        """The first run by itself: an engine that cannot answer it is asked no more."""
        start, end = 0, min(1, self.runs.count)
        while start < end:
            self.sent = end
            yield range(start, end)
            self.progress(end / self.runs.count)
            start, end = end, min(end + length, self.runs.count)

    def _search(self, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """The answers, in the order of the requests. What the engine was too busy for is asked again."""
        answers: dict[int, Answer] = {}
        for pause in PAUSES:
            left = [number for number in range(len(requests)) if number not in answers]
            found = self._msearch([requests[number] for number in left])
            answers |= {number: answer for number, answer in zip(left, found, strict=True) if not _is_busy(answer)}
            if len(answers) == len(requests):
                return [self._accepted(answers[number]) for number in range(len(requests))]
            self.pause(pause)
        raise RuleNotAsked(TOO_BUSY)

    def _msearch(self, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
        header = {"index": self.rule.condition.index, "ignore_unavailable": True, "allow_no_indices": True}
        searches = [line for request in requests for line in (header, request)]
        send = partial(self.client.msearch, searches=searches, max_concurrent_searches=CONCURRENT)
        return list(self._patiently(send)["responses"])

    def _query(self, request: Mapping[str, Any]) -> Answer:
        send = partial(
            self.client.perform_request,
            "POST",
            "/_query",
            headers={"accept": "application/json", "content-type": "application/json"},
            body=dict(request),
        )
        return self._patiently(send)

    def _patiently(self, send: Callable[[], Any]) -> Answer:
        for pause in PAUSES:
            if (answer := self._once(send)) is not None:
                return answer
            self.pause(pause)
        raise RuleNotAsked(TOO_BUSY)

    def _once(self, send: Callable[[], Any]) -> Answer | None:
        """None where the engine is too busy."""
        with elasticsearch_errors(f"asking for the runs of rule {self.rule.id}"):
            try:
                answer: Answer = send()
            except ApiError as error:
                if error.meta.status == TOO_MANY_REQUESTS:
                    return None
                raise RuleNotAsked(_refusal(error.meta.status, error.body)) from error
            return answer

    def _accepted(self, answer: Answer) -> Answer:
        if "error" in answer:
            raise RuleNotAsked(_refusal(answer.get("status", 0), answer))
        self.partial += bool(answer.get("_shards", {}).get("failed")) or bool(answer.get("timed_out"))
        return answer


def rows_met(params: EsqlQueryParams, answer: Answer) -> dict[str, float]:
    """The alerts of an answer's rows, with how many rows each has; what is null in all its fields is none."""
    columns = [column["name"] for column in answer["columns"]]
    rows = answer["values"]
    if params.group_by == "all":
        return {ALL_DOCUMENTS[".es-query"]: float(len(rows))} if rows else {}
    places = [columns.index(name) for name in row_fields(params.esql_query.esql, columns)]
    counts: dict[str, float] = {}
    for row in rows:
        if known := [javascript_text(row[place]) for place in places if row[place] is not None]:
            counts[",".join(known)] = counts.get(",".join(known), 0.0) + 1
    return counts


def _is_busy(answer: Answer) -> bool:
    return "error" in answer and answer.get("status") == TOO_MANY_REQUESTS


def _part(rule: Rule, runs: Runs, numbers: range, answers: Sequence[Answer]) -> Readings:
    stretch = Runs(runs.date(numbers.start), runs.interval, len(numbers))
    found = [(at, name, value) for at, answer in enumerate(answers) for name, value in _compared(rule, answer).items()]
    names = {name: number for number, name in enumerate(dict.fromkeys(name for _, name, _ in found))}
    return Readings(
        stretch,
        list(names),
        np.array([at for at, _, _ in found], dtype=np.int64),
        np.array([names[name] for _, name, _ in found], dtype=np.int64),
        np.array([value for _, _, value in found], dtype=np.float64),
    )


def _compared(rule: Rule, answer: Answer) -> dict[str, float]:
    return _by_group(answer) if rule.condition.term_fields else _of_all(rule, answer)


def _by_group(answer: Answer) -> dict[str, float]:
    found = {}
    for bucket in answer.get("aggregations", {}).get("groupAgg", {}).get("buckets", []):
        key = bucket["key"]
        name = ",".join(javascript_text(part) for part in key) if isinstance(key, list) else javascript_text(key)
        value = bucket["metricAgg"]["value"] if "metricAgg" in bucket else bucket["doc_count"]
        if value is not None:
            found[name] = float(value)
    return found


def _of_all(rule: Rule, answer: Answer) -> dict[str, float]:
    """Where there is nothing to aggregate, an Elasticsearch query rule compares 0, an index threshold rule nothing."""
    name = ALL_DOCUMENTS[rule.rule_type_id]
    is_threshold = isinstance(rule.params, IndexThresholdParams)
    if is_threshold and not answer["_shards"]["total"]:
        return {}
    if rule.condition.agg_type == "count":
        return {name: float(answer["hits"]["total"]["value"])}
    value = answer.get("aggregations", {}).get("metricAgg", {}).get("value")
    return {} if is_threshold and value is None else {name: float(value or 0)}


def _newest(rule: Rule, answer: Answer) -> str | None:
    return next((hit["fields"][rule.condition.time_field][0] for hit in answer["hits"]["hits"]), None)


def _refusal(status: int, body: Any) -> str:
    """In the engine's words: the innermost cause, since the outer one says only that all shards failed."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        without = "it has no ES|QL: " if "/_query" in str(error) else ""
        return f"Elasticsearch answered {status}: {without}{error or body or 'nothing'}"[:400]
    cause = (error.get("root_cause") or [error])[0]
    inner = cause.get("caused_by") or error.get("caused_by") or {}
    words = [f"{one.get('type', 'error')}: {one.get('reason')}" for one in (cause, inner) if one]
    return f"Elasticsearch answered {status} {'; '.join(dict.fromkeys(words))}"[:400]
