"""What people said of root causes, as labels: `feedback` on an incident, one word a person and report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import AwareDatetime, BaseModel, ValidationError

from worker.domain.report import RootCause, Verdict
from worker.replay.model import Label

REPORT_PREFIX = "r-"


class Word(BaseModel):
    """One person's word on the root cause of one report."""

    at: AwareDatetime
    report_id: str
    right: bool
    root_cause: RootCause | None = None


def labels_from(incidents: Iterable[Mapping[str, Any]]) -> dict[str, Label]:
    """By alert id, the cause that the latest word on its report calls right; `incidents` as they are stored.

    That a cause is wrong says nothing of another one, so it makes no label: it only takes back an earlier thumbs-up.
    """
    words = sorted((word for incident in incidents for word in _words(incident)), key=lambda word: word.at)
    latest = {word.report_id: word for word in words}
    return {
        report_id.removeprefix(REPORT_PREFIX): Label(
            verdict=Verdict.ROOT_CAUSE,
            service=word.root_cause.service,
            deployment=word.root_cause.deployment_id,
        )
        for report_id, word in latest.items()
        if word.right and word.root_cause
    }


def _words(incident: Mapping[str, Any]) -> Iterable[Word]:
    said = incident.get("feedback")
    for one in said if isinstance(said, list) else []:
        try:
            yield Word.model_validate(one)
        except ValidationError:
            continue
