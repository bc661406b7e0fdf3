"""What is hidden in the demo shop's telemetry: incidents, surges, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal

from demo.services import (
    ASIA,
    AUTH,
    CART,
    CATALOG,
    CHECKOUT,
    EUROPE,
    FRONTEND,
    INVENTORY,
    LEDGER,
    PAYMENTS,
    RECOMMENDATIONS,
    SEARCH,
    SHIPPING,
    US,
    Region,
    Service,
)
from demo.timeline import Clock, Rollout

Verdict = Literal["root_cause", "inconclusive", "not_confirmed"]
Kind = Literal["deployment", "dependency", "resource", "traffic", "error", "unknown"]


@dataclass(frozen=True)
class Effect:
    """What changes in one service and region from `start` to `end`.

    `requests`, `cpu` and `latency` are factors; `retries` are further requests as a share of the genuine
    ones; `error_share` is of all requests. With a `release` only the requests that version serves change.
    """

    service: str
    region: str
    start: datetime
    end: datetime
    ramp_minutes: float = 2
    requests: float = 1
    retries: float = 0
    cpu: float = 1
    latency: float = 1
    memory_points: float = 0
    error_share: float = 0
    error_type: str = ""
    error_messages: tuple[str, ...] = ()
    error_latency_ms: float | None = None
    warning_share: float = 0
    warnings: tuple[str, ...] = ()
    release: str = ""


@dataclass(frozen=True)
class Hidden:
    """Something an alert may be about, and what an investigation should say of it.

    `service` and `region` name the root cause; `release` the label of the guilty rollout. `affected` are the
    scopes beside the effects' own in which its alerts may arise (None: every service).
    """

    id: str
    title: str
    sentence: str
    verdicts: tuple[Verdict, ...]
    kinds: tuple[Kind, ...]
    service: str | None
    region: str
    start: datetime
    end: datetime
    release: str = ""
    effects: tuple[Effect, ...] = ()
    rollouts: tuple[Rollout, ...] = ()
    affected: tuple[tuple[str | None, str], ...] = ()
    collector_is_away: bool = False
    note: dict[str, object] = field(default_factory=dict)
    noted_after: timedelta = timedelta(minutes=26)


def hidden(clock: Clock) -> list[Hidden]:
    """All of it, in the order of time."""
    makers: list[Callable[[Clock], list[Hidden]]] = [
        bad_release,
        dependency_outage,
        runaway_computation,
        wrong_configuration,
        expired_certificate,
        lost_cache,
        campaign_surge,
        collector_catching_up,
        daily_peaks,
    ]
    return sorted((item for make in makers for item in make(clock)), key=lambda item: item.start)


def bad_release(clock: Clock) -> list[Hidden]:
    """checkout's new version holds connections too long; what fails is tried again, thrice."""
    length = timedelta(minutes=44)
    start = clock.at(time(15, 36), length)
    end = start + length
    label, here = "checkout-2.18.0", (CHECKOUT, US, start, end)
    storm = _effect(
        *here,
        retries=1.7, cpu=1.15, latency=1.5, error_share=0.36, error_type="PoolTimeout", error_latency_ms=5000,
        error_messages=(
            "order {order}: no connection from pool 'orders-db' in 5000ms (size=10 waiting={n}) trace={trace}",
            "order {order} step=reserve aborted: pool 'orders-db' exhausted, waited 5000ms",
            "order {order} attempt {try}/3 failed: timeout waiting for connection after 5000ms trace={trace}",
        ),
        release=label,
    )  # fmt: skip
    felt = _effect(
        FRONTEND, US, start + timedelta(minutes=4), end,
        error_share=0.012, error_type="UpstreamTimeout", error_latency_ms=6000,
        error_messages=("POST http://checkout/v1/orders timed out after 6000ms user={user} trace={trace}",),
    )  # fmt: skip
    return [
        Hidden(
            id="bad-release",
            title="Bad release of checkout",
            sentence="checkout 2.18.0 exhausts its connection pool in us-central1; failing orders are retried up to "
            "three times, and the retries raise requests, latency and CO₂.",
            verdicts=("root_cause",),
            kinds=("deployment",),
            service="checkout",
            region=US.name,
            start=start,
            end=end,
            release=label,
            effects=(storm, felt),
            rollouts=(
                Rollout("checkout", US.name, start, "2.18.0", label),
                Rollout("checkout", US.name, end - timedelta(minutes=10), change="rollback"),
                _innocent(SEARCH, US, start - timedelta(minutes=11)),
                _innocent(PAYMENTS, EUROPE, start - timedelta(minutes=17)),
            ),
            note={
                "title": "Customers cannot complete orders",
                "summary": "Hotline reports that orders in the US end with an error page after a long wait. "
                "Figures from the order desk so far.",
                "service": "checkout",
                "region": US.name,
                "tags": ["orders", "hotline"],
                "severity": "high",
                "status": "being looked at",
                "orders_affected": 2140,
                "revenue_lost_usd": 96300.0,
            },
        )
    ]


def dependency_outage(clock: Clock) -> list[Hidden]:
    """ledger loses its database; payments and checkout, which call it, are the ones that are heard."""
    length = timedelta(minutes=36)
    start = clock.at(time(9, 40), length)
    end = start + length
    cause = _effect(
        LEDGER, EUROPE, start, end, ramp_minutes=1,
        requests=0.5, error_share=0.92, latency=1.4, error_type="DatabaseUnavailable", error_latency_ms=2000,
        error_messages=(
            "entry {charge}: connection to primary ledger-db-0 refused (10.4.{n}.7:5432)",
            "entry {charge}: FATAL: the database system is in recovery mode",
            "readiness failed: no primary for cluster ledger-db, last seen {n}s ago",
        ),
    )  # fmt: skip
    caller = _effect(
        PAYMENTS, EUROPE, start + timedelta(minutes=1), end,
        retries=0.8, error_share=0.6, error_type="DownstreamTimeout", error_latency_ms=2000,
        error_messages=(
            "POST http://ledger/entries timed out after 2000ms charge={charge} trace={trace}",
            "POST http://ledger/entries failed: 503 no healthy upstream charge={charge}",
            "charge {charge}: booking not confirmed by ledger after {try} attempts, voiding authorisation",
        ),
    )  # fmt: skip
    further = _effect(
        CHECKOUT, EUROPE, start + timedelta(minutes=2), end,
        retries=0.25, error_share=0.38, error_type="PaymentFailed", error_latency_ms=4400,
        error_messages=(
            "order {order}: POST http://payments/v1/charges returned 502 after {ms}ms trace={trace}",
            "order {order}: payment not possible, payments answered 502 (ledger unavailable)",
        ),
    )  # fmt: skip
    return [
        Hidden(
            id="dependency-outage",
            title="Outage of ledger",
            sentence="ledger in europe-west1 cannot reach its database; payments and checkout fail as they call it.",
            verdicts=("root_cause",),
            kinds=("dependency", "error"),
            service="ledger",
            region=EUROPE.name,
            start=start,
            end=end,
            effects=(cause, caller, further),
            rollouts=(_innocent(CART, EUROPE, start - timedelta(minutes=13)),),
        )
    ]


def runaway_computation(clock: Clock) -> list[Hidden]:
    """recommendations computes far more for the same requests; nothing fails."""
    length = timedelta(minutes=46)
    start = clock.at(time(5, 20), length, on_first_day=True)
    end = start + length
    effect = _effect(RECOMMENDATIONS, ASIA, start, end, ramp_minutes=3, cpu=5.2, latency=1.6, memory_points=6)
    return [
        Hidden(
            id="runaway-computation",
            title="Runaway computation in recommendations",
            sentence="recommendations in asia-east1 needs five times its CPU for the same requests; no errors, no "
            "release of its own.",
            verdicts=("root_cause",),
            kinds=("resource",),
            service="recommendations",
            region=ASIA.name,
            start=start,
            end=end,
            effects=(effect,),
            rollouts=(_innocent(CATALOG, ASIA, start - timedelta(minutes=8)),),
        )
    ]


def wrong_configuration(clock: Clock) -> list[Hidden]:
    """A change of shipping's configuration alone; the version stays."""
    length = timedelta(minutes=41)
    start = clock.at(time(12, 20), length, on_first_day=True)
    end = start + length
    label = "shipping-tariffs"
    cause = _effect(
        SHIPPING, EUROPE, start, end, ramp_minutes=1,
        retries=0.2, error_share=0.68, error_type="TariffZoneUnknown",
        error_messages=(
            "order {order}: tariff zone '{zone}' is not in table 2026-12 (zones={n})",
            "rates for order {order} failed: no tariff for zone {zone} weight={n}kg",
        ),
    )  # fmt: skip
    felt = _effect(
        CHECKOUT, EUROPE, start + timedelta(minutes=1), end,
        error_share=0.11, error_type="DeliveryOptionsMissing",
        error_messages=("order {order}: GET http://shipping/v2/rates returned 500 after {ms}ms trace={trace}",),
    )  # fmt: skip
    return [
        Hidden(
            id="wrong-configuration",
            title="Wrong tariff table in shipping",
            sentence="A configuration change of shipping in europe-west1 loads a tariff table without most zones; "
            "the version is unchanged.",
            verdicts=("root_cause",),
            kinds=("deployment",),
            service="shipping",
            region=EUROPE.name,
            start=start,
            end=end,
            release=label,
            effects=(cause, felt),
            rollouts=(
                Rollout("shipping", EUROPE.name, start - timedelta(minutes=1), label=label, change="configuration"),
                Rollout("shipping", EUROPE.name, end - timedelta(minutes=1), change="configuration"),
            ),
        )
    ]


def expired_certificate(clock: Clock) -> list[Hidden]:
    """auth's certificate runs out: errors from one minute to the next, and nothing was changed."""
    length = timedelta(minutes=38)
    start = clock.at(time(21, 45), length)
    end = start + length
    cause = _effect(
        AUTH, EUROPE, start, end, ramp_minutes=1,
        retries=0.35, error_share=0.64, error_type="CertificateExpired",
        error_messages=(
            "token for {user} not issued: x509: certificate has expired or is not yet valid: signer CN=auth-signing-eu",
            "session {trace} refused: signing certificate auth-signing-eu expired {n}m ago",
        ),
    )  # fmt: skip
    felt = [
        _effect(
            service, EUROPE, start + timedelta(minutes=1), end, error_share=share, error_type="Unauthenticated",
            error_messages=(message,),
        )
        for service, share, message in (
            (FRONTEND, 0.1, "POST http://auth/v1/token returned 500 after {ms}ms user={user} trace={trace}"),
            (CHECKOUT, 0.18, "order {order}: POST http://auth/v1/token returned 500, session of {user} not renewed"),
        )
    ]  # fmt: skip
    return [
        Hidden(
            id="expired-certificate",
            title="Expired certificate in auth",
            sentence="The signing certificate of auth in europe-west1 has expired; nothing was deployed.",
            verdicts=("root_cause",),
            kinds=("error", "dependency"),
            service="auth",
            region=EUROPE.name,
            start=start,
            end=end,
            effects=(cause, *felt),
            rollouts=(_innocent(INVENTORY, EUROPE, start - timedelta(minutes=16)),),
        )
    ]


def lost_cache(clock: Clock) -> list[Hidden]:
    """catalog's cache is gone: every read goes to the database, slowly, and nothing fails."""
    length = timedelta(minutes=42)
    start = clock.at(time(13, 48), length, on_first_day=True)
    end = start + length
    effect = _effect(
        CATALOG, US, start, end,
        latency=55, cpu=1.9, memory_points=-14, warning_share=0.35,
        warnings=(
            "item {sku} served in {ms}ms cache=unreachable source=db",
            "cache node cache-{n}: connection lost, reading from db",
        ),
    )  # fmt: skip
    return [
        Hidden(
            id="lost-cache",
            title="catalog without its cache",
            sentence="catalog in us-central1 has lost its cache and reads everything from the database: slow, more "
            "CPU for each request, no errors, no release.",
            verdicts=("root_cause",),
            kinds=("resource", "dependency"),
            service="catalog",
            region=US.name,
            start=start,
            end=end,
            effects=(effect,),
        )
    ]


def campaign_surge(clock: Clock) -> list[Hidden]:
    """A television spot: twice the visitors, each as cheap and as well served as ever."""
    length = timedelta(minutes=52)
    start = clock.at(time(21, 10), length)
    end = start + length
    reach = (
        (FRONTEND, 2.0), (SEARCH, 2.0), (CATALOG, 2.0), (RECOMMENDATIONS, 1.95),
        (CART, 1.8), (AUTH, 1.7), (INVENTORY, 1.7), (CHECKOUT, 1.5), (PAYMENTS, 1.5),
    )  # fmt: skip
    return [
        Hidden(
            id="campaign-surge",
            title="Visitors of a campaign",
            sentence="Twice the visitors in us-central1 after a television spot: CO₂ follows the requests, nothing is "
            "retried, nothing fails.",
            verdicts=("not_confirmed", "root_cause"),
            kinds=("traffic",),
            service=None,
            region=US.name,
            start=start,
            end=end,
            effects=tuple(
                _effect(service, US, start, end, ramp_minutes=4, requests=factor) for service, factor in reach
            ),
            rollouts=(_innocent(CART, US, start - timedelta(minutes=24)),),
            affected=((None, US.name),),
        )
    ]


def collector_catching_up(clock: Clock) -> list[Hidden]:
    """Metrics pause; the first samples afterwards hold the mass of the whole pause."""
    length = timedelta(minutes=18)
    start = clock.at(time(11, 0), length)
    return [
        Hidden(
            id="collector-catching-up",
            title="Metrics collector catching up",
            sentence="The collector in us-central1 pauses for 18 minutes; its next samples hold the whole pause. "
            "Nothing happened in the shop.",
            verdicts=("not_confirmed",),
            kinds=(),
            service=None,
            region=US.name,
            start=start,
            end=start + length,
            affected=((None, US.name),),
            collector_is_away=True,
        )
    ]


def daily_peaks(clock: Clock) -> list[Hidden]:
    """The American evening, on both days: the fixed threshold is below it."""
    midnight = clock.start.replace(hour=0, minute=0)
    evenings = (midnight + timedelta(days=day, hours=23) for day in range(-1, 3))
    return [
        Hidden(
            id=f"daily-peak-{evening:%m-%d}",
            title="Evening peak in America",
            sentence="The evening peak of us-central1, as on every day; the rule's threshold is below it.",
            verdicts=("not_confirmed",),
            kinds=(),
            service=None,
            region=US.name,
            start=max(evening, clock.start),
            end=min(evening + timedelta(hours=7), clock.now),
            affected=((None, US.name),),
        )
        for evening in evenings
        if evening < clock.now and evening + timedelta(hours=7) > clock.start
    ]


def _effect(service: Service, region: Region, start: datetime, end: datetime, **changes: object) -> Effect:
    return Effect(service.name, region.name, start, end, **changes)  # type: ignore[arg-type]


def _innocent(service: Service, region: Region, at: datetime) -> Rollout:
    return Rollout(service.name, region.name, at)
