"""Reports given for comparison: exported by another version, or the reports of another replay."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from worker.domain.report import Report, Verdict
from worker.domain.severity import Severity
from worker.errors import ConfigurationError
from worker.replay.compare import MAY_LACK, NAMED_PARTS

SUFFIXES = (".json", ".ndjson", ".jsonl")
# Kept with each alert of a replay, so without what takes most room.
LEFT_OUT = MAY_LACK | {"markdown"}


def read_reports(path: Path) -> dict[str, dict[str, Any]]:
    """Reports by alert id, from a file (JSON, a list, or one a line) or all such files of a folder.

    Raises ConfigurationError, which says which file is wrong and why.
    """
    files = sorted(one for one in path.iterdir() if one.suffix in SUFFIXES) if path.is_dir() else [path]
    found = {report["alert_id"]: report for file in files for report in _reports_of(file)}
    if not found:
        raise ConfigurationError(f"{path} holds no reports: it is to be JSON or NDJSON, as --export writes it")
    return found


def _reports_of(file: Path) -> Iterator[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the reports {file} cannot be read: {error}") from error
    for number, document in enumerate(_documents(text, file), 1):
        if why := _why_no_report(document):
            raise ConfigurationError(f"{file}: number {number} is no report: {why}")
        yield {name: value for name, value in _normal(document).items() if name not in LEFT_OUT}


def _documents(text: str, file: Path) -> Iterable[Any]:
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise ConfigurationError(f"{file} is neither JSON nor one JSON document a line: {error}") from error


def _why_no_report(document: Any) -> str | None:
    """What a comparison could not do with it; another version's report may have other fields."""
    if not (
        isinstance(document, Mapping)
        and isinstance(document.get("alert_id"), str)
        and document.get("verdict") in list(Verdict)
        and document.get("severity") in list(Severity)
    ):
        return "it lacks alert_id, or a known verdict and severity"
    objects = [name for name in ("root_cause", "impact") if not isinstance(document.get(name) or {}, Mapping)]
    parts = [name for name in NAMED_PARTS if not _are_objects(document.get(name) or [])]
    return f"{', '.join([*objects, *parts])} cannot be read" if objects or parts else None


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)


def _normal(document: Mapping[str, Any]) -> dict[str, Any]:
    """In the form that this version writes, where it can be read as a report; else as it stands."""
    try:
        return Report.model_validate(document).model_dump(mode="json", by_alias=True)
    except ValidationError:
        return dict(document)
