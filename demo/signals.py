"""The demo shop minute by minute: requests, work, energy and CO₂ of every service in every region."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.signal import lfilter

from demo.incidents import Effect
from demo.services import REGIONS, Region, Service
from demo.timeline import LENGTH, Rollout

Floats = NDArray[np.float64]

MINUTES = int(LENGTH.total_seconds() // 60)
# Local hour and deviation from the mean, from -1 to 1: asleep at half past four, shopping at eight in the evening.
RHYTHM = ((0, 0.10), (4.5, -1.0), (8, -0.3), (12, 0.12), (16, 0.22), (20, 1.0), (22.5, 0.62), (24, 0.10))
RHYTHM_DEPTH = 0.4
WEEKEND_FACTOR = 1.06

# Watts of a vCPU idle and at full load, and power usage effectiveness: Cloud Carbon Footprint's for GCP.
IDLE_WATTS, FULL_WATTS, POWER_USAGE_EFFECTIVENESS = 0.68, 4.11, 1.1
PEAK_UTILISATION = 0.68
SCALE_OUT_UTILISATION = 0.93
ORDINARY_RETRY_SHARE = 0.004


@dataclass(frozen=True)
class EffectShare:
    """An effect with its strength, 0 to 1, in every minute."""

    effect: Effect
    strength: Floats


@dataclass(frozen=True)
class Signals:
    """One service in one region, one value a minute."""

    service: Service
    region: Region
    requests_per_min: Floats
    retries_per_min: Floats
    cpu_pct: Floats
    memory_pct: Floats
    co2_grams: Floats
    versions: list[tuple[Rollout, Floats]]
    effects: list[EffectShare]


def seeded(seed: int, *names: str) -> np.random.Generator:
    """The same generator for the same names, whatever else is generated."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def rhythm(start: datetime, region: Region) -> Floats:
    """The daily rhythm of traffic in `region`, around 1, for every minute from `start` (UTC)."""
    local = start + timedelta(hours=region.utc_offset_hours)
    minutes = local.hour * 60 + local.minute + np.arange(MINUTES)
    hours, levels = zip(*RHYTHM, strict=True)
    curve = 1 + RHYTHM_DEPTH * PchipInterpolator(hours, levels)(minutes % 1440 / 60)
    weekdays = (local.weekday() + minutes // 1440) % 7
    return np.asarray(curve * np.where(weekdays >= 5, WEEKEND_FACTOR, 1.0), dtype=np.float64)


def drifting_noise(rng: np.random.Generator, deviation: float, memory: float) -> Floats:
    """Noise around 1 that remembers: an AR(1) process of the logarithm."""
    steps = rng.normal(0, deviation * np.sqrt(1 - memory**2), MINUTES)
    steps[0] = rng.normal(0, deviation)
    return np.asarray(np.exp(lfilter([1.0], [1.0, -memory], steps)), dtype=np.float64)


def version_shares(rollouts: Sequence[Rollout], start: datetime) -> list[tuple[Rollout, Floats]]:
    """Which share of requests each version serves in every minute; the shares sum to 1."""
    shares: list[tuple[Rollout, Floats]] = []
    for rollout in (item for item in rollouts if not item.is_configuration):
        begun = (np.arange(MINUTES) + 0.5) - (rollout.at - start).total_seconds() / 60
        new = np.clip(begun / rollout.minutes, 0, 1)
        shares = [(older, share * (1 - new)) for older, share in shares] + [(rollout, new)]
    return [(rollout, share) for rollout, share in shares if share.any()]


def effect_share(effect: Effect, start: datetime, versions: Iterable[tuple[Rollout, Floats]]) -> EffectShare:
    if effect.release:
        return EffectShare(effect, next(share for rollout, share in versions if rollout.label == effect.release))
    since = np.arange(MINUTES) + 0.5 - (effect.start - start).total_seconds() / 60
    until = (effect.end - start).total_seconds() / 60 - np.arange(MINUTES) - 0.5
    rising = np.clip(since / effect.ramp_minutes, 0, 1)
    return EffectShare(effect, np.minimum(rising, np.clip(until / effect.ramp_minutes, 0, 1)))


def simulate(
    service: Service,
    region: Region,
    *,
    start: datetime,
    seed: int,
    rollouts: Sequence[Rollout],
    effects: Sequence[Effect],
) -> Signals:
    """Two days from `start`; with the same seed the noise is the same with and without effects."""
    versions = version_shares(rollouts, start)
    shares = [effect_share(effect, start, versions) for effect in effects]
    rng = seeded(seed, service.name, region.name)
    shared = drifting_noise(seeded(seed, region.name), 0.022, 0.98)
    usual = service.requests_per_min * region.traffic * rhythm(start, region)
    genuine = usual * shared * drifting_noise(rng, 0.03, 0.85) * _product(shares, "requests")
    retries = genuine * (
        ORDINARY_RETRY_SHARE + sum((item.effect.retries * item.strength for item in shares), np.zeros(MINUTES))
    )
    cpu_seconds = service.cpu_ms_per_request / 1000 * drifting_noise(rng, 0.025, 0.95) * _product(shares, "cpu")
    busy_vcpus = (genuine + retries) / 60 * cpu_seconds
    provisioned = np.maximum(_provisioned_vcpus(service, region), busy_vcpus / SCALE_OUT_UTILISATION)
    return Signals(
        service=service,
        region=region,
        requests_per_min=genuine + retries,
        retries_per_min=retries,
        cpu_pct=100 * busy_vcpus / provisioned,
        memory_pct=_memory_pct(service, shares, rng),
        co2_grams=_co2_grams_per_min(busy_vcpus, provisioned, region) * drifting_noise(rng, 0.008, 0.3),
        versions=versions,
        effects=shares,
    )


def _product(shares: Sequence[EffectShare], factor: str) -> Floats:
    result = np.ones(MINUTES)
    for item in shares:
        result *= 1 + (getattr(item.effect, factor) - 1) * item.strength
    return result


def _provisioned_vcpus(service: Service, region: Region) -> float:
    mean = service.requests_per_min * region.traffic / 60 * service.cpu_ms_per_request / 1000
    return mean * (1 + RHYTHM_DEPTH) / PEAK_UTILISATION


def _memory_pct(service: Service, shares: Sequence[EffectShare], rng: np.random.Generator) -> Floats:
    points = sum((item.effect.memory_points * item.strength for item in shares), np.zeros(MINUTES))
    return np.clip(service.memory_pct * drifting_noise(rng, 0.03, 0.99) + points, 1, 99)


def _co2_grams_per_min(busy_vcpus: Floats, provisioned: Floats, region: Region) -> Floats:
    watts = (provisioned * IDLE_WATTS + busy_vcpus * (FULL_WATTS - IDLE_WATTS)) * POWER_USAGE_EFFECTIVENESS
    return np.asarray(watts / 60_000 * REGIONS[region.name].grid_gco2e_per_kwh, dtype=np.float64)
