"""Whether an investigation said what is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.truth import Truth, TruthEntry
from kibana.simulate import Notification
from worker.domain.report import RootCause
from worker.domain.severity import Severity

ORDINARY = "ordinary noise"


@dataclass(frozen=True)
class Judgement:
    """`faults` says, one by one, in what the report differs from the truth; none: it is right."""

    entry: TruthEntry | None
    verdict: str
    severity: str
    said: str
    faults: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return not self.faults

    @property
    def is_open(self) -> bool:
        """No answer, and no wrong one: an incident that is seen and not explained, or something quiet of which too
        little is known to tell, and which wakes nobody."""
        is_incident = self.entry is not None and self.entry.is_incident
        return self.verdict == "inconclusive" and (is_incident or self.severity == Severity.LOW)

    @property
    def about(self) -> str:
        return self.entry.title if self.entry else ORDINARY


def entry_for(notification: Notification, truth: Truth) -> TruthEntry | None:
    """What the alert is about: of all that concerns its scope at its time, what began last. None: nothing hidden."""
    scope = scope_of(notification)
    concerned = [
        entry for entry in truth.entries if entry.concerns(scope.get("service"), scope.get("region"), notification.date)
    ]
    return max(concerned, key=lambda entry: entry.start, default=None)


def scope_of(notification: Notification) -> dict[str, str]:
    """The fields by which the rule groups, with the values of the alert's group."""
    fields = notification.rule.condition.term_fields
    return dict(zip(fields, notification.instance.split(","), strict=True)) if fields else {}


def judge(report: Mapping[str, Any], entry: TruthEntry | None) -> Judgement:
    """`report` is the document of `GET /v1/reports/{id}`."""
    cause = RootCause.model_validate(report["root_cause"]) if report["root_cause"] else None
    verdict = str(report["verdict"])
    return Judgement(
        entry, verdict, str(report["severity"]), _said(verdict, cause), tuple(_faults(verdict, cause, entry))
    )


def is_found(judgements: Iterable[Judgement]) -> bool:
    """Whether an incident was found: an alert led to it, and none led elsewhere."""
    of_it = list(judgements)
    return any(item.is_right for item in of_it) and are_not_wrong(of_it)


def are_not_wrong(judgements: Iterable[Judgement]) -> bool:
    return all(item.is_right or item.is_open for item in judgements)


def is_all_right(judgements: Iterable[Judgement], truth: Truth) -> bool:
    """Every hidden incident was found, and nothing quiet was taken for one."""
    given = list(judgements)
    incidents = [entry for entry in truth.entries if entry.is_incident]
    others = [item for item in given if item.entry not in incidents]
    return are_not_wrong(others) and all(is_found(item for item in given if item.entry == entry) for entry in incidents)


def _faults(verdict: str, cause: RootCause | None, entry: TruthEntry | None) -> Iterable[str]:
    expected = entry.verdicts if entry else ("not_confirmed",)
    if verdict not in expected:
        yield f"the verdict is {verdict}, not {' or '.join(expected)}"
    elif cause and verdict == "root_cause" and entry:
        yield from _wrong_cause(cause, entry)


def _wrong_cause(cause: RootCause, entry: TruthEntry) -> Iterable[str]:
    if cause.kind not in entry.kinds:
        yield f"the kind is {cause.kind}, not {' or '.join(entry.kinds)}"
    if entry.service and cause.service != entry.service:
        yield f"the service is {cause.service}, not {entry.service}"
    # A report may leave the region open; it may not name another.
    if cause.region not in {None, entry.region}:
        yield f"the region is {cause.region}, not {entry.region}"
    if cause.deployment_id != entry.deployment_id:
        yield f"the deployment is {cause.deployment_id}, not {entry.deployment_id}"


def _said(verdict: str, cause: RootCause | None) -> str:
    if not cause or verdict != "root_cause":
        return verdict.replace("_", " ")
    parts = [str(cause.kind), cause.service, cause.region, cause.deployment_id]
    return " · ".join(part for part in parts if part)
