"""A user's own incident as a labelled case: what is written about it, and how a folder of cases takes it. No engine.

The form is that of `evaluation/cases.py`. A case that is labelled again replaces what was there under its id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from worker.domain.alert import Alert
from worker.domain.incident import Feedback
from worker.domain.report import CauseKind, RootCause
from worker.domain.telemetry import Change, Role, Scope
from worker.domain.window import Window, iso
from worker.errors import ConfigurationError
from worker.feedback import confirmed_cause
from worker.telemetry.profiles import Metrics, Signal

Document = dict[str, Any]

# A word that the profile of labelled cases takes for the role, for metrics whose own name does not tell it.
HINTS: Mapping[Role, str] = {
    "latency": "latency",
    "errors": "errors",
    "availability": "availability",
    "saturation": "utilization",
    "memory": "memory",
    "traffic": "requests",
    "carbon": "co2",
    "waiting": "client_latency",
    "other": "cancelled",
}
CHANGED = (
    "Metrics are one document a service, region and step, in the profile's units; of the days before, only those of "
    "the alerted service. Calls are summed by step; where only their total time is known, the median is the mean."
)


@dataclass(frozen=True)
class Verdict:
    """What people found. `service` None: nothing was wrong. `version`: of the deployment that was guilty, if known.

    `no_deployment`: it is known that none was.
    """

    service: str | None
    fault: str | None = None
    version: str | None = None
    no_deployment: bool = False

    def truth(self, injected_at: str) -> Document:
        found: Document = {"service": self.service, "fault": self.fault, "injected_at": injected_at}
        if self.service and self.version:
            found["deployment"] = {"service": self.service, "version": self.version}
        elif self.no_deployment:
            found["deployment"] = None
        return found


def verdict_of(feedback: Sequence[Feedback]) -> Verdict:
    """What people found by what they said of the reports' root causes. Raises ConfigurationError where nobody did.

    The kind of the root cause is the fault's name; another than a deployment means that none was guilty.
    """
    cause = confirmed_cause(feedback)
    if cause is None:
        raise ConfigurationError(_unsaid(feedback))
    is_deployment = cause.kind is CauseKind.DEPLOYMENT
    version = cause.version or cause.deployment_id if is_deployment else None
    return Verdict(cause.service, cause.kind.value, version, no_deployment=not is_deployment)


def _unsaid(feedback: Sequence[Feedback]) -> str:
    if not feedback:
        return "nobody has said in Slack whether the root cause is right: name it with --service"
    said = "; ".join(f"{one.by} said that {_named(one.root_cause)} is {_judged(one)}" for one in feedback)
    return f"nothing that people said in Slack names the cause: {said}. Name it with --service"


def _judged(one: Feedback) -> str:
    return "right" if one.right else "wrong"


def _named(cause: RootCause | None) -> str:
    return f"{cause.kind} in {cause.service}" if cause and cause.service else "the root cause"


@dataclass(frozen=True)
class Incident:
    """The alert as a case tells it. `metric` is what the rule watches, by the name under which it is exported."""

    alert_id: str
    service: str
    metric: str
    window: Window
    profile: str
    report_id: str | None = None

    def case_id(self, dataset: str) -> str:
        return f"{dataset}-incident-{self.window.end:%Y%m%dT%H%M}-{flat(self.alert_id[:12])}"

    def entry(self, dataset: str, *, has_topology: bool) -> Document:
        case_id = self.case_id(dataset)
        alert = {"service": self.service, "metric": self.metric}
        times = {"started_at": iso(self.window.start), "fired_at": iso(self.window.end)}
        return {
            "id": case_id,
            "alert": {**alert, **times},
            "topology": f"telemetry/{case_id}/topology.json" if has_topology else None,
            "telemetry": [{"folder": f"telemetry/{case_id}", "shift_seconds": 0}],
            "labelled": {"alert_id": self.alert_id, "report_id": self.report_id, "profile": self.profile},
        }


def alerted_service(alert: Alert, asked: Scope, reported: str | None, given: str | None) -> str:
    """Raises ConfigurationError where neither the alert nor its report names a service."""
    found = given or asked.service or reported
    if not found:
        raise ConfigurationError(
            f"the alert of rule {alert.rule.name or alert.rule.id!r} names no service that the telemetry knows: "
            "say with --alerted which one it was about"
        )
    return found


def exported_names(metrics: Metrics, labelled: Metrics) -> dict[str, str]:
    """Signal → the name under which it is exported: its field's own, where that tells its role.

    Where it does not, or two signals are of one field, a word for the role is added.
    """
    names: dict[str, str] = {}
    for signal in metrics.signals:
        names[signal.name] = next(
            name for name in _candidates(signal) if name not in names.values() and _tells(name, signal, labelled)
        )
    return names


def _candidates(signal: Signal) -> Iterable[str]:
    """The last one always fits, since a number is never taken."""
    own = flat(signal.field)
    hint = HINTS[signal.role] if signal.role else "value"
    yield own
    yield f"{own}_{hint}"
    yield f"{hint}_{flat(signal.name)}"
    yield from (f"{hint}_{number}" for number in range(1, 100_000))


def _tells(name: str, signal: Signal, labelled: Metrics) -> bool:
    if signal.role is None:
        return True
    found = labelled.discovery_of(name)
    return found is not None and found.role == signal.role


def flat(name: str) -> str:
    """`transaction.duration.summary` → `transaction_duration_summary`; `@` and the like are dropped."""
    return "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name).strip("_")


def change_document(change: Change) -> tuple[str, Document]:
    """(kind of telemetry, document)."""
    if change.kind == "deployment":
        found = {"service": change.service, "version": change.version or change.deployment_id}
        return "deployments", {"@timestamp": iso(change.at), **_known({**found, "region": change.region})}
    found = {"service": change.service, "flag": change.deployment_id, "change": change.version}
    return "flags", {"@timestamp": iso(change.at), **_known(found)}


def _known(fields: Document) -> Document:
    return {name: value for name, value in fields.items() if value is not None}


class CaseFolder:
    """A folder of labelled cases that this incident is added to."""

    def __init__(self, folder: Path, step_seconds: int) -> None:
        """Raises ConfigurationError where the folder holds cases of another step, or files that cannot be read."""
        self.folder = folder
        known = _read(folder / "dataset.json", {})
        self.name = str(known.get("name") or folder.resolve().name)
        step = known.get("step_seconds", step_seconds)
        if step != step_seconds:
            raise ConfigurationError(
                f"{folder} holds cases sampled every {step} s, and the profile samples every {step_seconds} s: "
                "use another folder"
            )
        self._dataset = known or self._new_dataset(step_seconds)

    def _new_dataset(self, step_seconds: int) -> Document:
        return {
            "name": self.name,
            "source": "incidents of our own, labelled with `spiketrace label`",
            "licence": "not for publication without a look: log messages are as they were",
            "step_seconds": step_seconds,
            "changed": CHANGED,
        }

    @contextmanager
    def begun(self, case_id: str) -> Iterator[Path]:
        """An empty folder for the case's telemetry; it takes its place with `add`, or goes."""
        partial = self._partial(case_id)
        rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
        finally:
            rmtree(partial, ignore_errors=True)

    def _partial(self, case_id: str) -> Path:
        return self.folder / "telemetry" / f".{case_id}.partial"

    def add(self, entry: Document, truth: Document, topology: Sequence[Sequence[str]]) -> bool:
        """True where a case of that id was replaced. Telemetry first: a case is listed only when all of it is there."""
        case_id, partial = entry["id"], self._partial(entry["id"])
        if topology:
            (partial / "topology.json").write_text(json.dumps(topology), encoding="utf-8")
        _swap(partial, self.folder / "telemetry" / case_id)
        cases = _read(self.folder / "cases.json", [])
        others = [one for one in cases if one.get("id") != case_id]
        truths = {**_read(self.folder / "truth.json", {}), case_id: truth}
        _write(self.folder / "dataset.json", self._dataset)
        _write(self.folder / "truth.json", truths)
        _write(self.folder / "cases.json", sorted([*others, entry], key=lambda one: str(one.get("id"))))
        return len(others) < len(cases)


def _swap(new: Path, place: Path) -> None:
    old = place.with_name(f".{place.name}.old")
    rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    new.rename(place)
    rmtree(old, ignore_errors=True)


def _read(path: Path, otherwise: Any) -> Any:
    if not path.exists():
        return otherwise
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(found, type(otherwise)):
        raise ConfigurationError(f"{path} is not of the form of a folder of cases")
    return found


def _write(path: Path, content: Any) -> None:
    """In one step: a reader finds the old file or the new one."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
