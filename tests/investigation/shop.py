"""A small shop's telemetry for tests: quiet by construction, with something wrong only where a fault says so.

Every minute of every place draws its noise from a generator of its own, so a fault changes what it changes and
nothing else, and what would have been emitted without it is known to the gram.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import cos, exp, pi
from typing import Any, NamedTuple

from worker.domain.window import Window, iso, parse_time

Document = dict[str, Any]
Action = tuple[str, Document]

METRICS = "spiketrace-carbon-metrics-test"
LOGS = "spiketrace-logs-test"
DEPLOYMENTS = "spiketrace-deployments-test"
INCIDENTS = "spiketrace-incidents"

MINUTE = timedelta(minutes=1)
# Minutes between two samples of metrics: of the hours that have logs, and of the days before.
SAMPLED_EVERY = 2
SAMPLED_EVERY_IN_THE_PAST = 10
USUAL_ERRORS = 0.004
USUAL_LINES = 3
USUAL_DEPLOYMENT = "deploy-1"


class Place(NamedTuple):
    """A service in a region; `since` is when its telemetry began, None if it is as old as the shop."""

    service: str
    region: str
    since: datetime | None = None


@dataclass
class Moment:
    """What one place does in one minute; a fault changes it before it is written.

    `traffic` are requests a minute, retries included; `work` multiplies grams and CPU; `new_share` is the share of
    log lines that are of `new_deployment_id`, and where there is one, only those fail and are slow. While
    `is_unsampled`, emissions add up until the next sample; a place that `is_silent` neither samples nor logs.
    """

    at: datetime
    service: str
    region: str
    traffic: float
    lines: int = USUAL_LINES
    error_share: float = USUAL_ERRORS
    error_type: str = "ValidationError"
    error_message: str = "field 'zip' is not valid"
    retry_share: float = 0.0
    slowness: float = 1.0
    work: float = 1.0
    deployment_id: str = USUAL_DEPLOYMENT
    new_deployment_id: str | None = None
    new_share: float = 0.0
    is_unsampled: bool = False
    is_silent: bool = False

    @property
    def grams(self) -> float:
        return (1.5 + 0.004 * self.traffic) * self.work

    @property
    def cpu_pct(self) -> float:
        return min(100.0, (10 + 0.015 * self.traffic) * self.work)


Fault = Callable[[Moment], None]


class Sample(NamedTuple):
    """A document of metrics, and what it would have said without any fault."""

    document: Document
    usual_grams: float


@dataclass
class Shop:
    """Logs and metrics from `start` to `end` (exclusive), and `past_days` of metrics alone before that.

    `habits` belong to the usual; `faults` do not. Both are applied to every moment in turn; `edits` change finished
    documents of metrics, as a broken exporter would.
    """

    start: datetime
    end: datetime
    places: Sequence[Place]
    past_days: int = 3
    habits: Sequence[Fault] = ()
    faults: Sequence[Fault] = ()
    edits: Sequence[Callable[[Document], None]] = ()
    deployments: Sequence[Document] = ()
    incidents: Sequence[Document] = ()
    seed: int = 7
    samples: list[Sample] = field(default_factory=list)

    def documents(self) -> Iterator[Action]:
        """(index, document), place by place; fills `samples` on the way."""
        self.samples.clear()
        for place in self.places:
            yield from self._of_place(place)
        yield from ((DEPLOYMENTS, document) for document in self.deployments)
        yield from ((INCIDENTS, document) for document in self.incidents)

    def emitted(self, window: Window, service: str | None, region: str | None) -> tuple[float, float]:
        """Grams in all documents of that window and scope, and what they would have been without any fault."""
        inside = [
            sample
            for sample in self.samples
            if service in (None, sample.document["service"])
            and region in (None, sample.document["region"])
            and window.holds(parse_time(sample.document["@timestamp"]))
        ]
        actual = sum(sample.document["estimated_co2_grams"] for sample in inside)
        return actual, sum(sample.usual_grams for sample in inside)

    def _of_place(self, place: Place) -> Iterator[Action]:
        grams = usual_grams = 0.0
        for at, minutes in self._times(place):
            rng = random.Random(f"{self.seed} {place.service} {place.region} {at.timestamp()}")
            now, usual = self._moments(place, at, rng)
            noise = minutes * rng.gauss(1, 0.02)
            grams, usual_grams = grams + now.grams * noise, usual_grams + usual.grams * noise
            if now.is_silent:
                continue
            if _is_due(at, place) and not now.is_unsampled and _moment_of(at, 50) < self.end:
                yield METRICS, self._sample(now, grams, usual_grams, rng)
                grams = usual_grams = 0.0
            if at >= self.start:
                yield from ((LOGS, line) for line in self._lines(now, rng))

    def _times(self, place: Place) -> Iterator[tuple[datetime, int]]:
        """Minutes to be told of, and for how many each stands."""
        at = max(self.start - timedelta(days=self.past_days), place.since or self.start - timedelta(days=365))
        while at < self.end:
            step = 1 if at >= self.start else SAMPLED_EVERY_IN_THE_PAST
            yield at, step
            at += step * MINUTE

    def _moments(self, place: Place, at: datetime, rng: random.Random) -> tuple[Moment, Moment]:
        """The moment as it is, and as it would be without faults."""
        base = 300 + 40 * (sum(map(ord, place.service)) % 7)
        daily = 1 - 0.3 * cos(2 * pi * (at.hour + at.minute / 60 - 3) / 24)
        usual = Moment(at, place.service, place.region, base * daily * rng.gauss(1, 0.03))
        for habit in self.habits:
            habit(usual)
        now = replace(usual)
        for fault in self.faults:
            fault(now)
        return now, usual

    def _sample(self, now: Moment, grams: float, usual_grams: float, rng: random.Random) -> Document:
        document = {
            "@timestamp": iso(_moment_of(now.at, 50)),
            "service": now.service,
            "region": now.region,
            "cloud": {"provider": "gcp"},
            "cpu_pct": min(100.0, now.cpu_pct * rng.gauss(1, 0.03)),
            "memory_pct": 55 + rng.gauss(0, 1),
            "requests_per_min": now.traffic,
            "estimated_co2_grams": grams,
            "emissions_kg_co2e": grams / 1000,
            "deployment_id": now.new_deployment_id or now.deployment_id,
        }
        for edit in self.edits:
            edit(document)
        self.samples.append(Sample(document, usual_grams))
        return document

    def _lines(self, now: Moment, rng: random.Random) -> Iterator[Document]:
        for second in sorted(rng.uniform(0, 60) for _ in range(now.lines)):
            at = _moment_of(now.at, second)
            if at < self.end:
                yield _line(now, at, rng)


def _moment_of(minute: datetime, seconds: float) -> datetime:
    return minute + timedelta(seconds=seconds)


def _is_due(at: datetime, place: Place) -> bool:
    """Places are sampled in turn and not all in the same minute; in the past, each time that is told of."""
    return at.minute % SAMPLED_EVERY_IN_THE_PAST == 0 or (at.minute + len(place.service)) % SAMPLED_EVERY == 0


def _line(now: Moment, at: datetime, rng: random.Random) -> Document:
    is_new = rng.random() < now.new_share
    is_hit = is_new or now.new_deployment_id is None
    is_error = rng.random() < (now.error_share if is_hit else USUAL_ERRORS)
    return {
        "@timestamp": iso(at),
        "service": now.service,
        "region": now.region,
        "level": "ERROR" if is_error else "INFO",
        "message": now.error_message if is_error else f"request {rng.randrange(10**6)} served",
        "error_type": now.error_type if is_error else None,
        "deployment_id": now.new_deployment_id if is_new else now.deployment_id,
        "retry": rng.random() < now.retry_share,
        "latency_ms": 80.0 * (now.slowness if is_hit else 1.0) * rng.lognormvariate(0, 0.3),
    }


def during(change: Fault, service: str, region: str, start: datetime, end: datetime) -> Fault:
    """A fault of one service in one region in [start, end)."""

    def fault(moment: Moment) -> None:
        if (moment.service, moment.region) == (service, region) and start <= moment.at < end:
            change(moment)

    return fault


def rollout(
    service: str, region: str, deployment_id: str, start: datetime, end: datetime, *, change: Fault | None = None
) -> Fault:
    """A deployment whose documents are half of all for the first ten minutes, and then all."""

    def take_over(moment: Moment) -> None:
        moment.new_deployment_id = deployment_id
        moment.new_share = 0.5 if moment.at < start + 10 * MINUTE else 1.0
        if change:
            change(moment)

    return during(take_over, service, region, start, end)


def daily_peak(service: str, region: str, hour: int, height: float) -> Fault:
    """Every day at that hour, for about an hour: `1 + height` times the demand."""

    def habit(moment: Moment) -> None:
        if (moment.service, moment.region) == (service, region):
            minutes = moment.at.hour * 60 + moment.at.minute - 60 * hour
            moment.traffic *= 1 + height * exp(-((minutes / 35) ** 2))

    return habit
