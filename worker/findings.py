"""Evidence: what was read of a case, numbered, with the query that reads it again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from worker.analysis.attribution import attribute_slices
from worker.analysis.deviation import Deviation
from worker.analysis.ranking import Suspect
from worker.analysis.signals import Reading
from worker.analysis.study import Case
from worker.domain import terms
from worker.domain.evidence import EvidenceLog
from worker.domain.redaction.redact import excerpt
from worker.domain.telemetry import FAILED_CALLS, Asked, Detail, ErrorType, Scope, Thinned
from worker.domain.window import iso
from worker.impact.business import FEWEST_INCIDENTS, past_of, recorded_in
from worker.read_in_part import effect_in_part

METRICS = ("carbon", "carbon_per_demand", "cpu", "memory", "traffic")
LOGS = ("errors", "retries", "latency", "silence")
MOST_EDGES = 12
MOST_ACCOUNTS = 5
MOST_PATTERNS = 4
MOST_METRICS = 8
MOST_PARTS = 20
LONGEST_EXAMPLE = 300
LONGEST_MESSAGE = 2_000
MISSING_EFFECT = {
    "metrics": "carbon, CPU and traffic are not known",
    "metrics_past": "earlier days could not be compared, so a daily peak is not excluded by them",
    "metrics_facts": "emissions were not cross-checked, and the cloud provider is not known",
    "logs": "errors, retries and latency are not known",
    "logs_past": "the usual error rate rests on the last hours alone",
    "changes": "a bad deployment is not excluded",
    "history": "similar and recorded incidents are not known",
    "errors": "error types and their messages are not known",
    "parts": "deployments could not be compared side by side",
    "latency": "latency quantiles are not known",
    "calls": "who calls whom, and how long it takes, is not known",
    "instances": "whether one instance alone shows it is not known",
    "deployments": "whose part of the rise which deployment has is not known",
    "failed_calls": "failures of services that send no metrics themselves are not known",
    "lines_within": "log patterns are not known",
    "lines_before": "log patterns could not be compared with those before",
    "impact_machines": "emissions cannot be estimated from utilisation, nor the embodied share be given",
    "impact_business": "{orders} and {revenue} are not measured",
    "impact_business_past": "{orders} and {revenue} have nothing to be compared with",
    "impact_users": "the number of users is unknown",
    "impact_service_level": "the error budget is not known",
}
OF_SIGNALS = {"metrics": "carbon, CPU and traffic", "logs": "errors, retries and latency"}
READ = {
    "metrics": "Metrics",
    "metrics_past": "Metrics of earlier days",
    "metrics_facts": "Provider and cross-check of emissions",
    "logs": "Logs",
    "logs_past": "Logs of earlier days",
    "changes": "Deployments",
    "history": "Past incidents",
    "errors": "Error types",
    "parts": "Logs by deployment",
    "latency": "Latency quantiles",
    "calls": "Calls between services",
    "instances": "Metrics by instance",
    "deployments": "Metrics by deployment",
    "failed_calls": "Failed calls, as the callers see them",
    "lines_within": "Log lines",
    "lines_before": "Log lines before the onset",
    "impact_machines": "vCPUs, memory and instances",
    "impact_business": "Business events",
    "impact_business_past": "Business events of earlier days",
    "impact_users": "Distinct users",
    "impact_service_level": "Service level",
}


class Citations:
    """Finds the evidence id of a topic, e.g. `cite("logs", "split")` → `" [e2 e5]"`."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def keep(self, topic: str, evidence_id: str) -> None:
        self._ids[topic] = evidence_id

    def ids(self, *topics: str) -> list[str]:
        known = {self._ids[topic] for topic in topics if topic in self._ids}
        return sorted(known, key=lambda evidence_id: int(evidence_id[1:]))

    def __call__(self, *topics: str) -> str:
        ids = self.ids(*topics)
        return f" [{' '.join(ids)}]" if ids else ""


def gather(case: Case, detail: Detail, log: EvidenceLog) -> Citations:
    """Numbers what was read, in the order of a reader's questions, and names what was not."""
    cite = Citations()
    if case.look:
        _roles(case, detail, log, cite)
    else:
        _signals(case, log, cite)
    _pauses(case, log, cite)
    _shares(case, log, cite)
    for one in case.suspects:
        if one.detail and (one.score > 0 or one.scope == case.scope):
            _suspect(case, one, detail, log, cite)
    _changes(case, log, cite)
    _history(case, log, cite)
    for name, count in case.survey.left_out.items():
        reason = f"only the services with most documents are read; {count:,} documents are of others"
        log.miss(f"{READ[name]} of further services", reason=reason, effect="a cause among them is not excluded")
    if thinned := case.survey.thinned:
        _thinned(thinned, log)
    _impact(case, detail, log, cite)
    for name, reason in {**case.survey.unread, **detail.unread}.items():
        topic = name.rstrip("0123456789")
        whole = MISSING_EFFECT[topic].format(orders=terms.orders(), revenue=terms.revenue())
        effect = effect_in_part(topic, case.survey) or whole
        log.miss(READ[topic], reason=reason, effect=effect)
    return cite


def _thinned(thinned: Thinned, log: EvidenceLog) -> None:
    who = f"{', '.join(thinned.services)} write{'s' if len(thinned.services) == 1 else ''}"
    part = f"of every {thinned.step_seconds} seconds {thinned.slice_seconds} were read"
    reason = f"{who} so many that {part}: {thinned.read:,} of about {thinned.lines:,} lines"
    effect = (
        "their number of lines and their latency are a sample's; every error and retry was counted, and all lines of "
        "other services were read"
    )
    log.miss("Log lines of services that write very many", reason=reason, effect=effect)


def of(topic: str, scope: Scope) -> str:
    return f"{topic}:{scope}"


def _record(log: EvidenceLog, cite: Citations, topic: str, title: str, asked: Asked, result: dict[str, Any]) -> None:
    cite.keep(topic, log.add(title, index=asked.index, query=asked.body, window=asked.window, result=result))


def _signals(case: Case, log: EvidenceLog, cite: Citations) -> None:
    for told_as, topic, reading, names in _readings(case):
        found = {name: _figures(reading.deviations[name]) for name in names if name in reading.deviations}
        if found and topic in case.survey.asked:
            title = f"{reading.scope}: {OF_SIGNALS[topic]} against the baseline"
            _record(log, cite, told_as, title, case.survey.asked[topic], found)


def _readings(case: Case) -> Iterator[tuple[str, str, Reading, Sequence[str]]]:
    """What it is cited as, the search that read it, whose it is, and its signals; of a part where that is in doubt."""
    if case.reading:
        yield "metrics", "metrics", case.reading, METRICS
        yield "logs", "logs", case.reading, LOGS
    if case.doubtful and case.doubtful.scope != case.scope:
        yield "doubt", "logs", case.doubtful, LOGS


def _roles(case: Case, detail: Detail, log: EvidenceLog, cite: Citations) -> None:
    """Metrics by role, calls, log patterns: what deviates, of the alerted service and of the first suspects."""
    look, asked = case.look, case.survey.asked
    assert look is not None
    if case.reading and case.reading.deviations and (source := _measured_by(case.reading.deviations, asked)) in asked:
        figures = {name: _figures(one) for name, one in _told(case.reading.deviations, case.confirmed)}
        _record(log, cite, "metrics", f"{case.scope}: metrics against the baseline", asked[source], figures)
    slower = sorted(look.findings.slower.values(), key=lambda one: (-one.z, one.edge))[:MOST_EDGES]
    fewer = [one for account in case.accounts[:MOST_ACCOUNTS] if (one := account.fewer)]
    if "calls" in asked and (slower or fewer):
        result = {
            "slower": [_rounded_fields(asdict(one)) for one in slower],
            "fewer": [_rounded_fields(asdict(one)) for one in fewer],
        }
        _record(log, cite, "calls", "Calls that take longer, or are no longer made", asked["calls"], result)
    changed = [one for account in case.accounts[:MOST_ACCOUNTS] for one in account.patterns[:MOST_PATTERNS]]
    if "lines_within" in detail.asked and changed:
        patterns = [
            _rounded_fields({**asdict(one), "example": excerpt(one.example, LONGEST_EXAMPLE)}) for one in changed
        ]
        title = "Log patterns that are new, surging or gone"
        _record(log, cite, "patterns", title, detail.asked["lines_within"], {"patterns": patterns})


def _pauses(case: Case, log: EvidenceLog, cite: Citations) -> None:
    if not case.caught_up or "metrics" not in case.survey.asked:
        return
    pauses = [
        {"service": one.scope.service, "region": one.scope.region, "since": iso(one.since), "until": iso(one.until)}
        for one in case.caught_up[:MOST_PARTS]
    ]
    title = "Pauses of the samples of carbon, all of whose emissions the next sample holds"
    _record(log, cite, "pauses", title, case.survey.asked["metrics"], {"pauses": pauses})


def _measured_by(names: Collection[str], asked: Collection[str]) -> str:
    """Which search measured it: where only failed calls are known of a service, that of its callers' documents."""
    return "failed_calls" if set(names) == {FAILED_CALLS.name} and "failed_calls" in asked else "metrics"


def _told(deviations: dict[str, Deviation], confirmed: list[str]) -> list[tuple[str, Deviation]]:
    """What deviates; where nothing does, what comes nearest to it."""
    names = confirmed or sorted(deviations, key=lambda name: -deviations[name].z)
    return [(name, deviations[name]) for name in names[:MOST_METRICS]]


def _rounded_fields(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _rounded(value) if isinstance(value, float) else value for name, value in fields.items()}


def _figures(found: Deviation) -> dict[str, Any]:
    return {
        "actual": _rounded(found.actual),
        "expected": _rounded(found.expected),
        "standard_deviations": _rounded(found.z),
        "onset": iso(found.onset) if found.onset else None,
    }


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _shares(case: Case, log: EvidenceLog, cite: Citations) -> None:
    if len(case.shares) < 2 or not case.leading:
        return
    topic = "metrics" if case.leading in METRICS else "logs"
    parts = [
        {
            "service": one.scope.service,
            "region": one.scope.region,
            "rise": _rounded(one.rise),
            "share": _rounded(one.share),
        }
        for one in case.shares[:12]
    ]
    title = f"Whose rise of {case.leading.replace('_', ' ')} it is"
    _record(log, cite, "shares", title, case.survey.asked[topic], {"parts": parts})


def _suspect(case: Case, suspect: Suspect, detail: Detail, log: EvidenceLog, cite: Citations) -> None:
    found, number = suspect.detail, list(detail.scopes).index(suspect.scope)
    if found is None:
        return
    if found.errors and "errors" in suspect.effects:
        types = [{**asdict(one), "messages": _examples(one)} for one in found.errors]
        title = f"{suspect.scope}: errors by type, in the window and before"
        result = {"types": types, "names": {name: _rounded(share) for name, share in suspect.names.items()}}
        _record(log, cite, of("errors", suspect.scope), title, detail.asked[f"errors{number}"], result)
    if suspect.scope != case.scope and suspect.reading and suspect.effects:
        figures = {name: _figures(suspect.reading.deviations[name]) for name in suspect.effects}
        by_metrics = suspect.account or suspect.leading_signal in METRICS
        topic = _measured_by(suspect.effects, case.survey.asked) if by_metrics else "logs"
        title = f"{suspect.scope}: what deviates"
        _record(log, cite, of("own", suspect.scope), title, case.survey.asked[topic], figures)
    if suspect.change and suspect.change.comparison.verdict != "unknown":
        title = f"{suspect.scope}: documents of {suspect.change.change.deployment_id} against the others"
        result = asdict(suspect.change.comparison)
        _record(log, cite, of("split", suspect.scope), title, detail.asked[f"parts{number}"], result)
    _slices(case, suspect, detail, number, log, cite)
    if found.latency_ms and suspect.scope == case.scope:
        title = f"{suspect.scope}: latency quantiles in milliseconds, in the window and before"
        result = {
            name: {key: _rounded(value) for key, value in span.items()} for name, span in found.latency_ms.items()
        }
        result["lines"] = {"slower_than_usual_p95": found.slow_lines, "timed": found.timed_lines}
        _record(log, cite, "latency", title, detail.asked[f"latency{number}"], result)


def _examples(error: ErrorType) -> list[str]:
    return [excerpt(message, LONGEST_MESSAGE) for message in error.messages[:3]]


def _slices(case: Case, suspect: Suspect, detail: Detail, number: int, log: EvidenceLog, cite: Citations) -> None:
    """The rise by instance and by deployment: the parts add up to the whole."""
    signal = suspect.leading_signal or case.leading
    if suspect.detail is None or signal is None:
        return
    for what, found in (("instance", suspect.detail.instances), ("deployment", suspect.detail.deployments)):
        parts = attribute_slices(found, signal)
        if len(parts) > 1:
            result = {"signal": signal, "parts": [_rounded_fields(asdict(one)) for one in parts[:MOST_PARTS]]}
            title = f"{suspect.scope}: {signal.replace('_', ' ')} by {what}"
            _record(log, cite, of(what, suspect.scope), title, detail.asked[f"{what}s{number}"], result)


def _changes(case: Case, log: EvidenceLog, cite: Citations) -> None:
    is_unread = "changes" in case.survey.unread and not case.survey.changes
    if is_unread or "changes" not in case.survey.asked:
        return
    asked = case.survey.asked["changes"]
    listed = [{**asdict(change), "at": iso(change.at)} for change in case.near_changes]
    _record(log, cite, "changes", "Deployments and other changes before the onset", asked, {"changes": listed})


def _history(case: Case, log: EvidenceLog, cite: Citations) -> None:
    if not case.survey.history or "history" not in case.survey.asked:
        return
    result = {"incidents": len(case.survey.history), **_business_figures(case)}
    _record(log, cite, "history", "Incidents known by then", case.survey.asked["history"], result)


def _business_figures(case: Case) -> dict[str, Any]:
    """What the text says was recorded; or what it is estimated from."""
    history = case.survey.history
    if recorded := recorded_in(history, case.scope, case.window):
        return {"recorded": [_cost_of(hit) for hit in recorded[:MOST_PARTS]]}
    past = past_of(history, case.scope, case.window)
    return {"estimated_from": [_cost_of(hit) for hit in past[:MOST_PARTS]]} if len(past) >= FEWEST_INCIDENTS else {}


def _cost_of(hit: dict[str, Any]) -> dict[str, Any]:
    names = ("orders_affected", "revenue_lost_usd", "duration_minutes")
    known = {name: value for name in names if isinstance(value := hit["_source"].get(name), int | float)}
    return {"id": str(hit["_id"]), "at": str(hit["_source"]["@timestamp"]), **known}


def _impact(case: Case, detail: Detail, log: EvidenceLog, cite: Citations) -> None:
    """What only the impact rests on: business events, distinct users, the service level."""
    events, inside = case.survey.impact.business if case.survey.impact else {}, case.survey.fine.mask(case.window)
    if events:
        result = {
            region or "all regions": {
                "orders": float(one.orders[inside].sum()),
                "revenue": float(one.revenue[inside].sum()),
            }
            for region, one in sorted(events.items(), key=lambda item: item[0] or "")
        }
        _record(log, cite, "business", "Business events in the window", case.survey.asked["impact_business"], result)
    known = detail.impact
    if known and known.audience:
        title = f"{case.scope}: distinct users in the window"
        _record(log, cite, "users", title, detail.asked["impact_users"], asdict(known.audience))
    if known and known.service:
        title = f"{case.scope}: log lines against the service level objective"
        _record(log, cite, "service_level", title, detail.asked["impact_service_level"], asdict(known.service))
