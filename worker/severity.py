"""How bad a confirmed spike is: from users first, then carbon, latency, money and the breadth of it.

| severity | any one of |
|----------|------------|
| critical | 25 % of requests fail above the usual share, or 5 % fail in three services or more; $100,000 lost |
| high     | 5 % of requests fail above the usual share, CO₂ is twice the usual and much, or $10,000 are lost |
| medium   | 1 % of requests fail above the usual share, CO₂ is 1.3 or latency twice the usual, or $1,000 are lost |
| low      | everything else, everything that was not confirmed, and demand that is nobody's fault |

Failing requests are measured, so they count however unsure the cause is. Carbon and latency make no more than
`medium` while the confidence in the cause is below one half, and a handful of failed requests no more than `medium`.
Money counts by the low end of its interval, and makes no more than `medium` where it is estimated. Each figure here is
the default of a policy's threshold (docs/incidents.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from worker.domain import terms
from worker.domain.figures import exact
from worker.domain.report import CauseKind, SeverityFacts, Verdict
from worker.domain.severity import Severity

ESTIMATED_AT_MOST = Severity.MEDIUM
UNSURE_AT_MOST = Severity.MEDIUM
FEW_AT_MOST = Severity.MEDIUM


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Steps(_Strict):
    """From which value on something is how severe; a step that is left out is never taken."""

    medium: float | None = Field(default=None, gt=0)
    high: float | None = Field(default=None, gt=0)
    critical: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _rise(self) -> Self:
        steps = [step for step in (self.medium, self.high, self.critical) if step is not None]
        if steps != sorted(steps):
            raise ValueError("medium, high and critical must not fall")
        return self

    def reached(self, value: float) -> Severity:
        steps = ((Severity.CRITICAL, self.critical), (Severity.HIGH, self.high), (Severity.MEDIUM, self.medium))
        return next((severity for severity, step in steps if step is not None and value >= step), Severity.LOW)

    def __str__(self) -> str:
        steps = {"medium": self.medium, "high": self.high, "critical": self.critical}
        return (
            ", ".join(f"{name} from {step:,.6g}" for name, step in steps.items() if step is not None) or "not weighed"
        )


def _at_most_all(steps: Steps) -> Steps:
    if any(step is not None and step > 1 for step in (steps.medium, steps.high, steps.critical)):
        raise ValueError("a share goes from 0 to 1: 5 % is 0.05")
    return steps


class UserThresholds(_Strict):
    """`failed_share` is what fails above the usual share, 0–1. Fewer failed requests than `few_requests` are medium."""

    failed_share: Annotated[Steps, AfterValidator(_at_most_all)] = Steps(medium=0.01, high=0.05, critical=0.25)
    few_requests: float = Field(default=20, ge=0)
    requests_failed: Steps = Steps()
    requests_slowed: Steps = Steps()
    latency_ratio: Steps = Steps(medium=2.0)
    users_affected: Steps = Steps()


class CarbonThresholds(_Strict):
    """`ratio` is to the usual; more than medium only with an excess of `material_grams` or more."""

    ratio: Steps = Steps(medium=1.3, high=2.0)
    material_grams: float = Field(default=20.0, ge=0)
    excess_grams: Steps = Steps()


class MoneyThresholds(_Strict):
    """What was lost in the report's window, by the low end of its interval."""

    revenue_lost_usd: Steps = Steps(medium=1_000, high=10_000, critical=100_000)
    orders_affected: Steps = Steps(medium=50, high=500, critical=5_000)


class ScopeThresholds(_Strict):
    """In so many services a share of failures that would be high is critical."""

    services: int = Field(default=3, ge=2)


class Thresholds(_Strict):
    """`confidence` in the cause below which carbon and latency make no more than medium."""

    users: UserThresholds = UserThresholds()
    carbon: CarbonThresholds = CarbonThresholds()
    money: MoneyThresholds = MoneyThresholds()
    scope: ScopeThresholds = ScopeThresholds()
    confidence: float = Field(default=0.5, ge=0, le=1)


DEFAULT = Thresholds()


class Weighed(NamedTuple):
    """One figure against its steps: `severity` is what it makes alone, `low` where it reaches none or is unknown."""

    measure: str
    value: str | None
    steps: str
    severity: Severity
    reason: str = ""


def judge_severity(facts: SeverityFacts, thresholds: Thresholds = DEFAULT) -> tuple[Severity, list[str]]:
    """The severity and what speaks for it, the weightiest first: sentences with numbers."""
    if facts.verdict is Verdict.NOT_CONFIRMED:
        return Severity.LOW, ["The spike was not confirmed."]
    if facts.cause_kind is CauseKind.TRAFFIC:
        return Severity.LOW, ["The service answers more demand at its usual error rate and cost; nothing is broken."]
    found = [one for one in weigh(facts, thresholds) if one.severity is not Severity.LOW]
    findings = sorted(found, key=lambda one: -one.severity.rank)
    if not findings:
        return Severity.LOW, ["No measured figure reaches the threshold of medium."]
    return findings[0].severity, [finding.reason for finding in findings]


def weigh(facts: SeverityFacts, thresholds: Thresholds = DEFAULT) -> list[Weighed]:
    """Every figure against its thresholds, whether it reaches one or not."""
    return [
        _failing(facts, thresholds),
        *_carbon(facts, thresholds),
        *_users(facts, thresholds),
        *_money(facts, thresholds.money),
    ]


def _failing(facts: SeverityFacts, thresholds: Thresholds) -> Weighed:
    users = thresholds.users
    measure, steps = "share of failed requests above the usual", str(users.failed_share)
    if facts.failed_share is None:
        return Weighed(measure, None, steps, Severity.LOW)
    excess = facts.failed_share - facts.usual_failed_share
    reached = users.failed_share.reached(excess)
    reason = f"{_percent(facts.failed_share)} of requests failed, usually {_percent(facts.usual_failed_share)}"
    if facts.requests_failed is not None and facts.requests_failed < users.few_requests:
        reached = _at_most(FEW_AT_MOST, reached)
        reason += f", but that is only {facts.requests_failed:.0f} requests"
    elif reached is Severity.HIGH and facts.services_affected >= thresholds.scope.services:
        reached = Severity.CRITICAL
        reason += f", and {facts.services_affected} services are affected"
    return Weighed(measure, f"{excess:.4g}", steps, reached, f"{reason}.")


def _carbon(facts: SeverityFacts, thresholds: Thresholds) -> Iterator[Weighed]:
    carbon, grams = thresholds.carbon, facts.excess_co2_grams
    sure = _is_confident(facts, thresholds)
    if facts.co2_ratio is None:
        yield Weighed("CO₂ against the usual", None, str(carbon.ratio), Severity.LOW)
    else:
        reached, reason = carbon.ratio.reached(facts.co2_ratio), f"CO₂ was {facts.co2_ratio:.1f} times the usual"
        if grams is not None:
            reason += f", {grams:,.0f} g more than expected"
        if not sure or grams is None or grams < carbon.material_grams:
            reached = _at_most(UNSURE_AT_MOST, reached)
        yield Weighed("CO₂ against the usual", f"{facts.co2_ratio:.3g}", str(carbon.ratio), reached, f"{reason}.")
    yield _counted("excess CO₂ in grams", grams, carbon.excess_grams, "{} g of CO₂ more than expected.", sure=sure)


def _users(facts: SeverityFacts, thresholds: Thresholds) -> Iterator[Weighed]:
    users, sure = thresholds.users, _is_confident(facts, thresholds)
    ratio = facts.latency_ratio
    reached = Severity.LOW if ratio is None else users.latency_ratio.reached(ratio)
    yield Weighed(
        "latency against the usual",
        None if ratio is None else f"{ratio:.3g}",
        str(users.latency_ratio),
        reached if sure else _at_most(UNSURE_AT_MOST, reached),
        "" if ratio is None else f"Latency was {ratio:.1f} times the usual.",
    )
    yield _counted("failed requests", facts.requests_failed, users.requests_failed, "{} requests failed.")
    yield _counted("slow requests", facts.requests_slowed, users.requests_slowed, "{} requests were slow.", sure=sure)
    yield _counted("users affected", facts.users_affected, users.users_affected, "{} users are affected.")


def _money(facts: SeverityFacts, thresholds: MoneyThresholds) -> Iterator[Weighed]:
    how = f" ({facts.money_source})" if facts.money_source else ""
    lost = facts.revenue_lost_usd
    found = (
        Weighed(
            f"{terms.revenue()} lost in US dollars, at least",
            None if lost is None else f"{lost:,.0f}{how}",
            str(thresholds.revenue_lost_usd),
            Severity.LOW if lost is None else thresholds.revenue_lost_usd.reached(lost),
            "" if lost is None else f"At least {terms.revenue_money(lost)} of {terms.revenue()} lost{how}.",
        ),
        _counted(
            f"{terms.orders()} affected, at least",
            facts.orders_affected,
            thresholds.orders_affected,
            f"At least {{}} {terms.orders()} affected{how}.",
        ),
    )
    for one in found:
        is_certain = facts.money_source in ("measured", "recorded")
        yield one if is_certain else one._replace(severity=_at_most(ESTIMATED_AT_MOST, one.severity))


def _counted(measure: str, value: float | None, steps: Steps, reason: str, *, sure: bool = True) -> Weighed:
    if value is None:
        return Weighed(measure, None, str(steps), Severity.LOW)
    reached = steps.reached(value)
    text = exact(round(value))
    return Weighed(
        measure, text, str(steps), reached if sure else _at_most(UNSURE_AT_MOST, reached), reason.format(text)
    )


def _at_most(most: Severity, severity: Severity) -> Severity:
    return min(most, severity, key=lambda one: one.rank)


def _is_confident(facts: SeverityFacts, thresholds: Thresholds) -> bool:
    return facts.confidence is not None and facts.confidence >= thresholds.confidence


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{share * 100:.2g} %" if share < 0.995 else "100 %"
