"""Random incidents of one service whose waste is known to the gram, as documents and as an investigation reads them.

A scenario is a week of minutes: demand with a daily rhythm, a trend and noise that remembers; CO₂ of an idle share and
of a share for each request, with noise, drift and (in some) a grid whose intensity has a rhythm of its own. The truth
is the same minutes without the incident: the same noise, the same demand, and retries are not demand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.signal import lfilter

from worker.domain.telemetry import Floats, Scope
from worker.domain.window import Window, iso

Kind = Literal["work", "retries", "work and demand", "surge", "peak", "quiet"]
HARMLESS: tuple[Kind, ...] = ("surge", "peak", "quiet")
KINDS: tuple[Kind, ...] = ("work", "work", "retries", "retries", "work and demand", "work and demand")

SCOPE = Scope("checkout", "us-central1")
DAYS = 7
MINUTES = DAYS * 1440
START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
METRICS = "spiketrace-carbon-metrics-simulated"
LOGS = "spiketrace-logs-simulated"
LOGGED_MINUTES = 300


@dataclass(frozen=True)
class Scenario:
    """What is drawn for one incident; all of it follows from `seed` and `kind`.

    `minutes` is how long it has lasted when the alert fires, `ramp` how long it took to set in; `sees_mean`: requests
    are reported as the mean since the previous sample, else as they are at the moment of the sample.
    """

    seed: int
    kind: Kind
    days: int
    hour: float
    requests: float
    rhythm: float
    second_rhythm: float
    growth_a_day: float
    demand_noise: float
    demand_memory: float
    idle_share: float
    grams_a_request: float
    work_noise: float
    work_memory: float
    drift: float
    grid_rhythm: float
    step: int
    offset: int
    sees_mean: bool
    missing: float
    outage: int
    minutes: int
    ramp: int
    work: float
    surge: float
    retries: float
    lines: float
    alert_delay_seconds: int

    @property
    def as_of(self) -> datetime:
        """The alert's date: the last minute of the simulated week."""
        return START + timedelta(minutes=MINUTES + self.hour * 60, seconds=self.alert_delay_seconds)


def scenario(seed: int, kind: Kind | None = None) -> Scenario:
    rng = np.random.default_rng([20_261, seed])
    chosen: Kind = kind or KINDS[int(rng.integers(len(KINDS)))]
    step = int(rng.integers(1, 6))
    demand_changes = chosen in ("work and demand", "surge")
    surge = float(rng.uniform(1.5, 3.5) if chosen == "surge" else rng.uniform(0.6, 1.8))
    return Scenario(
        seed=seed,
        kind=chosen,
        days=int(rng.choice([7, 7, 7, 7, 5, 3, 2, 1])),
        hour=float(rng.integers(0, 24)) if chosen != "peak" else 0.0,
        requests=float(np.exp(rng.uniform(np.log(60), np.log(4000)))),
        rhythm=float(rng.uniform(0.0, 0.5)) if chosen != "peak" else float(rng.uniform(0.3, 0.6)),
        second_rhythm=float(rng.uniform(0.0, 0.15)),
        growth_a_day=float(rng.normal(0.005, 0.015)),
        demand_noise=float(rng.uniform(0.01, 0.07)),
        demand_memory=float(rng.choice([0.0, 0.6, 0.9, 0.97])),
        idle_share=float(rng.choice([0.0, rng.uniform(0.05, 0.7)])),
        grams_a_request=float(np.exp(rng.uniform(np.log(2e-4), np.log(2e-2)))),
        work_noise=float(rng.uniform(0.005, 0.05)),
        work_memory=float(rng.choice([0.0, 0.5, 0.9])),
        drift=float(rng.choice([0.0, 0.01, 0.02])),
        grid_rhythm=float(rng.choice([0.0, 0.0, rng.uniform(0.03, 0.15)])),
        step=step,
        offset=int(rng.integers(0, step)),
        sees_mean=bool(rng.random() < 0.6),
        missing=float(rng.choice([0.0, 0.02, 0.1])),
        outage=int(rng.choice([0, 0, 0, 15, 30])),
        minutes=int(rng.integers(8, 75)),
        ramp=int(rng.choice([0, 0, 2, 5])),
        work=float(rng.uniform(1.3, 4.0)) if chosen in ("work", "work and demand") else 1.0,
        surge=surge if demand_changes else 1.0,
        retries=float(rng.uniform(0.3, 2.0)) if chosen == "retries" else 0.0,
        lines=float(rng.uniform(4, 30)),
        alert_delay_seconds=int(rng.integers(0, 60)),
    )


class Samples(NamedTuple):
    """What a collector sends: seconds since the beginning, grams since the sample before, requests a minute, CPU %.

    `usual_grams` are what the grams would have been without the incident.
    """

    seconds: Floats
    grams: Floats
    usual_grams: Floats
    requests: Floats
    cpu: Floats


@dataclass
class Simulation:
    """The week of a scenario: arrays of one value a minute, and samples as a collector sends them.

    `usual` is what would have been emitted in each minute without the incident.
    """

    scenario: Scenario
    requests: Floats
    grams: Floats
    usual: Floats
    samples: Samples
    lines: Floats
    retry_lines: Floats
    begin: datetime

    def excess(self, window: Window) -> float:
        """Grams of waste in the samples of `window`, the form in which emissions are stated."""
        seconds = [(moment - self.begin).total_seconds() for moment in (window.start, window.end)]
        inside = (self.samples.seconds >= seconds[0]) & (self.samples.seconds < seconds[1])
        return float((self.samples.grams - self.samples.usual_grams)[inside].sum())

    def documents(self) -> list[tuple[str, dict[str, Any]]]:
        """(index, document), for an engine."""
        return [*self._metrics(), *self._log_lines()]

    def _metrics(self) -> list[tuple[str, dict[str, Any]]]:
        place = {"service": SCOPE.service, "region": SCOPE.region, "cloud": {"provider": "gcp"}}
        one = self.samples
        columns = (one.seconds, one.grams, one.requests, one.cpu)
        return [
            (
                METRICS,
                {
                    "@timestamp": iso(self.begin + timedelta(seconds=float(at))),
                    **place,
                    "estimated_co2_grams": float(grams),
                    "emissions_kg_co2e": float(grams) / 1000,
                    "requests_per_min": float(requests),
                    "cpu_pct": float(cpu),
                },
            )
            for at, grams, requests, cpu in zip(*columns, strict=True)
        ]

    def _log_lines(self) -> list[tuple[str, dict[str, Any]]]:
        place = {"service": SCOPE.service, "region": SCOPE.region, "level": "INFO", "message": "served"}
        documents = []
        for minute in np.flatnonzero(self.lines):
            count, retried = int(self.lines[minute]), int(self.retry_lines[minute])
            for number in range(count):
                at = self.begin + timedelta(minutes=int(minute), seconds=60 * number / count)
                told = {"retry": number < retried, "latency_ms": 80.0 + number % 7}
                documents.append((LOGS, {"@timestamp": iso(at), **place, **told}))
        return documents


def simulate(one: Scenario) -> Simulation:
    rng = np.random.default_rng([one.seed, 7])
    minutes = np.arange(MINUTES)
    ongoing = _strength(one)
    demand = _demand(one, rng) * (1 + (one.surge - 1) * ongoing)
    retried = demand * one.retries * ongoing
    noise = 1 + _noise(rng, one.work_noise, one.work_memory) + _noise(rng, one.drift, 0.999)
    grid = 1 + one.grid_rhythm * np.cos(2 * np.pi * (_hours(one) - rng.uniform(0, 24)) / 24)
    idle = one.idle_share / (1 - one.idle_share) * one.requests * one.grams_a_request
    usual = (idle + one.grams_a_request * demand) * noise * grid
    grams = (idle + one.grams_a_request * (demand + retried)) * noise * grid * (1 + (one.work - 1) * ongoing)
    lines = np.where(minutes >= MINUTES - LOGGED_MINUTES, rng.poisson(one.lines, MINUTES), 0).astype(float)
    share = one.retries * ongoing / (1 + one.retries * ongoing)
    cpu = np.clip(30 * grams / np.mean(usual), 1, 100)
    return Simulation(
        one,
        demand + retried,
        grams,
        usual,
        _samples(one, rng, demand + retried, grams, usual, cpu),
        lines=lines,
        retry_lines=rng.binomial(lines.astype(int), np.maximum(share, 0.002)).astype(float),
        begin=one.as_of - timedelta(minutes=MINUTES, seconds=one.alert_delay_seconds),
    )


def _hours(one: Scenario) -> Floats:
    """Hours of the day, of every minute of the week."""
    hours: Floats = (one.hour + np.arange(MINUTES) / 60) % 24
    return hours


def _strength(one: Scenario) -> Floats:
    since = np.arange(MINUTES) - (MINUTES - one.minutes) + 1.0
    if one.kind in ("peak", "quiet"):
        return np.zeros(MINUTES)
    strength: Floats = np.clip(since / max(one.ramp, 1), 0, 1)
    return strength


def _demand(one: Scenario, rng: np.random.Generator) -> Floats:
    """A peak's scenario ends where its day is highest."""
    peak = one.hour if one.kind == "peak" else float(rng.uniform(0, 24))
    turn = 2 * np.pi * (_hours(one) - peak) / 24
    rhythm = 1 + one.rhythm * np.cos(turn) + one.second_rhythm * np.cos(2 * turn + rng.uniform(0, 6))
    growth = (1 + one.growth_a_day) ** (np.arange(MINUTES) / 1440 - DAYS)
    demand: Floats = one.requests * rhythm * growth * (1 + _noise(rng, one.demand_noise, one.demand_memory))
    return demand


def _noise(rng: np.random.Generator, sigma: float, memory: float) -> Floats:
    """AR(1) noise with standard deviation `sigma`, within what leaves everything positive."""
    steps = rng.normal(0, sigma * np.sqrt(1 - memory**2), MINUTES)
    steps[0] = rng.normal(0, sigma)
    noise: Floats = np.clip(lfilter([1.0], [1.0, -memory], steps), -0.6, None)
    return noise


def _samples(
    one: Scenario, rng: np.random.Generator, requests: Floats, grams: Floats, usual: Floats, cpu: Floats
) -> Samples:
    """A sample that is missing is in the next one's mass."""
    ends = np.arange(one.step + one.offset, MINUTES + 1, one.step)
    ends = ends[ends > (DAYS - one.days) * 1440]
    kept = rng.random(ends.size) >= one.missing
    if one.outage:
        away = MINUTES - int(rng.integers(80, 230))
        kept &= (ends < away) | (ends >= away + one.outage)
    kept[-1] = True
    ends = ends[kept]
    begins = np.concatenate([[ends[0] - one.step], ends[:-1]])
    totals = [np.concatenate([[0.0], np.cumsum(values)]) for values in (grams, usual, requests, cpu)]
    emitted, expected = (total[ends] - total[begins] for total in totals[:2])
    served, busy = ((total[ends] - total[np.maximum(ends - one.step, 0)]) / one.step for total in totals[2:])
    seen = served if one.sees_mean else requests[ends - 1]
    # A sample is sent within the minute that it ends.
    sent = (ends * 60.0 - float(rng.uniform(1, 59))).astype(np.float64)
    return Samples(sent, emitted, expected, seen, busy)
