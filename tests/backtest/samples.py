"""A backtest with everything on it, and one whose every name is hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from worker.domain.backtest import Backtest, Catch, KnownIncident, NotSimulated, PastAlert, RuleResult, SweepPoint

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 8, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>\u202e'


def hours(number: float) -> datetime:
    return SINCE + timedelta(hours=number)


def alert(start: float, end: float | None, instance: str = "checkout") -> PastAlert:
    return PastAlert(
        instance=instance,
        uuid=f"{instance}-{start}",
        started_at=hours(start),
        ended_at=None if end is None else hours(end),
        value=5.0,
        furthest=9.0,
    )


def incident(incident_id: str, start: float, end: float, *, service: str | None = "checkout") -> KnownIncident:
    return KnownIncident(
        incident_id=incident_id,
        title=f"Trouble {incident_id}",
        service=service,
        region=None,
        severity="high",
        start=hours(start),
        end=hours(end),
    )


def point(threshold: float, alerts: int, caught: int) -> SweepPoint:
    return SweepPoint(
        threshold=[threshold],
        is_the_rule_s=threshold == 4,
        alerts=alerts,
        alerts_a_day=alerts / 7,
        active_minutes=60.0 * alerts,
        caught=caught,
        missed=2 - caught,
        minutes_late=12.0 if caught else None,
    )


def rule(*alerts: PastAlert, name: str = "Errors by service") -> RuleResult:
    caught = Catch(incident_id="i1", is_caught=True, minutes_late=12.0, instance="checkout")
    missed = Catch(incident_id="i2", is_caught=False, reason="no alert of its scope began meanwhile")
    return RuleResult(
        rule_id="errors",
        name=name,
        asks="Are there more errors of a service than usual?",
        condition="count of 10m by service > 4",
        unit="lines",
        interval="1m",
        delay=3,
        is_enabled=True,
        threshold=[4],
        runs=7 * 1440,
        alerts=list(alerts),
        alerts_a_day=len(alerts) / 7,
        active_minutes=90.0,
        messages=2 * len(alerts),
        catches=[caught, missed],
        sweep=[point(2, 9, 2), point(4, 2, 1), point(8, 0, 0)],
    )


def backtest(*rules: RuleResult) -> Backtest:
    return Backtest(
        backtest_id="backtest-20261108-000000-abc123",
        created_at=UNTIL,
        since=SINCE,
        until=UNTIL,
        rules=list(rules) or [rule(alert(10, 11.5), alert(60, None, "payments"))],
        not_simulated=[NotSimulated(rule_id="esql", name="By ES|QL", reason="its ES|QL runs in Elasticsearch only")],
        incidents=[incident("i1", 9.8, 12), incident("i2", 100, 101)],
    )


def hostile() -> Backtest:
    told = backtest(
        rule(alert(10, 11.5, HOSTILE), name=HOSTILE).model_copy(update={"asks": HOSTILE, "notes": [HOSTILE]})
    )
    named = [one.model_copy(update={"title": HOSTILE, "service": HOSTILE, "region": HOSTILE}) for one in told.incidents]
    left_out = [NotSimulated(rule_id=HOSTILE, name=HOSTILE, reason=HOSTILE)]
    return told.model_copy(update={"incidents": named, "not_simulated": left_out})
