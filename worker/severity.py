"""How bad a confirmed spike is: from users first, then carbon, latency and the breadth of it.

| severity | any one of |
|----------|------------|
| critical | 25 % of requests fail above the usual share, or 5 % fail in three services or more |
| high     | 5 % of requests fail above the usual share, or CO₂ is twice the usual and the excess is material |
| medium   | 1 % of requests fail above the usual share, CO₂ is 1.3 times the usual, or latency twice the usual |
| low      | everything else, everything that was not confirmed, and demand that is nobody's fault |

Failing requests are measured, so they count however unsure the cause is. Carbon and latency make no more than
`medium` while the confidence in the cause is below one half, and a handful of failed requests no more than `medium`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from worker.domain.report import CauseKind, Verdict
from worker.domain.severity import Severity

CRITICAL_FAILED_SHARE = 0.25
HIGH_FAILED_SHARE = 0.05
MEDIUM_FAILED_SHARE = 0.01
FEW_REQUESTS = 20
SEVERAL_SERVICES = 3
HIGH_CO2_RATIO = 2.0
MEDIUM_CO2_RATIO = 1.3
MATERIAL_CO2_GRAMS = 20.0
MEDIUM_LATENCY_RATIO = 2.0
CONFIDENT = 0.5


@dataclass(frozen=True)
class SeverityFacts:
    """What was measured in the scope and window of the report; None where it could not be.

    Shares are 0–1, ratios are to the baseline (1.0 is usual), `confidence` is that of the root cause.
    `services_affected` counts the services that deviate, the alerted one included.
    """

    verdict: Verdict
    cause_kind: CauseKind | None = None
    confidence: float | None = None
    failed_share: float | None = None
    usual_failed_share: float = 0.0
    requests_failed: float | None = None
    co2_ratio: float | None = None
    excess_co2_grams: float | None = None
    latency_ratio: float | None = None
    services_affected: int = 1


class _Finding(NamedTuple):
    severity: Severity
    reason: str


def judge_severity(facts: SeverityFacts) -> tuple[Severity, list[str]]:
    """The severity and what speaks for it, the weightiest first: sentences with numbers."""
    if facts.verdict is Verdict.NOT_CONFIRMED:
        return Severity.LOW, ["The spike was not confirmed."]
    if facts.cause_kind is CauseKind.TRAFFIC:
        return Severity.LOW, ["The service answers more demand at its usual error rate and cost; nothing is broken."]
    findings = sorted(_findings(facts), key=lambda finding: -finding.severity.rank)
    if not findings:
        return Severity.LOW, ["No measured figure reaches the threshold of medium."]
    return findings[0].severity, [finding.reason for finding in findings]


def _findings(facts: SeverityFacts) -> Iterator[_Finding]:
    yield from _failing(facts)
    yield from _carbon(facts)
    yield from _latency(facts)


def _failing(facts: SeverityFacts) -> Iterator[_Finding]:
    if facts.failed_share is None:
        return
    excess = facts.failed_share - facts.usual_failed_share
    if excess < MEDIUM_FAILED_SHARE:
        return
    reason = f"{_percent(facts.failed_share)} of requests failed, usually {_percent(facts.usual_failed_share)}"
    if facts.requests_failed is not None and facts.requests_failed < FEW_REQUESTS:
        yield _Finding(Severity.MEDIUM, f"{reason}, but that is only {facts.requests_failed:.0f} requests.")
    elif excess >= CRITICAL_FAILED_SHARE:
        yield _Finding(Severity.CRITICAL, f"{reason}.")
    elif excess >= HIGH_FAILED_SHARE and facts.services_affected >= SEVERAL_SERVICES:
        yield _Finding(Severity.CRITICAL, f"{reason}, and {facts.services_affected} services are affected.")
    else:
        yield _Finding(Severity.HIGH if excess >= HIGH_FAILED_SHARE else Severity.MEDIUM, f"{reason}.")


def _carbon(facts: SeverityFacts) -> Iterator[_Finding]:
    if facts.co2_ratio is None or facts.co2_ratio < MEDIUM_CO2_RATIO:
        return
    grams = facts.excess_co2_grams
    reason = f"CO₂ was {facts.co2_ratio:.1f} times the usual"
    if grams is not None:
        reason += f", {grams:,.0f} g more than expected"
    material = grams is not None and grams >= MATERIAL_CO2_GRAMS
    if facts.co2_ratio >= HIGH_CO2_RATIO and material and _is_confident(facts):
        yield _Finding(Severity.HIGH, f"{reason}.")
    else:
        yield _Finding(Severity.MEDIUM, f"{reason}.")


def _latency(facts: SeverityFacts) -> Iterator[_Finding]:
    if facts.latency_ratio is not None and facts.latency_ratio >= MEDIUM_LATENCY_RATIO:
        yield _Finding(Severity.MEDIUM, f"Latency was {facts.latency_ratio:.1f} times the usual.")


def _is_confident(facts: SeverityFacts) -> bool:
    return facts.confidence is not None and facts.confidence >= CONFIDENT


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{share * 100:.2g} %" if share < 0.995 else "100 %"
