"""What workers and beat have counted and what waits for them: read where it is kept, so that one scrape tells all.

Of what cannot be read there is no sample, rather than an old one, and `spiketrace_reachable` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from tasks.backlog import Backlog, QueueBacklog
from worker.counts import known_series
from worker.domain.spending import Of, Spending
from worker.errors import EvidenceUnavailable, QueueUnavailable
from worker.store.inbox import RedisInbox
from worker.store.inbox_index import InboxIndex
from worker.store.model_ledger import RedisModelLedger
from worker.store.standing import Standing
from worker.store.tally import RedisTally, counters, durations

PARTS = {
    "calls": "Calls of {}",
    "tokens": "Tokens of {}",
    "seconds": "Seconds taken by {}",
    "usd": "US dollars, by your prices, for {}",
}
MODEL = "the language model"
ASKED: Mapping[Of, str] = {"narratives": "Narratives,", "answers": "Questions that the model was asked,"}


@dataclass(frozen=True)
class SharedMetrics(Collector):
    """`ledger` and `embeddings` are what a model's use is booked in, where one is configured.

    `destinations` are the names of those that are.
    """

    tally: RedisTally
    backlog: QueueBacklog
    inbox: RedisInbox
    inbox_index: InboxIndex
    ledger: RedisModelLedger | None
    embeddings: RedisModelLedger | None
    stands: Callable[[], Standing]
    destinations: tuple[str, ...] = ()

    def collect(self) -> Iterable[Metric]:
        reachable = GaugeMetricFamily(
            "spiketrace_reachable", "1 where this scrape could read it, else 0: broker, elasticsearch.", labels=["part"]
        )
        broker, elasticsearch = self._of_broker(), self._of_elasticsearch()
        reachable.add_metric(["broker"], float(broker is not None))
        reachable.add_metric(["elasticsearch"], float(elasticsearch is not None))
        return [reachable, *(broker or ()), *(elasticsearch or ())]

    def _of_broker(self) -> list[Metric] | None:
        try:
            totals = self.tally.totals()
            found = [*_counters(totals, self.destinations), *_durations(totals), *_queues(self.backlog.read())]
            found.append(
                _gauge("spiketrace_inbox_entries", "Accepted alerts that wait in the inbox.", self.inbox.depth())
            )
            found.append(_last_runs(self.tally.last_seen()))
            model, embeddings = self.ledger, self.embeddings
            return [
                *found,
                *(_model(model) if model else ()),
                *(_spent("embedding", "embeddings", embeddings.totals()[0]) if embeddings else ()),
            ]
        except QueueUnavailable:
            return None

    def _of_elasticsearch(self) -> list[Metric] | None:
        try:
            help_ = "Documents of Kibana's index connector that nobody has taken in."
            documents = _gauge("spiketrace_inbox_index_documents", help_, self.inbox_index.backlog().documents)
            return [documents, *_standing(self.stands(), datetime.now(UTC))]
        except EvidenceUnavailable:
            return None


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_, value=value)


def _labelled(name: str, help_: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, help_, labels=[label])
    for value_of_label, value in values:
        family.add_metric([value_of_label], value)
    return family


def _counters(totals: dict[str, float], destinations: Collection[str]) -> Iterator[Metric]:
    known = known_series(destinations)
    for count, sums in counters(totals):
        family = CounterMetricFamily(count.name, count.help, labels=count.labels)
        for labels, value in {**dict.fromkeys(known.get(count, [()]), 0.0), **dict(sums)}.items():
            family.add_metric(labels, value)
        yield family


def _durations(totals: dict[str, float]) -> Iterator[Metric]:
    for count, buckets, seconds in durations(totals):
        yield HistogramMetricFamily(count.name, count.help, buckets=buckets, sum_value=seconds)


def _queues(backlog: Backlog) -> Iterator[Metric]:
    help_ = "Messages that wait in a queue for a worker."
    lengths = ((name, waiting.messages) for name, waiting in backlog.queues.items())
    yield _labelled("spiketrace_queue_messages", help_, "queue", lengths)
    help_ = "Since when the oldest message of a queue waits; 0 where none does."
    ages = ((name, waiting.oldest_seconds) for name, waiting in backlog.queues.items())
    yield _labelled("spiketrace_queue_oldest_seconds", help_, "queue", ages)
    help_ = "Messages that workers have in hand, those included that wait for their next attempt."
    yield _gauge("spiketrace_unacknowledged_messages", help_, backlog.unacknowledged)


def _last_runs(seen: dict[str, float]) -> Metric:
    help_ = "When it ran last: beat, and the sweep, which needs beat and a worker."
    return _labelled("spiketrace_last_run_timestamp_seconds", help_, "part", sorted(seen.items()))


def _spent(name: str, what: str, spent: Spending) -> Iterator[Metric]:
    for part, help_ in PARTS.items():
        yield CounterMetricFamily(f"spiketrace_{name}_{part}", f"{help_.format(what)}.", value=getattr(spent, part))


def _model(ledger: RedisModelLedger) -> Iterator[Metric]:
    (spent, outcomes), today = ledger.totals(), ledger.of_day(datetime.now(UTC))
    yield from _spent("model", MODEL, spent)
    for part, help_ in PARTS.items():
        held = (
            f"{help_.format(MODEL)} this day (UTC), of what the day's budget allows; what is under way counts in full."
        )
        yield _gauge(f"spiketrace_model_today_{part}", held, getattr(today, part))
    for of, help_ in ASKED.items():
        ended = CounterMetricFamily(f"spiketrace_{of}", f"{help_} by how that ended: done, failed.", labels=["outcome"])
        for outcome, number in {"done": 0, "failed": 0, **outcomes[of]}.items():
            ended.add_metric([outcome], number)
        yield ended


def _standing(found: Standing, now: datetime) -> Iterator[Metric]:
    yield _labelled("spiketrace_alerts", "Alerts that are kept, by their state.", "state", found.alerts.items())
    waited = (now - found.oldest_unfinished).total_seconds() if found.oldest_unfinished else 0.0
    help_ = "Since when the oldest alert waits that has neither report nor dead letter; 0 where none does."
    yield _gauge("spiketrace_oldest_unfinished_alert_seconds", help_, max(0.0, waited))
    help_ = "Dead letters that wait for a person, by kind."
    yield _labelled("spiketrace_dead_letters", help_, "kind", found.dead_letters.items())
    yield _labelled("spiketrace_incidents", "Incidents that are kept, by status.", "status", found.incidents.items())
    told = GaugeMetricFamily(
        "spiketrace_receipts",
        "Incidents by what a destination has heard: pending, done, failed.",
        labels=["destination", "state"],
    )
    for destination, states in found.deliveries.items():
        for state, number in states.items():
            told.add_metric([destination, state], number)
    yield told
