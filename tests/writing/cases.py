"""Small shops in which one thing is wrong, concluded by the real analysis; only the engine's answers are made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np

from tests.analysis.builders import (
    AS_OF,
    COARSE,
    COARSE_MINUTES,
    DAYS,
    FINE_MINUTES,
    a_survey,
    last_minutes,
    log_series,
    metric_series,
)
from worker.analysis import study
from worker.conclusion import Conclusion, conclude, write_report
from worker.domain.alert import Alert, Rule
from worker.domain.report import Report
from worker.domain.telemetry import Asked, Change, Detail, ErrorType, Floats, Part, Scope, ScopeDetail, Series, Survey
from worker.domain.window import Window
from worker.question import Question
from worker.writing.story import Story

US = "us-central1"
ONSET = AS_OF - timedelta(minutes=14)
SINCE_ONSET = np.arange(DAYS * 1440) >= DAYS * 1440 - 14
RULE_WINDOW = last_minutes(10)
LINES = 20

# What the engine was asked, by topic: a report repeats it beside its evidence.
QUESTIONS = ("metrics", "metrics_past", "metrics_facts", "logs", "logs_past", "changes", "history")
SECONDS = ("errors", "parts", "latency")
MEASURED = ("carbon", "carbon_grams", "carbon_minutes", "traffic", "cpu", "memory")


@dataclass
class Service:
    """What one service does, minute by minute, for a week. Factors and shares hold since the onset."""

    name: str
    requests: float = 600.0
    work: float = 1.0
    surge: float = 1.0
    errors: float = 0.004
    slower: float = 1.0
    is_logged: bool = True

    def series(self, rng: np.random.Generator) -> dict[str, Floats]:
        count = DAYS * 1440
        daily = 1 - 0.3 * np.cos(2 * np.pi * (np.arange(count) / 1440 + 11 / 24))
        traffic = self.requests * daily * (1 + rng.normal(0, 0.02, count)) * np.where(SINCE_ONSET, self.surge, 1.0)
        carbon = (1 + 0.005 * traffic) * (1 + rng.normal(0, 0.02, count)) * np.where(SINCE_ONSET, self.work, 1.0)
        cpu = np.clip((10 + 0.03 * traffic) * np.where(SINCE_ONSET, self.work, 1.0), 0, 100)
        found = metric_series(carbon, traffic) | {"cpu": cpu, "memory": 50 + rng.normal(0, 1, count)}
        if self.is_logged:
            lines = rng.poisson(LINES, count).astype(float)
            errors = rng.binomial(lines.astype(int), np.where(SINCE_ONSET, self.errors, 0.004)).astype(float)
            latency = 80 * (1 + rng.normal(0, 0.05, count)) * np.where(SINCE_ONSET, self.slower, 1.0)
            found |= log_series(lines, errors, 0.0, latency)
        return found


@dataclass
class Shop:
    """Services of one region with what the second look at each would find.

    In the minutes `unsampled`, of those read one by one, nothing was measured: the next sample holds their mass.
    """

    services: list[Service]
    asked: Scope
    signal: str | None = "errors"
    changes: list[Change] = field(default_factory=list)
    errors: dict[str, list[ErrorType]] = field(default_factory=dict)
    parts: dict[str, list[Part]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    unsampled: slice | None = None
    rule: dict[str, Any] = field(default_factory=dict)
    value: float | None = None

    @property
    def alert(self) -> Alert:
        rule = Rule(id="rule-1", name="Spike by service", params=self.rule)
        return Alert(
            rule=rule, instance="checkout", uuid="u1", action_group="threshold met", date=AS_OF, value=self.value
        )

    def survey(self) -> Survey:
        rng = np.random.default_rng(11)
        recent, past = {}, {}
        for service in self.services:
            series = service.series(rng)
            scope = Scope(service.name, US)
            recent[scope] = Series({name: values[-FINE_MINUTES:].copy() for name, values in series.items()})
            if self.unsampled:
                _pause(recent[scope].values, self.unsampled)
            past[scope] = Series({name: _coarse(name, values) for name, values in series.items()})
        week = Window(start=COARSE.start, end=AS_OF)
        return a_survey(
            recent,
            past,
            changes=self.changes,
            history=self.history,
            providers={US: "gcp"},
            asked={name: Asked(f"spiketrace-{name}", {"size": 0}, week) for name in QUESTIONS},
            unread=self.unread,
        )

    def detail(self, scopes: list[Scope], case: study.Case) -> Detail:
        asked = {
            f"{name}{number}": Asked("spiketrace-logs", {"size": 0}, case.window)
            for number in range(len(scopes))
            for name in SECONDS
        }
        return Detail({scope: self._of(scope) for scope in scopes}, asked, {})

    def _of(self, scope: Scope) -> ScopeDetail:
        name = scope.service or ""
        slower = next((one.slower for one in self.services if one.name == name), 1.0)
        return ScopeDetail(
            errors=self.errors.get(name, []),
            parts=self.parts.get(name, []),
            latency_ms={"window": {"p95": 120 * slower}, "baseline": {"p95": 120.0}},
            slow_lines=200 if slower > 1 else 14,
            timed_lines=280,
        )


def _pause(values: dict[str, Floats], minutes: slice) -> None:
    for name in ("carbon_grams", "carbon_minutes"):
        values[name][minutes.stop] += values[name][minutes].sum()
    values["carbon"][minutes.stop] = values["carbon_grams"][minutes.stop] / values["carbon_minutes"][minutes.stop]
    for name in MEASURED:
        values[name][minutes] = np.nan


def _coarse(name: str, values: Floats) -> Floats:
    table = values.reshape(-1, COARSE_MINUTES)
    whole: Floats = table.sum(axis=1) if name in log_series(np.zeros(1)) else table.mean(axis=1)
    return whole


@dataclass(frozen=True)
class Told:
    """A concluded case with its report."""

    case: study.Case
    conclusion: Conclusion
    report: Report

    @property
    def story(self) -> Story:
        return self.conclusion.story


def tell(shop: Shop) -> Told:
    case = study.open_case(shop.survey(), shop.asked, shop.signal, RULE_WINDOW)
    detail = shop.detail(list(study.worth_detail(case)), case)
    study.close_case(case, detail)
    asked = Question(shop.asked, (), shop.signal, RULE_WINDOW)
    conclusion = conclude(shop.alert, asked, case, detail)
    return Told(case, conclusion, write_report(shop.alert, "a" * 32, conclusion, profile="test", now=AS_OF))


CHECKOUT = Scope("checkout", US)


def _others() -> list[Service]:
    return [Service("payments", 300), Service("search", 900), Service("ledger", 200)]


def deployment() -> Shop:
    """checkout's new version fails, in the same minutes in which the old one does not."""
    live = ONSET - timedelta(minutes=4)
    parts = [
        Part(live + timedelta(minutes=minute), name, 10, failing, 800, 10)
        for minute in range(18)
        for name, failing in (("deploy-1", 0), ("deploy-2", 6 if minute >= 4 else 0))
    ]
    return Shop(
        [Service("checkout", errors=0.4, work=2.5), *_others()],
        CHECKOUT,
        changes=[Change(live, "checkout", US, "deploy-2", "2.0", "success", "1.9")],
        errors={"checkout": [ErrorType("TimeoutError", 110, 2, ("no connection in the pool",))]},
        parts={"checkout": parts},
    )


def dependency() -> Shop:
    """payments fails, and checkout's errors name it."""
    return Shop(
        [Service("checkout", errors=0.5), Service("payments", 300, errors=0.6), Service("search", 900)],
        CHECKOUT,
        errors={
            "checkout": [ErrorType("BadGateway", 130, 1, ("POST http://payments:8080/charge: 503",) * 3)],
            "payments": [ErrorType("DiskFull", 160, 0, ("no space left on device",))],
        },
    )


def slow() -> Shop:
    """checkout takes three times as long; two others were deployed, one of them elsewhere."""
    live = ONSET - timedelta(minutes=40)
    return Shop(
        [Service("checkout", slower=3.0), *_others()],
        CHECKOUT,
        signal="latency",
        changes=[
            Change(live, "search", US, "deploy-77", "3.1", "success", "3.0"),
            Change(live, "checkout", "europe-west1", "deploy-78", "2.0", "success", "1.9"),
        ],
    )


def resource() -> Shop:
    """search burns CPU for the same requests."""
    return Shop([Service("checkout"), Service("search", 900, work=2.2)], Scope("search", US), signal="carbon")


def surge() -> Shop:
    """Three times the requests, each at the usual cost."""
    return Shop([Service("checkout", surge=3.0), *_others()], CHECKOUT, signal="carbon")


def rivals() -> Shop:
    """More of every request in a region, one of whose services is slow: either may be why."""
    names = {"checkout": 600, "search": 900, "payments": 300, "ledger": 200}
    services = [Service(name, requests, surge=1.8) for name, requests in names.items()]
    services[2].slower = 2.0
    return Shop(services, Scope(None, US), signal="carbon")


def quiet() -> Shop:
    """Nothing is wrong; the rule's threshold is below what every day reaches at this hour."""
    rule = {"threshold": [3.0], "thresholdComparator": ">", "aggType": "avg", "aggField": "estimated_co2_grams"}
    return Shop([Service("checkout"), *_others()], CHECKOUT, signal="carbon", rule=rule, value=4.6)


def caught_up() -> Shop:
    """Nothing is wrong; the collector paused, and the window's first sample holds the pause."""
    shop = quiet()
    shop.unsampled = slice(FINE_MINUTES - 28, FINE_MINUTES - 8)
    return shop


def silent() -> Shop:
    """No telemetry of what was asked for."""
    return Shop(_others(), CHECKOUT)


def unread() -> Shop:
    """The deployments could not be read."""
    shop = deployment()
    shop.changes, shop.unread = [], {"changes": "index is closed"}
    return shop


def recorded() -> Shop:
    """An outage whose cost is on record."""
    shop = dependency()
    moment = (ONSET + timedelta(minutes=3)).isoformat()
    document = {
        "@timestamp": moment,
        "service": "checkout",
        "region": US,
        "orders_affected": 31,
        "revenue_lost_usd": 1519.0,
    }
    shop.history = [{"_id": "inc-7", "_source": document}]
    return shop


SHOPS: dict[str, Callable[[], Shop]] = {
    shop.__name__: shop
    for shop in (deployment, dependency, slow, resource, surge, rivals, quiet, caught_up, silent, unread, recorded)
}


@cache
def told(name: str) -> Told:
    return tell(SHOPS[name]())
