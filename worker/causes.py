"""When two reports speak of one cause, and what an incident of it is called."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from worker.domain.report import CauseKind, Report, RootCause, Verdict

NOTABLE_CO2_RATIO = 1.3
SET_IN_TOGETHER = timedelta(minutes=10)


def cause_of(report: Report) -> RootCause:
    """What the report holds to be the cause; of kind `unknown`, and of the alerted scope, where it names none."""
    cause = report.root_cause
    if cause is None or report.verdict is not Verdict.ROOT_CAUSE or cause.kind is CauseKind.UNKNOWN:
        return RootCause(
            kind=CauseKind.UNKNOWN, service=report.service, region=report.region, onset=report.window.start
        )
    if cause.service is None:
        return cause.model_copy(update={"service": report.service, "region": report.region})
    return cause


def cause_key(cause: RootCause) -> str:
    """The same for all causes in one service: a hexadecimal name, however the service is written."""
    return service_key(cause.service)


def service_key(service: str | None) -> str:
    return hashlib.sha256((service or "").encode()).hexdigest()[:32]


def why_same(known: RootCause, other: RootCause) -> str | None:
    """Why `other` is the cause that is known already, as a sentence; None if it is another one.

    Overlap in time is none. A region that one of the two does not name contradicts nothing, except where the cause is
    unknown in one: then only the same scope speaks for the same cause, and that both set in together.
    """
    if known.service != other.service:
        return None
    if CauseKind.UNKNOWN in (known.kind, other.kind):
        return _why_same_unknown(known, other)
    return _why_same_known(known, other) if agree(known.region, other.region) else None


def _why_same_unknown(known: RootCause, other: RootCause) -> str | None:
    if known.region != other.region:
        return None
    if known.kind is other.kind:
        return f"The cause is unknown in both, and the scope is the same: {place_of(known)}."
    if known.onset and other.onset and abs(known.onset - other.onset) <= SET_IN_TOGETHER:
        return f"The cause is unknown in one, the scope is the same, {place_of(known)}, and both set in together."
    return None


def _why_same_known(known: RootCause, other: RootCause) -> str | None:
    if not agree(known.deployment_id, other.deployment_id):
        return None
    if known.deployment_id and other.deployment_id:
        return f"The same deployment, {known.deployment_id} of {place_of(known)}."
    if CauseKind.DEPENDENCY in (known.kind, other.kind):
        return f"What it suffers from is {place_of(known)}, where the known cause is."
    if known.error_type and known.error_type == other.error_type:
        return f"The same errors, {known.error_type}, in {place_of(known)}."
    if known.kind is other.kind and agree(known.error_type, other.error_type):
        return f"The same root cause: {known.kind} in {place_of(known)}."
    return None


def agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def place_of(cause: RootCause) -> str:
    """The service and region to blame, as people write them."""
    return " ".join(part for part in (cause.service, cause.region) if part) or "all services"


def title_of(report: Report) -> str:
    """What a search would look for: service, region, symptom and cause, without the severity."""
    scope = " ".join(part for part in (report.service, report.region) if part) or "all services"
    return f"{scope}: {symptom_of(report)}{_because(cause_of(report), report.service)}"


def symptom_of(report: Report) -> str:
    symptoms = [_trouble(report), _excess_carbon(report)]
    return " and ".join(symptom for symptom in symptoms if symptom) or f"{report.signal or 'unusual'} spike"


def _trouble(report: Report) -> str | None:
    users = report.impact.users
    if users.requests_failed and users.requests_failed.likely >= 1:
        return "failing requests"
    if users.requests_slowed and users.requests_slowed.likely >= 1:
        return "slow requests"
    return None


def _excess_carbon(report: Report) -> str | None:
    carbon = report.impact.carbon
    if carbon.actual_co2_grams is None or carbon.expected_co2_grams is None or carbon.expected_co2_grams.likely <= 0:
        return None
    ratio = carbon.actual_co2_grams.likely / carbon.expected_co2_grams.likely
    return f"{ratio:.1f}× CO₂" if ratio >= NOTABLE_CO2_RATIO else None


def _because(cause: RootCause, alerted_service: str | None) -> str:
    elsewhere = f" of {place_of(cause)}" if cause.service != alerted_service else ""
    if cause.deployment_id:
        return f" since {cause.deployment_id}{elsewhere}"
    if cause.kind is CauseKind.UNKNOWN:
        return ", cause unknown"
    if elsewhere:
        return f" because of {place_of(cause)}"
    named = cause.error_type or cause.metric
    return f", cause: {named}" if named else f", cause: {cause.kind}"
