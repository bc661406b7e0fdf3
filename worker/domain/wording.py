"""The report's fixed words: what a verdict, a cause and a figure of impact are called on a page or in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from worker.domain.figures import (
    CO2_GRAMS,
    VCPU_HOURS,
    Figure,
    describe,
    describe_count,
    describe_usd,
    number,
)
from worker.domain.report import (
    BusinessImpact,
    CarbonImpact,
    CauseKind,
    ComputeImpact,
    Impact,
    Narrative,
    Quantity,
    Report,
    RootCause,
    ServiceLevel,
    UsersImpact,
    Verdict,
)
from worker.domain.terms import capital, describe_revenue, orders, revenue, terms
from worker.domain.text import one_line

VERDICTS = {
    Verdict.ROOT_CAUSE: "Root cause found",
    Verdict.INCONCLUSIVE: "Inconclusive",
    Verdict.NOT_CONFIRMED: "Not confirmed",
}
CAUSES = {
    CauseKind.DEPLOYMENT: "Deployment",
    CauseKind.DEPENDENCY: "Dependency",
    CauseKind.RESOURCE: "Resource:",
    CauseKind.TRAFFIC: "Traffic:",
    CauseKind.ERROR: "Error:",
    CauseKind.UNKNOWN: "Unknown:",
}


in_grams = partial(describe, units=CO2_GRAMS)
in_vcpu_hours = partial(describe, units=VCPU_HOURS)


class ImpactGroup(NamedTuple):
    """One part of the impact; `unknown` names the figures that could not be given."""

    name: str
    basis: str | None
    figures: list[tuple[str, Figure]]
    unknown: list[str]
    note: str | None = None


def scope_in_words(service: str | None, region: str | None) -> str:
    return ", ".join(one_line(name) for name in (service, region) if name) or "all services"


def _version(cause: RootCause) -> str | None:
    """Where deployments have no ids of their own, they go by their version."""
    return f"version {cause.version}" if cause.version and cause.version != cause.deployment_id else None


def cause_in_words(cause: RootCause, *, reported: tuple[str | None, str | None] = (None, None)) -> str:
    """Deployment deploy-8841, version 2.3.0 (checkout, us-central1); without the scope that is reported on."""
    what = {
        CauseKind.DEPLOYMENT: [cause.deployment_id, _version(cause)],
        CauseKind.RESOURCE: [cause.metric],
        CauseKind.TRAFFIC: [cause.metric],
        CauseKind.ERROR: [cause.error_type],
    }.get(cause.kind, [])
    named = ", ".join(one_line(name) for name in what if name)
    is_elsewhere = (cause.service, cause.region) not in ((None, None), reported)
    scope = scope_in_words(cause.service, cause.region) if is_elsewhere else ""
    details = f"{named} ({scope})" if named and scope else named or scope
    return f"{CAUSES[cause.kind]} {details}" if details else CAUSES[cause.kind].rstrip(":")


def confidence_in_words(confidence: float) -> str:
    return "below 0.01" if 0 < confidence < 0.005 else f"{confidence:.2f}"


def sentences(texts: Iterable[str]) -> str:
    """Each text as a sentence of its own, whether or not it came with its full stop."""
    return " ".join(f"{one_line(text).rstrip('.')}." for text in texts if text.strip())


def impact_groups(impact: Impact) -> list[ImpactGroup]:
    """All four parts, in the order people ask for them."""
    return [_users(impact.users), _carbon(impact.carbon), _compute(impact.compute), _business(impact.business)]


def _carbon(carbon: CarbonImpact) -> ImpactGroup:
    group = _group(
        terms().parts.carbon,
        carbon.method,
        [
            ("Excess CO₂", carbon.excess_co2_grams, in_grams),
            ("Emitted CO₂", carbon.actual_co2_grams, in_grams),
            ("Expected CO₂", carbon.expected_co2_grams, in_grams),
        ],
    )
    return group._replace(note=f"The excess is {one_line(carbon.comparison)}." if carbon.comparison else None)


def _compute(compute: ComputeImpact) -> ImpactGroup:
    split = [
        (f"of which {one_line(name)}", quantity, in_vcpu_hours) for name, quantity in (compute.split or {}).items()
    ]
    return _group(
        terms().parts.compute,
        None,
        [
            ("Excess compute", compute.excess_vcpu_hours, in_vcpu_hours),
            *split,
            ("Excess cost", compute.excess_cost_usd, describe_usd),
        ],
    )


def _users(users: UsersImpact) -> ImpactGroup:
    kind = "Sessions" if users.users_kind == "sessions" else terms().parts.users
    group = _group(
        terms().parts.users,
        None,
        [
            ("Requests failed", users.requests_failed, describe_count),
            ("Requests slowed", users.requests_slowed, describe_count),
            (f"{kind} affected", users.users_affected, describe_count),
        ],
    )
    return group._replace(note=_objective(users.slo) if users.slo else None)


def _objective(slo: ServiceLevel) -> str:
    """Objective 99.9 %: burning its error budget 12 times as fast as it allows; 3.1 % of 30 days' budget gone."""
    target = f" within {number(slo.latency_target_ms)} ms" if slo.latency_target_ms else ""
    burnt = (
        f"; this window used {number(100 * slo.budget_burnt)} % of the {number(slo.period_days)} days' error budget"
        if slo.budget_burnt is not None
        else ""
    )
    return f"Objective {100 * slo.objective:g} %{target}: burn rate {number(slo.burn_rate)}{burnt}."


def _business(business: BusinessImpact) -> ImpactGroup:
    group = _group(
        terms().parts.business,
        business.source,
        [
            (capital(f"{orders()} affected"), business.orders_affected, describe_count),
            (capital(f"{revenue()} lost"), business.revenue_lost_usd, describe_revenue),
        ],
    )
    assumption = one_line(business.assumption or "")
    return group._replace(note=assumption[:1].upper() + assumption[1:] or None)


def _group(
    name: str, basis: str | None, rows: list[tuple[str, Quantity | None, Callable[[Quantity], Figure]]]
) -> ImpactGroup:
    figures = [(label, described(quantity)) for label, quantity, described in rows if quantity is not None]
    return ImpactGroup(name, basis, figures, [label for label, quantity, _ in rows if quantity is None])


def provenance_in_words(report: Report) -> str:
    """Empty where the report does not say what made it."""
    made = report.provenance
    if made is None:
        return ""
    return (
        f"SpikeTrace {made.version} (code {made.code}), profile {report.profile} ({made.profile}), "
        f"policy {made.policy}, factors {made.factors}, grid {made.grid}, words {made.terminology}"
    )


def narrative_in_words(narrative: Narrative) -> str:
    """Who wrote beside the template, and what became of it; empty where no model was asked."""
    model = narrative.model or "the model"
    match narrative.state:
        case "none":
            return ""
        case "pending":
            return "The words are the template's; a model is still to be asked."
        case "failed":
            return f"The words are the template's: {(narrative.reason or 'the model failed').rstrip('.')}."
    checked, marked, removed = narrative.claims_checked, narrative.claims_marked, narrative.claims_removed
    return (
        f"After the template's words stand those of {model}: {checked} claims were checked against the evidence, "
        f"{marked} stay marked as unverified, {removed} were removed."
    )
