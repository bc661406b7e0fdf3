"""Labelled incidents on disk: `dataset.json`, `cases.json`, perhaps `truth.json`, and their telemetry.

    <folder>/dataset.json   {name, step_seconds, …}
    <folder>/cases.json     [{id, alert {service, metric, started_at, fired_at}, topology,
                              telemetry [{folder, shift_seconds}]}]
    <folder>/truth.json     {id: {service, fault, deployment?}}; service null: nothing was wrong

A case is the union of its telemetry folders, each document's time moved by that folder's `shift_seconds`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from worker.domain.telemetry import Edge
from worker.domain.window import iso
from worker.errors import ConfigurationError

KINDS = ("metrics", "logs", "edges", "deployments", "flags")
Document = dict[str, Any]
# With more alerted services than these they are parts of one system.
MOST_SYSTEMS = 4


class _Part(BaseModel):
    """Fields beyond these are the dataset's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class CaseAlert(_Part):
    service: str
    metric: str
    started_at: AwareDatetime
    fired_at: AwareDatetime

    @model_validator(mode="after")
    def _runs_forward(self) -> CaseAlert:
        if self.fired_at <= self.started_at:
            raise ValueError("fired_at must be later than started_at")
        return self


class TelemetryFolder(_Part):
    folder: str
    shift_seconds: float = 0.0


class Dataset(_Part):
    name: str
    step_seconds: int = Field(gt=0)


class DeploymentTruth(_Part):
    service: str
    version: str


class Truth(_Part):
    """`service` None: nothing was wrong. `names_deployment`: the truth says which one is guilty, or that none is."""

    service: str | None
    fault: str | None = None
    deployment: DeploymentTruth | None = None

    @property
    def names_deployment(self) -> bool:
        return "deployment" in self.model_fields_set


class _Case(_Part):
    id: str
    alert: CaseAlert
    topology: str | None = None
    telemetry: list[TelemetryFolder] = Field(min_length=1)


@dataclass(frozen=True)
class Case:
    """One labelled incident. `truth` None: it is not known, and the case is predicted and not scored.

    `system`: what was measured; the dataset, and the alerted service where the dataset has a few of them.
    """

    id: str
    dataset: Dataset
    alert: CaseAlert
    folder: Path
    telemetry: tuple[TelemetryFolder, ...]
    topology: tuple[Edge, ...]
    truth: Truth | None
    system: str

    def documents(self, kind: str) -> Iterator[Document]:
        """Documents of `metrics`, `logs`, `edges`, `deployments` or `flags`, moved to the case's time."""
        for part in self.telemetry:
            path = self.folder / part.folder / f"{kind}.ndjson.gz"
            if path.exists():
                yield from _moved(path, timedelta(seconds=part.shift_seconds))


def _moved(path: Path, shift: timedelta) -> Iterator[Document]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                document = json.loads(line)
                moment = datetime.fromisoformat(document["@timestamp"])
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigurationError(f"{path}, line {number}: no document with an @timestamp ({error})") from None
            document["@timestamp"] = iso(moment + shift)
            yield document


def read_folder(folder: Path) -> list[Case]:
    """Raises ConfigurationError that names the file and what is wrong in it."""
    dataset = _read(folder / "dataset.json", TypeAdapter(Dataset))
    cases = _read(folder / "cases.json", TypeAdapter(list[_Case]))
    truths = _read(folder / "truth.json", TypeAdapter(dict[str, Truth])) if (folder / "truth.json").exists() else {}
    if not cases:
        raise ConfigurationError(f"{folder / 'cases.json'} holds no case")
    alerted = {one.alert.service for one in cases}
    return [_case(one, dataset, folder, truths, len(alerted)) for one in cases]


def _case(one: _Case, dataset: Dataset, folder: Path, truths: dict[str, Truth], alerted: int) -> Case:
    missing = [part.folder for part in one.telemetry if not (folder / part.folder).is_dir()]
    if missing:
        raise ConfigurationError(f"case {one.id} in {folder}: its telemetry is not there: {', '.join(missing)}")
    edges = _read(folder / one.topology, TypeAdapter(list[Edge])) if one.topology else []
    system = f"{dataset.name}/{one.alert.service}" if 1 < alerted <= MOST_SYSTEMS else dataset.name
    return Case(one.id, dataset, one.alert, folder, tuple(one.telemetry), tuple(edges), truths.get(one.id), system)


def _read(path: Path, adapter: TypeAdapter[Any]) -> Any:
    try:
        return adapter.validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigurationError(f"{path}: {place}: {first['msg']}") from None
