"""The demo shop's log lines: a sample of its requests, one line each, as varied as real ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from demo.services import OrdinaryError
from demo.signals import ORDINARY_RETRY_SHARE, EffectShare, Floats, Signals, seeded
from demo.timeline import Rollout
from worker.domain.window import iso

WARNING_SHARE = 0.02
LATENCY_SPREAD = 0.45
CATEGORIES = ("shoes", "jackets", "kitchen", "toys", "garden", "lighting", "books", "bags")
WORDS = (
    "rain jacket",
    "desk lamp",
    "running shoes 43",
    "usb c cable",
    "wool socks",
    "espresso cups",
    "tent 2p",
    "puzzle",
)
ZONES = ("DE-4", "FR-2", "NL-1", "PL-3", "ES-5", "IT-2", "AT-1", "DK-2")

Kind = tuple[str, str | None, str, float | None]


class Tokens(dict[str, Any]):
    """Placeholders of a message, made up when the message asks for them."""

    def __init__(self, rng: random.Random, latency_ms: float, attempt: int) -> None:
        super().__init__(ms=round(latency_ms), **{"try": attempt})
        self._rng = rng

    def __missing__(self, name: str) -> str:
        return _MAKERS[name](self._rng)


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "user": lambda rng: f"u-{rng.randrange(10_000, 999_999)}",
    "order": lambda rng: f"A{rng.randrange(7_000_000, 7_900_000)}",
    "charge": lambda rng: f"ch_{rng.getrandbits(48):012x}",
    "sku": lambda rng: f"{rng.choice('BKLMT')}{rng.randrange(1_000, 9_999)}-{rng.randrange(10, 60)}",
    "trace": lambda rng: f"{rng.getrandbits(64):016x}",
    "ip": lambda rng: f"198.51.100.{rng.randrange(1, 255)}",
    "label": lambda rng: f"00{rng.randrange(10**16, 10**17)}",
    "voucher": lambda rng: f"WINTER{rng.randrange(100, 999)}",
    "amount": lambda rng: f"{rng.lognormvariate(3.9, 0.7):.2f}",
    "bytes": lambda rng: str(rng.randrange(800, 64_000)),
    "n": lambda rng: str(rng.randrange(2, 90)),
    "category": lambda rng: rng.choice(CATEGORIES),
    "words": lambda rng: rng.choice(WORDS),
    "zone": lambda rng: rng.choice(ZONES),
}


def log_lines(signals: Signals, start: datetime, seed: int) -> Iterator[dict[str, Any]]:
    """Of one service in one region: about one line in `log_sampling` requests, failed or not."""
    numbers = seeded(seed, "logs", signals.service.name, signals.region.name)
    rng = random.Random(int(numbers.integers(2**63)))
    counts = numbers.poisson(signals.requests_per_min / signals.service.log_sampling)
    for minute in np.flatnonzero(counts):
        seconds = sorted(rng.uniform(0, 60) for _ in range(int(counts[minute])))
        for second in seconds:
            yield _line(signals, int(minute), start + timedelta(minutes=int(minute), seconds=second), rng)


def _line(signals: Signals, minute: int, at: datetime, rng: random.Random) -> dict[str, Any]:
    is_retry = rng.random() < float(signals.retries_per_min[minute] / signals.requests_per_min[minute])
    rollout = _serving(signals, minute, is_retry, rng)
    active = [item for item in signals.effects if item.strength[minute] > 0 and _meets(item, rollout)]
    slowness = float(np.prod([1 + (item.effect.latency - 1) * _strength(item, minute) for item in active]))
    latency_ms = rng.lognormvariate(0, LATENCY_SPREAD) * signals.service.latency_ms * slowness
    level, error_type, template, fixed_ms = _outcome(signals, minute, active, rng)
    if fixed_ms is not None:
        latency_ms = fixed_ms + rng.expovariate(1 / 9)
    tokens = Tokens(rng, latency_ms, attempt=rng.choice((2, 3)) if is_retry else 1)
    return {
        "@timestamp": iso(at),
        "service": signals.service.name,
        "region": signals.region.name,
        "level": level,
        "message": template.format_map(tokens),
        "error_type": error_type,
        "deployment_id": rollout.deployment_id,
        "retry": is_retry,
        "latency_ms": round(latency_ms, 1),
    }


def _meets(item: EffectShare, rollout: Rollout) -> bool:
    return not item.effect.release or item.effect.release == rollout.label


def _strength(item: EffectShare, minute: int) -> float:
    """Of those requests that the effect meets: all of a bad release's own, not the share that it serves."""
    return 1.0 if item.effect.release else float(item.strength[minute])


def _serving(signals: Signals, minute: int, is_retry: bool, rng: random.Random) -> Rollout:
    """The version of a request. What is retried because of a release is mostly retried on it."""
    storms = [item.effect for item in signals.effects if item.effect.release and item.effect.retries]
    weights = []
    for rollout, share in signals.versions:
        weight = float(share[minute])
        if is_retry:
            weight *= ORDINARY_RETRY_SHARE + sum(effect.retries for effect in storms if effect.release == rollout.label)
        weights.append(weight)
    return rng.choices([rollout for rollout, _ in signals.versions], weights)[0]


def _outcome(signals: Signals, minute: int, active: list[EffectShare], rng: random.Random) -> Kind:
    """Level, error type, message and the latency that goes with it."""
    draw = rng.random()
    for item in active:
        draw -= item.effect.error_share * _strength(item, minute)
        if draw < 0:
            effect = item.effect
            return "ERROR", effect.error_type, rng.choice(effect.error_messages), effect.error_latency_ms
    service = signals.service
    if rng.random() < service.error_share:
        error: OrdinaryError = rng.choice(service.errors)
        return "ERROR", error.error_type, error.message, error.latency_ms
    for item in active:
        if item.effect.warnings and rng.random() < item.effect.warning_share * _strength(item, minute):
            return "WARN", None, rng.choice(item.effect.warnings), None
    if rng.random() < WARNING_SHARE:
        return "WARN", None, rng.choice(service.warnings), None
    return "INFO", None, rng.choice(service.info), None


def error_share(signals: Signals) -> Floats:
    """The share of requests that fail, in every minute: what the log lines are a sample of."""
    caused = np.zeros_like(signals.requests_per_min)
    genuine = signals.requests_per_min - signals.retries_per_min
    for item in signals.effects:
        served = item.strength
        if item.effect.release:
            storm = genuine * item.effect.retries * item.strength
            served = (genuine * (1 + ORDINARY_RETRY_SHARE) * item.strength + storm) / signals.requests_per_min
        caused += item.effect.error_share * served
    return caused + (1 - caused) * signals.service.error_share
