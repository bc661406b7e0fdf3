"""What is known to be true of alerts: read from a file, and held against a report."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from worker.domain.report import Verdict
from worker.errors import ConfigurationError
from worker.replay.model import Label

COLUMNS = frozenset({"alert_id", "verdict", "service", "deployment"})


def read_labels(path: Path) -> dict[str, Label]:
    """By alert id. CSV with a header, or JSON: `{alert_id: {…}}`, or a list of objects with their `alert_id`.

    Raises ConfigurationError, which says what is wrong.
    """
    try:
        # Spreadsheets begin their CSV with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
        rows = _csv_rows(text) if path.suffix.lower() == ".csv" else _json_rows(json.loads(text))
        return _by_alert(rows)
    except OSError as error:
        raise ConfigurationError(f"the labels {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} holds no labels: {error}") from error


def _by_alert(rows: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Label]:
    labels: dict[str, Label] = {}
    for alert_id, row in rows:
        label = _label(alert_id, row)
        if labels.setdefault(alert_id, label) != label:
            raise ValueError(f"{alert_id} has two that say different things")
    if not labels:
        raise ValueError("it is empty")
    return labels


def _label(alert_id: str, row: Mapping[str, Any]) -> Label:
    try:
        return Label.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        where = ": ".join([alert_id, *map(str, first["loc"])])
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error


def _csv_rows(text: str) -> Iterable[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text))
    columns = set(reader.fieldnames or ())
    if "alert_id" not in columns or not columns <= COLUMNS:
        raise ValueError(f"its columns are to be alert_id and some of {', '.join(sorted(COLUMNS - {'alert_id'}))}")
    rows = list(reader)
    if any(None in row for row in rows):
        raise ValueError("a row has more values than there are columns")
    return [_named({name: value for name, value in row.items() if value}) for row in rows]


def _json_rows(document: Any) -> Iterable[tuple[str, dict[str, Any]]]:
    if isinstance(document, dict) and all(isinstance(row, dict) for row in document.values()):
        return list(document.items())
    if isinstance(document, list) and all(isinstance(row, dict) for row in document):
        return [_named(row) for row in document]
    raise ValueError("it is to be an object by alert id, or a list of objects with their alert_id")


def _named(row: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if not isinstance(row.get("alert_id"), str):
        raise ValueError("a row has no alert_id")  # noqa: TRY004 - of a file's content
    return row["alert_id"], {name: value for name, value in row.items() if name != "alert_id"}


def is_right(report: Mapping[str, Any], label: Label) -> bool:
    """Whether a report (as stored) says what the label knows: its verdict, and the cause's service and deployment.

    A deployment may be named by its id or its version. A cause that is asked for has to be named as the root cause.
    """
    verdict, cause = report["verdict"], report.get("root_cause") or {}
    if label.verdict and verdict != label.verdict:
        return False
    if (label.service or label.deployment) and verdict != Verdict.ROOT_CAUSE:
        return False
    if label.service and cause.get("service") != label.service:
        return False
    return not label.deployment or label.deployment in (cause.get("deployment_id"), cause.get("version"))
