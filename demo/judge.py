"""Whether an investigation said what is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.truth import Truth, TruthEntry
from kibana.simulate import Notification
from worker.domain.report import RootCause

ORDINARY = "ordinary noise"


@dataclass(frozen=True)
class Judgement:
    """`faults` says, one by one, in what the report differs from the truth; none: it is right."""

    entry: TruthEntry | None
    said: str
    faults: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return not self.faults

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
    fields = notification.rule.params.term_fields
    return dict(zip(fields, notification.instance.split(","), strict=True)) if fields else {}


def judge(report: Mapping[str, Any], entry: TruthEntry | None) -> Judgement:
    """`report` is the document of `GET /v1/reports/{id}`."""
    cause = RootCause.model_validate(report["root_cause"]) if report["root_cause"] else None
    return Judgement(entry, _said(report, cause), tuple(_faults(str(report["verdict"]), cause, entry)))


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
    if cause.region != entry.region:
        yield f"the region is {cause.region}, not {entry.region}"
    if cause.deployment_id != entry.deployment_id:
        yield f"the deployment is {cause.deployment_id}, not {entry.deployment_id}"


def _said(report: Mapping[str, Any], cause: RootCause | None) -> str:
    if not cause or report["verdict"] != "root_cause":
        return str(report["verdict"]).replace("_", " ")
    parts = [str(cause.kind), cause.service, cause.region, cause.deployment_id]
    return " · ".join(part for part in parts if part)
